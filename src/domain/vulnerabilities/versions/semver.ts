import semver from 'semver';

/** npm and crates.io: semantic versions, also with a `v` before them. */
export function compareSemver(a: string, b: string): number | undefined {
  const [left, right] = [semver.parse(a.replace(/^v/, '')), semver.parse(b.replace(/^v/, ''))];
  // Build metadata says nothing about the order (semver 2.0.0, rule 10).
  return left && right ? left.compare(right) : undefined;
}

/** Versions of the Go toolchain itself leave parts out: `go1.22`, `1.22rc1`. */
const TOOLCHAIN = /^(?:go)?(\d+)\.(\d+)(?:\.(\d+))?(?:(alpha|beta|rc)(\d+))?$/;

/** Go modules (`v1.2.3`, pseudo-versions, `+incompatible`) and the toolchain, which OSV writes as semantic versions. */
export function compareGo(a: string, b: string): number | undefined {
  return compareSemver(goSemver(a), goSemver(b));
}

function goSemver(text: string): string {
  const [, major, minor, patch = '0', kind, number] = TOOLCHAIN.exec(text) ?? [];
  if (major === undefined) return text;
  return `${major}.${minor}.${patch}${kind === undefined ? '' : `-${kind}.${number}`}`;
}
