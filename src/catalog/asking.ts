import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { CatalogLimits } from './limits.ts';
import type { Listings } from './listings.ts';
import type { Source } from './sources.ts';

/** Which registries a search asks, in which order, and how long it waits for each. */

export interface AskingDeps {
  listings: Listings;
  limits: CatalogLimits;
}

/** Those whose listing is old, as far as this server or another one knows. Who is fresh needs nothing and is only counted. */
export async function outdated({ listings }: AskingDeps, asked: readonly Source[]): Promise<Source[]> {
  await listings.load();
  const isOld = (source: Source) => !listings.isFresh(source);
  // Before any of them is asked: what all of them wait for would let all of them begin in one turn.
  if (asked.some(isOld)) await listings.look();
  for (const source of asked) source.meter.cache(!isOld(source), 'search');
  return asked.filter(isOld);
}

/**
 * Begins one a turn, so that what the first one answers does not have to wait until all have been asked. `second`: when the second may
 * begin.
 */
export function inTurns<Result>(
  sources: readonly Source[],
  bring: (source: Source) => Promise<Result>,
  second: Promise<unknown> = nextTurn(),
): Map<Source, Promise<Result>> {
  let turn: Promise<unknown> = Promise.resolve();
  const arriving = new Map<Source, Promise<Result>>();
  for (const [at, source] of sources.entries()) {
    const answer = turn.then(() => bring(source));
    // Whoever stops reading leaves promises behind that nobody waits for.
    answer.catch(() => undefined);
    arriving.set(source, answer);
    turn = at === 0 ? second : turn.then(() => nextTurn());
  }
  return arriving;
}

/** A registry known to answer in less time than it takes to ask the others is not held up by their being asked. */
export function headStart(
  { listings, limits }: AskingDeps,
  [first, second]: readonly Source[],
): { over: Promise<unknown>; end(): void } {
  const { lastMs, runningMs } = first ? listings.pace(first) : { lastMs: 0, runningMs: 0 };
  const isWorthIt = second !== undefined && lastMs > 0 && lastMs <= limits.headStartMs && runningMs === 0;
  if (!isWorthIt) return { over: nextTurn(), end: () => undefined };
  const answered = new AbortController();
  const over = sleep(limits.headStartMs, undefined, { signal: answered.signal }).catch(() => undefined);
  return { over, end: () => answered.abort() };
}

/** The fastest first, as far as that is known. */
export function byPace({ listings }: AskingDeps, sources: readonly Source[]): Source[] {
  return sources.toSorted((a, b) => listings.pace(a).lastMs - listings.pace(b).lastMs);
}

export interface Patience {
  /** ms that a search gives a registry from when it was asked */
  most: number;
  /** ms left of that */
  left: number;
}

/**
 * How long a search waits for a registry; one that takes longer arrives in the background. One that was asked before is not given
 * the whole time again, and one that took longer the last time is not waited for: a slow registry holds up the first search, not each.
 */
export function patience({ listings, limits }: AskingDeps, source: Source): Patience {
  const isUsable = listings.age(source) < limits.catalogMs;
  const most = isUsable ? limits.olderListingMs : limits.firstListingMs;
  const { runningMs, lastMs } = listings.pace(source);
  return { most, left: lastMs > most ? 0 : Math.max(0, most - runningMs) };
}
