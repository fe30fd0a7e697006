/**
 * What a path looks like to a person. Two files of one archive that look the same are one file to whoever reviews it, and two to the
 * programs that run it: `deploy.yaml` beside the same word with a Cyrillic letter in it.
 */

const ASCII = /^[\x20-\x7e]*$/;
/** Shown as nothing: zero-width spaces and joiners, soft hyphens, variation selectors. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;

/** Letters and marks of other scripts by what they are taken for in lower case, after compatibility forms were made plain (NFKC). */
const TAKEN_FOR: Readonly<Record<string, string>> = {
  a: 'аαɑ',
  b: 'в',
  c: 'сϲ',
  d: 'ԁ',
  e: 'еε',
  g: 'ɡց',
  h: 'һн',
  i: 'іιıӏ',
  j: 'јϳ',
  k: 'кκ',
  m: 'м',
  n: 'ոη',
  o: 'оοօ',
  p: 'рρ',
  q: 'ԛ',
  s: 'ѕ',
  t: 'тτ',
  u: 'սυ',
  v: 'νѵ',
  w: 'ԝω',
  x: 'хχ',
  y: 'уγ',
  z: 'ᴢ',
  '-': '‐‑‒–—−',
  '/': '∕⁄',
};

const PLAIN: ReadonlyMap<string, string> = new Map(
  Object.entries(TAKEN_FOR).flatMap(([plain, others]) => [...others].map((other) => [other, plain] as const)),
);

/** The same text for all paths, given in lower case, that look alike. ASCII looks like itself only. */
export function looksLike(path: string): string {
  if (ASCII.test(path)) return path;
  const visible = path.normalize('NFKC').toLowerCase().replace(INVISIBLE, '');
  return Array.from(visible, (character) => PLAIN.get(character) ?? character).join('');
}
