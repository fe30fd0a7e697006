/** Versions of Debian and its children: `[epoch:]upstream[-revision]`, compared as deb-version(7) says. */

const VERSION = /^(?:(\d+):)?([A-Za-z0-9.+~:-]+)$/;
/** Characters; a longer text is no version. */
const MAX_LENGTH = 512;

/** Undefined when one of them is no version of a Debian package. */
export function compareDebian(a: string, b: string): number | undefined {
  const [left, right] = [parse(a), parse(b)];
  if (!left || !right) return undefined;
  return (
    compareDigits(left.epoch, right.epoch) ||
    compareParts(left.upstream, right.upstream) ||
    compareParts(left.revision, right.revision)
  );
}

function parse(text: string): { epoch: string; upstream: string; revision: string } | undefined {
  const [, epoch = '0', rest] = (text.length <= MAX_LENGTH && VERSION.exec(text.trim())) || [];
  if (rest === undefined) return undefined;
  const dash = rest.lastIndexOf('-');
  const upstream = dash < 0 ? rest : rest.slice(0, dash);
  if (upstream === '') return undefined;
  // No revision is the same as revision 0.
  return { epoch, upstream, revision: dash < 0 ? '' : rest.slice(dash + 1) };
}

/** By turns a run of characters that are no digits, and a run of digits. */
function compareParts(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [wordA, wordB] = [runAt(a, i, /\D*/y), runAt(b, j, /\D*/y)];
    const words = compareWords(wordA, wordB);
    if (words !== 0) return words;
    i += wordA.length;
    j += wordB.length;
    const [digitsA, digitsB] = [runAt(a, i, /\d*/y), runAt(b, j, /\d*/y)];
    const digits = compareDigits(digitsA, digitsB);
    if (digits !== 0) return digits;
    i += digitsA.length;
    j += digitsB.length;
  }
  return 0;
}

function runAt(text: string, from: number, pattern: RegExp): string {
  pattern.lastIndex = from;
  return pattern.exec(text)?.[0] ?? '';
}

function compareWords(a: string, b: string): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const result = weight(a[at]) - weight(b[at]);
    if (result !== 0) return Math.sign(result);
  }
  return 0;
}

/** A tilde sorts before the end, the end before letters, letters before everything else. */
function weight(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === '~') return -1;
  const code = character.charCodeAt(0);
  return /[A-Za-z]/.test(character) ? code : code + 256;
}

/** As text, since they may have more digits than a number holds. */
function compareDigits(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (left.length !== right.length) return left.length < right.length ? -1 : 1;
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
