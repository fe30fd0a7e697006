import type { VersionEntry } from '../registry.ts';
import type { RegistryPolicy } from './registry-policy.ts';
import { findWaiver, type Waiver } from './waivers.ts';

/**
 * What a registry said before binds it (the attacks are named as in The Update Framework): a list that lost versions is an old one
 * (rollback), one whose date stands still hides what came since (freeze), and a version under another digest is a list put together from
 * two (mix-and-match), or bytes exchanged.
 */

/** A version as this server saw it in a registry. */
export interface SeenVersion {
  version: string;
  digest: string;
  yanked: boolean;
  /** Its archive was fetched and had this digest: from then on the digest is the version's. */
  fetched: boolean;
  /** RFC 3339 */
  firstSeenAt: string;
}

export interface SeenIndex {
  versions: readonly SeenVersion[];
  /** The newest date that the registry gave its index, RFC 3339. */
  generatedAt?: string;
}

/** What the registry says now. */
export interface IndexNow {
  versions: readonly VersionEntry[];
  /** False for a registry that lists only some versions, by what was asked. */
  complete: boolean;
  /** False for a registry that may show a working branch, where the bytes of a version move. */
  keepsBytes: boolean;
  generatedAt?: string;
}

export interface IndexProblem {
  /** `index/...`, as waivers name it */
  rule: 'index/lost-versions' | 'index/changed-digest' | 'index/older' | 'index/frozen';
  message: string;
}

/** Versions that one message names. */
const MAX_NAMED = 5;
const DAY_MS = 86_400_000;
/** ms by which clocks may differ */
const CLOCK_SKEW_MS = 300_000;

/** Everything that is wrong with what the registry says now of one template; `now` in ms since the epoch. */
export function judgeIndex(seen: SeenIndex, index: IndexNow, policy: RegistryPolicy, now: number): IndexProblem[] {
  if (!policy.protectIndex) return [];
  return [
    ...lostVersions(seen, index),
    ...changedDigests(seen, index),
    ...olderIndex(seen, index),
    ...frozen(index, policy, now),
  ];
}

/** Those that no waiver in force covers. */
export function withoutWaived(
  problems: readonly IndexProblem[],
  what: { registry: string; template: string },
  waivers: readonly Waiver[],
  now: number,
): IndexProblem[] {
  return problems.filter(({ rule }) => findWaiver(waivers, { rule, ...what }, now).waiver === undefined);
}

/** A version may be withdrawn, and is then still listed as yanked, or was when it was last seen. */
function lostVersions({ versions: seen }: SeenIndex, { versions, complete }: IndexNow): IndexProblem[] {
  if (!complete) return [];
  const listed = new Set(versions.map(({ version }) => version));
  const lost = seen.filter(({ version, yanked }) => !yanked && !listed.has(version)).map(({ version }) => version);
  if (lost.length === 0) return [];
  return [{ rule: 'index/lost-versions', message: `it lists ${named(lost)} no more, which it listed before and did not yank` }];
}

/** One that was only listed binds nobody: a registry may correct a digest under which nothing could be had. */
function changedDigests({ versions: seen }: SeenIndex, { versions, keepsBytes }: IndexNow): IndexProblem[] {
  if (!keepsBytes) return [];
  const before = new Map(seen.filter(({ fetched }) => fetched).map(({ version, digest }) => [version, digest]));
  const changed = versions
    .filter(({ version, digest }) => before.has(version) && before.get(version) !== digest)
    .map(({ version }) => version);
  if (changed.length === 0) return [];
  return [{ rule: 'index/changed-digest', message: `it lists other bytes than before under ${named(changed)}` }];
}

function olderIndex({ generatedAt: before }: SeenIndex, { generatedAt }: IndexNow): IndexProblem[] {
  if (before === undefined || generatedAt === undefined || Date.parse(generatedAt) >= Date.parse(before)) return [];
  return [{ rule: 'index/older', message: `its index is of ${generatedAt}, and one of ${before} was seen already` }];
}

function frozen({ generatedAt }: IndexNow, { maximumIndexAgeMs: limit }: RegistryPolicy, now: number): IndexProblem[] {
  if (limit === 0 || generatedAt === undefined) return [];
  const age = now - Date.parse(generatedAt);
  const wanted = `${Math.round(limit / DAY_MS)} days at most are allowed`;
  // A date to come would keep an index fresh for ever.
  if (age < -CLOCK_SKEW_MS) return [{ rule: 'index/frozen', message: `its index is dated ${generatedAt}, which is to come` }];
  if (age <= limit) return [];
  return [{ rule: 'index/frozen', message: `its index is of ${generatedAt}, and ${wanted}` }];
}

function named(versions: readonly string[]): string {
  const more = versions.length - MAX_NAMED;
  return versions.slice(0, MAX_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** Whether there is anything in it to remember. */
export function isNews({ versions: seen, generatedAt: before }: SeenIndex, { versions, generatedAt }: IndexNow): boolean {
  if (generatedAt !== undefined && (before === undefined || Date.parse(generatedAt) > Date.parse(before))) return true;
  const known = new Map(seen.map((entry) => [entry.version, entry]));
  return versions.some(({ version, digest, yanked = false }) => {
    const before = known.get(version);
    return before?.yanked !== yanked || (!before.fetched && before.digest !== digest);
  });
}
