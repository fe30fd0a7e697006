import type { Severity } from '../validation.ts';
import type { Advisory, AdvisoryEvent, AdvisoryRange, PackageRef } from './advisory.ts';
import { packageKey } from './advisory.ts';
import type { Compare } from './versions/index.ts';
import { baseOf, orderOf } from './versions/index.ts';
import { compareSemver } from './versions/semver.ts';

/** Which advisories speak of a version, by the rules of the OSV schema ("Evaluation"). */

/** `unclear`: the version or a bound of the range cannot be compared, so nothing can be said. */
export type Verdict = 'affected' | 'not-affected' | 'unclear';

/** One vulnerability of one package, under all its names. */
export interface Vulnerability {
  package: PackageRef;
  /** the data base's own name first */
  ids: string[];
  severity: Severity;
  summary: string;
  rated: string;
  /** Versions in which it is said to be fixed, as the data base orders them. */
  fixed: string[];
  /** False: the version could not be compared. */
  certain: boolean;
}

const RANK: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];
/** Before everything else, in every ecosystem. */
const BEGINNING = '0';
/** What an equal bound means for the version itself: a fix holds from there, and what comes again there is there. */
const TIES = ['fixed', 'introduced', 'last_affected', 'limit'];

/** Whether a version is one of those an advisory speaks of. */
export function judgeVersion(advisory: Pick<Advisory, 'ecosystem' | 'ranges' | 'versions'>, version: string): Verdict {
  if (advisory.versions.includes(version)) return 'affected';
  const order = orderOf(advisory.ecosystem);
  // Written otherwise, it may be the same version: 1.0 is 1.0.0 for PyPI.
  if (order && advisory.versions.some((each) => order(each, version) === 0)) return 'affected';
  const verdicts = advisory.ranges.map((range) => judgeRange(range, version, order));
  if (verdicts.includes('affected')) return 'affected';
  // A list of all versions says what a range that cannot be evaluated means.
  return verdicts.includes('unclear') && advisory.versions.length === 0 ? 'unclear' : 'not-affected';
}

function judgeRange({ type, events }: AdvisoryRange, version: string, order: Compare | undefined): Verdict {
  // Commits have no order without their repository; only one that is named is known.
  if (type === 'GIT')
    return events.some((event) => 'introduced' in event && event.introduced === version) ? 'affected' : 'not-affected';
  const compare = type === 'SEMVER' ? (order ?? compareSemver) : order;
  if (!compare) return 'unclear';
  const sorted = sortEvents(events, compare);
  if (!sorted || compare(version, version) === undefined) return 'unclear';
  let isAffected = false;
  for (const event of sorted) {
    const result = compareTo(version, event, compare);
    if (result === undefined) return 'unclear';
    if ('introduced' in event && result >= 0) isAffected = true;
    if ('fixed' in event && result >= 0) isAffected = false;
    if ('last_affected' in event && result > 0) isAffected = false;
    if ('limit' in event && event.limit !== '*' && result >= 0) isAffected = false;
  }
  return isAffected ? 'affected' : 'not-affected';
}

const kindOf = (event: AdvisoryEvent) => Object.keys(event)[0] ?? '';
const boundOf = (event: AdvisoryEvent) => Object.values(event)[0] as string;

function compareTo(version: string, event: AdvisoryEvent, compare: Compare): number | undefined {
  const bound = boundOf(event);
  if ('introduced' in event && bound === BEGINNING) return 1;
  return 'limit' in event && bound === '*' ? -1 : compare(version, bound);
}

/** Undefined when bounds cannot be compared with each other. */
function sortEvents(events: readonly AdvisoryEvent[], compare: Compare): AdvisoryEvent[] | undefined {
  let isSortable = true;
  const sorted = events.toSorted((a, b) => {
    const [first, second] = [isBeginning(a), isBeginning(b)];
    if (first || second) return Number(second) - Number(first);
    const [last, other] = [boundOf(a) === '*', boundOf(b) === '*'];
    if (last || other) return Number(last) - Number(other);
    const result = compare(boundOf(a), boundOf(b));
    if (result === undefined) isSortable = false;
    return result || TIES.indexOf(kindOf(a)) - TIES.indexOf(kindOf(b));
  });
  return isSortable ? sorted : undefined;
}

function isBeginning(event: AdvisoryEvent): boolean {
  return 'introduced' in event && event.introduced === BEGINNING;
}

/** What is known of a package among the advisories of its name, each vulnerability once, whatever it is called. */
export function vulnerabilitiesOf(ref: PackageRef, advisories: readonly Advisory[]): Vulnerability[] {
  const key = packageKey(ref);
  const found = advisories.flatMap((advisory) => {
    const theirs = packageKey(advisory);
    if (theirs.ecosystem !== key.ecosystem || theirs.name !== key.name || !isSameRelease(ref, advisory)) return [];
    const verdict = judgeVersion(advisory, ref.version);
    return verdict === 'not-affected' ? [] : [{ advisory, certain: verdict === 'affected' }];
  });
  return groups(found).map((group) => toVulnerability(ref, group));
}

/** `Debian` without a release is looked up in all of them. */
function isSameRelease(ref: PackageRef, advisory: Advisory): boolean {
  return (
    ref.ecosystem === baseOf(ref.ecosystem) ||
    advisory.ecosystem === baseOf(advisory.ecosystem) ||
    ref.ecosystem === advisory.ecosystem
  );
}

interface Found {
  advisory: Advisory;
  certain: boolean;
}

/** Those that share a name, also by way of a third, are one. */
function groups(found: readonly Found[]): Found[][] {
  const byName = new Map<string, Found[]>();
  for (const each of found) {
    const names = [each.advisory.id, ...each.advisory.aliases];
    const joined = new Set(names.flatMap((name) => byName.get(name) ?? []));
    const merged = [...joined, each];
    for (const { advisory } of merged) for (const name of [advisory.id, ...advisory.aliases]) byName.set(name, merged);
  }
  return [...new Set(byName.values())];
}

function toVulnerability(ref: PackageRef, group: readonly Found[]): Vulnerability {
  const sure = group.filter(({ certain }) => certain);
  const counted = (sure.length > 0 ? sure : group).map(({ advisory }) => advisory);
  const [worst] = counted.toSorted((a, b) => RANK.indexOf(a.severity) - RANK.indexOf(b.severity) || (a.id < b.id ? -1 : 1));
  const own = counted.map(({ id }) => id).sort();
  const aliases = counted.flatMap((advisory) => advisory.aliases).sort();
  const fixed = counted.flatMap(({ ranges }) =>
    ranges.flatMap(({ type, events }) =>
      type === 'GIT' ? [] : events.flatMap((event) => ('fixed' in event ? [event.fixed] : [])),
    ),
  );
  return {
    package: ref,
    ids: [...new Set([worst?.id ?? '', ...own, ...aliases])],
    severity: worst?.severity ?? 'medium',
    summary: worst?.summary ?? '',
    rated: worst?.rated ?? '',
    fixed: [...new Set(fixed)],
    certain: sure.length > 0,
  };
}
