/** Versions of Maven, in the order of its own ComparableVersion (https://maven.apache.org/pom.html#version-order-specification). */

/** Characters; a longer text is no version. */
const MAX_LENGTH = 256;
const ALIASES: Readonly<Record<string, string>> = { ga: '', final: '', release: '', cr: 'rc' };
const SHORT: Readonly<Record<string, string>> = { a: 'alpha', b: 'beta', m: 'milestone' };
/** The empty qualifier is the release itself; words that are not here come after all of these. */
const QUALIFIERS = ['alpha', 'beta', 'milestone', 'rc', 'snapshot', '', 'sp'];

type Item = bigint | string | Item[];

/** Any text is a version to Maven; undefined only for one that is empty or far too long. */
export function compareMaven(a: string, b: string): number | undefined {
  if ([a, b].some((text) => text.trim() === '' || text.length > MAX_LENGTH)) return undefined;
  return compareItems(parse(a.trim()), parse(b.trim()));
}

/** A dash, and a change between digits and letters, begin a list inside the list. */
function parse(text: string): Item[] {
  const root: Item[] = [];
  const lists: Item[][] = [root];
  let list = root;
  const nest = () => {
    const inner: Item[] = [];
    list.push(inner);
    list = inner;
    lists.push(inner);
  };
  const tokens = text.toLowerCase().match(/\d+|[^\d.-]+|[.-]/g) ?? [];
  let previous: 'digits' | 'word' | 'mark' = 'mark';
  for (const [at, token] of tokens.entries()) {
    if (token === '.' || token === '-') {
      // Nothing between two marks is a zero.
      if (previous === 'mark') list.push(0n);
      if (token === '-') nest();
      previous = 'mark';
      continue;
    }
    const isDigits = /^\d/.test(token);
    if (previous !== 'mark') nest();
    const next = tokens[at + 1] ?? '';
    if (!isDigits && previous === 'mark' && list.length > 0) nest();
    list.push(isDigits ? BigInt(token) : qualifier(token, /^\d/.test(next)));
    previous = isDigits ? 'digits' : 'word';
  }
  for (const each of lists.toReversed()) trim(each);
  return root;
}

/** `a1`, `b1` and `m1` are short for alpha, beta and milestone; only with a number right behind them. */
function qualifier(word: string, isBeforeNumber: boolean): string {
  const long = isBeforeNumber && Object.hasOwn(SHORT, word) ? (SHORT[word] ?? word) : word;
  return Object.hasOwn(ALIASES, long) ? (ALIASES[long] ?? long) : long;
}

/** Zeros, empty words and empty lists at the end of a list say nothing: 1.0.0 is 1. */
function trim(list: Item[]): void {
  for (let at = list.length - 1; at >= 0; at -= 1) {
    const item = list[at];
    if (isNothing(item)) list.splice(at, 1);
    else if (!Array.isArray(item)) break;
  }
}

function isNothing(item: Item | undefined): boolean {
  return item === undefined || item === 0n || item === '' || (Array.isArray(item) && item.length === 0);
}

function compareItems(a: Item | undefined, b: Item | undefined): number {
  if (a === undefined) return b === undefined ? 0 : -compareItems(b, a);
  if (b === undefined) return compareToNothing(a);
  if (typeof a === 'bigint') return typeof b === 'bigint' ? order(a, b) : 1;
  if (typeof b === 'bigint') return -1;
  if (typeof a === 'string') return typeof b === 'string' ? compareWords(a, b) : -1;
  if (typeof b === 'string') return 1;
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const result = compareItems(a[at], b[at]);
    if (result !== 0) return result;
  }
  return 0;
}

function compareToNothing(item: Item): number {
  if (typeof item === 'bigint') return item === 0n ? 0 : 1;
  if (typeof item === 'string') return compareWords(item, '');
  for (const each of item) {
    const result = compareToNothing(each);
    if (result !== 0) return result;
  }
  return 0;
}

function compareWords(a: string, b: string): number {
  const rank = (word: string) => (QUALIFIERS.includes(word) ? QUALIFIERS.indexOf(word) : QUALIFIERS.length);
  const byRank = order(rank(a), rank(b));
  return byRank !== 0 || rank(a) < QUALIFIERS.length ? byRank : order(a, b);
}

function order<T extends bigint | number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
