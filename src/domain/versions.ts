/**
 * Versions and ranges, by node-semver in strict mode. Three rules of ours on top:
 * - a pre-release fits only a range that names a pre-release of the same major.minor.patch; without a range (`latest`) releases
 *   win, and pre-releases count only where there is no release;
 * - the order is total: build metadata breaks ties, because two archives that differ only there are still two archives;
 * - an exact version means that very version: `1.0.0` is not `1.0.0+b2` while `1.0.0` itself exists.
 */
import semver from 'semver';

/** Characters in one version; node-semver refuses longer ones. */
const MAX_VERSION_LENGTH = 256;
/** Characters in one range: room for a dozen alternatives, short enough that parsing hostile input stays cheap. */
export const MAX_RANGE_LENGTH = 256;

/** Whether the text is a semantic version exactly as the specification writes it: no `v`, no `=`, no spaces, no missing parts. */
export function isVersion(text: string): boolean {
  if (text.length > MAX_VERSION_LENGTH) return false;
  const parsed = semver.parse(text);
  if (parsed === null) return false;
  return text === (parsed.build.length === 0 ? parsed.version : `${parsed.version}+${parsed.build.join('.')}`);
}

/** Whether the version (a valid one) is a pre-release. */
export function isPrerelease(version: string): boolean {
  return (semver.parse(version)?.prerelease.length ?? 0) > 0;
}

/** Whether the text is a semver range that can be used: `^7`, `>=1 <2`, `1.x || 3.x`, an exact version, `latest`. */
export function isRange(text: string): boolean {
  return text === 'latest' || (text.length <= MAX_RANGE_LENGTH && semver.validRange(text) !== null);
}

/** The version a range names exactly (`7.2.5`, `=7.2.5`), or undefined where it allows more than one. */
export function exactVersion(range: string | undefined): string | undefined {
  if (range === undefined) return undefined;
  const text = range.trim().replace(/^=?\s*v?/, '');
  return isVersion(text) ? text : undefined;
}

/**
 * Orders versions, oldest first: by precedence, then build metadata, then the text itself, so that two different texts are never
 * equal. What is not a version sorts before everything else and never throws.
 */
export function compareVersions(a: string, b: string): number {
  const validA = isVersion(a);
  const validB = isVersion(b);
  if (validA && validB) return semver.compareBuild(a, b) || compareText(a, b);
  return Number(validA) - Number(validB) || compareText(a, b);
}

/**
 * The versions that fit the range, newest first; what is not a version is left out. No range, or `latest`: the releases, or every
 * version where there is no release. A range that cannot be read fits nothing.
 */
export function selectVersions(versions: readonly string[], range?: string): string[] {
  const valid = versions.filter(isVersion).sort((a, b) => compareVersions(b, a));
  if (range === undefined || range === 'latest') {
    const releases = valid.filter((version) => !isPrerelease(version));
    return releases.length > 0 ? releases : valid;
  }
  const exact = exactVersion(range);
  if (exact !== undefined && (exact.includes('+') || valid.includes(exact))) return valid.filter((version) => version === exact);
  const parsed = parseRange(range);
  return parsed === undefined ? [] : valid.filter((version) => parsed.test(version));
}

/** The newest version that fits the range by the rules of selectVersions, or undefined. */
export function newest(versions: readonly string[], range?: string): string | undefined {
  return selectVersions(versions, range)[0];
}

/** Whether one version fits the range, taken alone. */
export function fits(version: string, range?: string): boolean {
  return selectVersions([version], range).length === 1;
}

function parseRange(range: string): semver.Range | undefined {
  return isRange(range) ? new semver.Range(range) : undefined;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
