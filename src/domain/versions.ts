/**
 * Versions and ranges, by node-semver in strict mode. Three rules of ours on top:
 * - a pre-release fits only a range that names a pre-release of the same major.minor.patch, unless who asks says that pre-releases
 *   count; without a range (`latest`) releases win, and pre-releases count only where there is no release;
 * - the order is total: build metadata breaks ties, because two archives that differ only there are still two archives;
 * - an exact version means that very version: `1.0.0` is not `1.0.0+b2` while `1.0.0` itself exists.
 */
import semver from 'semver';

/** Characters in one version; node-semver refuses longer ones. */
const MAX_VERSION_LENGTH = 256;
/** What somebody who asks may say beside the range. */
export interface RangeOptions {
  /** Pre-releases count like releases (node-semver's includePrerelease): for one request, never for a range that a template states. */
  prerelease?: boolean | undefined;
}

/** Characters in one range: room for a dozen alternatives, short enough that parsing hostile input stays cheap. */
export const MAX_RANGE_LENGTH = 256;

/** Whether the text is a semantic version exactly as the specification writes it: no `v`, no `=`, no spaces, no missing parts. */
export function isVersion(text: string): boolean {
  return readVersion(text) !== undefined;
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
  const readA = readVersion(a);
  const readB = readVersion(b);
  if (readA && readB) return compareRead(readA, readB);
  return Number(readA !== undefined) - Number(readB !== undefined) || compareText(a, b);
}

/** A version's text, read once. */
export interface ReadVersion {
  readonly text: string;
  readonly parsed: semver.SemVer;
}

/** Versions kept read: half of all templates have a 1.0.0. */
const MAX_VERSIONS_KEPT = 10_000;
const versionsKept = new Map<string, ReadVersion>();

/** Undefined for what is no version. */
export function readVersion(text: string): ReadVersion | undefined {
  if (text.length > MAX_VERSION_LENGTH) return undefined;
  const known = versionsKept.get(text);
  if (known !== undefined) return known;
  const parsed = semver.parse(text);
  if (parsed === null) return undefined;
  if (text !== (parsed.build.length === 0 ? parsed.version : `${parsed.version}+${parsed.build.join('.')}`)) return undefined;
  const read = { text, parsed };
  if (versionsKept.size >= MAX_VERSIONS_KEPT) versionsKept.clear();
  versionsKept.set(text, read);
  return read;
}

/** The order of compareVersions, of versions that were read before. */
export function compareRead(a: ReadVersion, b: ReadVersion): number {
  return a.parsed.compare(b.parsed) || a.parsed.compareBuild(b.parsed) || compareText(a.text, b.text);
}

/** Sorts in place, where that is not done yet: registries list newest first, and looking is much cheaper than sorting. */
export function sorted<Item>(items: Item[], compare: (a: Item, b: Item) => number): Item[] {
  const isSorted = items.every((item, at) => {
    const before = items[at - 1];
    return before === undefined || compare(before, item) <= 0;
  });
  return isSorted ? items : items.sort(compare);
}

/** The versions of one template, read and sorted once, however many ranges are asked about. */
export class VersionList<V extends ReadVersion = ReadVersion> {
  readonly #newestFirst: readonly V[];

  constructor(versions: Iterable<V>) {
    this.#newestFirst = sorted([...versions], (a, b) => compareRead(b, a));
  }

  /** The versions that fit, by the rules of selectVersions. */
  select(range?: string, { prerelease = false }: RangeOptions = {}): readonly V[] {
    if (range === undefined || range === 'latest') {
      const releases = prerelease ? [] : this.#newestFirst.filter(({ parsed }) => parsed.prerelease.length === 0);
      return releases.length > 0 ? releases : this.#newestFirst;
    }
    const wanted = readRange(range);
    const { exact } = wanted;
    if (exact !== undefined && (exact.includes('+') || this.#newestFirst.some(({ text }) => text === exact)))
      return this.#newestFirst.filter(({ text }) => text === exact);
    const parsed = prerelease ? wanted.withPrereleases : wanted.plain;
    return parsed === undefined ? [] : this.#newestFirst.filter((version) => parsed.test(version.parsed));
  }
}

/**
 * The versions that fit the range, newest first; what is not a version is left out. No range, or `latest`: the releases, or every
 * version where there is no release or pre-releases count. A range that cannot be read fits nothing.
 */
export function selectVersions(versions: readonly string[], range?: string, options: RangeOptions = {}): string[] {
  return new VersionList(versions.flatMap((text) => readVersion(text) ?? [])).select(range, options).map(({ text }) => text);
}

/** The newest version that fits the range by the rules of selectVersions, or undefined. */
export function newest(versions: readonly string[], range?: string): string | undefined {
  return selectVersions(versions, range)[0];
}

/** Whether one version fits the range, taken alone. */
export function fits(version: string, range?: string, options: RangeOptions = {}): boolean {
  return selectVersions([version], range, options).length === 1;
}

interface ReadRange {
  exact: string | undefined;
  plain: semver.Range | undefined;
  withPrereleases: semver.Range | undefined;
}

/** Ranges kept read: a catalog has few, and asks about each of them thousands of times. */
const MAX_RANGES_KEPT = 1_000;
const rangesKept = new Map<string, ReadRange>();

function readRange(range: string): ReadRange {
  const known = rangesKept.get(range);
  if (known !== undefined) return known;
  const usable = isRange(range);
  const read = {
    exact: exactVersion(range),
    plain: usable ? new semver.Range(range) : undefined,
    withPrereleases: usable ? new semver.Range(range, { includePrerelease: true }) : undefined,
  };
  if (rangesKept.size >= MAX_RANGES_KEPT) rangesKept.clear();
  rangesKept.set(range, read);
  return read;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
