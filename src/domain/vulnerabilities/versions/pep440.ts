/** Versions of PyPI: PEP 440, with its normalisations (case, `v`, separators, `alpha`, `c`, `rev`, implicit post releases). */

const PATTERN =
  /^v?(?:(?<epoch>\d+)!)?(?<release>\d+(?:\.\d+)*)(?:[-_.]?(?<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<preN>\d*))?(?:-(?<implicit>\d+)|[-_.]?(?<post>post|rev|r)[-_.]?(?<postN>\d*))?(?<dev>[-_.]?dev[-_.]?(?<devN>\d*))?(?:\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/;
const PHASE: Readonly<Record<string, number>> = { a: 0, alpha: 0, b: 1, beta: 1, c: 2, rc: 2, pre: 2, preview: 2 };
/** Characters; a longer text is no version. */
const MAX_LENGTH = 256;

type Part = bigint | number;

interface Pep440 {
  epoch: bigint;
  release: bigint[];
  /** phase and number; a final release comes after all phases, a bare dev release before them */
  pre: [number, bigint];
  post: Part;
  dev: Part;
  local: Array<bigint | string> | undefined;
}

/** Undefined when one of them is no version of PEP 440. */
export function comparePep440(a: string, b: string): number | undefined {
  const [left, right] = [parse(a), parse(b)];
  if (!left || !right) return undefined;
  return (
    order(left.epoch, right.epoch) ||
    compareReleases(left.release, right.release) ||
    order(left.pre[0], right.pre[0]) ||
    order(left.pre[1], right.pre[1]) ||
    order(left.post, right.post) ||
    order(left.dev, right.dev) ||
    compareLocals(left.local, right.local)
  );
}

function parse(text: string): Pep440 | undefined {
  const found = text.length > MAX_LENGTH ? undefined : PATTERN.exec(text.trim().toLowerCase())?.groups;
  if (!found) return undefined;
  const { epoch = '0', release = '', pre, preN, implicit, post, postN, dev, devN, local } = found;
  const hasPost = post !== undefined || implicit !== undefined;
  return {
    epoch: BigInt(epoch),
    release: release.split('.').map(BigInt),
    pre: [preRank(pre, hasPost, dev !== undefined), BigInt(preN || 0)],
    post: hasPost ? BigInt(implicit ?? (postN || 0)) : -1,
    dev: dev === undefined ? Number.POSITIVE_INFINITY : BigInt(devN || 0),
    local: local?.split(/[-_.]/).map((part) => (/^\d+$/.test(part) ? BigInt(part) : part)),
  };
}

/** `1.0.dev1` comes before `1.0a1`, `1.0` and `1.0.post1.dev1` after every pre-release. */
function preRank(pre: string | undefined, hasPost: boolean, hasDev: boolean): number {
  if (pre !== undefined) return PHASE[pre] ?? 0;
  return hasDev && !hasPost ? -1 : 3;
}

function compareReleases(a: bigint[], b: bigint[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    // Missing parts are zeros: 1.0 is 1.0.0.
    const result = order(a[at] ?? 0n, b[at] ?? 0n);
    if (result !== 0) return result;
  }
  return 0;
}

/** None comes first; numbers come after words; the longer of two that agree comes last. */
function compareLocals(a: Pep440['local'], b: Pep440['local']): number {
  if (!a || !b) return order(a ? 1 : 0, b ? 1 : 0);
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [left, right] = [a[at], b[at]];
    if (left === undefined || right === undefined) return left === undefined ? -1 : 1;
    if (typeof left !== typeof right) return typeof left === 'bigint' ? 1 : -1;
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

function order(a: Part, b: Part): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
