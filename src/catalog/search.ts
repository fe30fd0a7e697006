import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CatalogQuery, CatalogStore } from '../domain/catalog.ts';
import type { CatalogEvent, CatalogPage, CatalogSearch, RegistryTrouble } from '../domain/catalog-views.ts';
import { ChandleryError } from '../domain/errors.ts';
import { decodeCursor, encodeCursor } from '../domain/page-cursor.ts';
import type { CatalogLimits } from './limits.ts';
import type { Listings } from './listings.ts';
import type { Source } from './sources.ts';

const DEFAULT_LIMIT = 20;

export interface SearchDeps {
  /** All there are: the counts beside a page are made over them, whichever of them were asked. */
  sources: () => readonly Source[];
  store: CatalogStore;
  listings: Listings;
  limits: CatalogLimits;
}

/** Why a registry's part of an answer is missing or old; absent for one that is as it should be. */
type Outcome = RegistryTrouble | undefined;

/** One search over everything that is held, after the registries whose listing is old were asked and given a moment. */
export async function searchAll(deps: SearchDeps, asked: readonly Source[], search: CatalogSearch): Promise<CatalogPage> {
  const query = toQuery(search);
  await deps.listings.load();
  // The slowest is asked first: to ask twenty takes a while too, and that comes on top of what the last one takes.
  const slowestFirst = byPace(deps, asked).reverse();
  const arriving = new Map(slowestFirst.map((source) => [source, brought(deps, source, patience(deps, source))] as const));
  const outcomes = await Promise.all(asked.map((source) => arriving.get(source)));
  return await pageOf(deps, { asked, outcomes }, search, query);
}

/**
 * The same as it comes in: what is held at once, then each registry that had to be asked when it answers, then the merged page. Ends
 * early when the signal is aborted.
 */
export async function* searchLive(
  deps: SearchDeps,
  chosen: readonly Source[],
  search: CatalogSearch,
  signal: AbortSignal,
): AsyncGenerator<CatalogEvent, void, undefined> {
  const startedAt = performance.now();
  const query = toQuery(search);
  await deps.listings.load();
  // The fastest is asked first: here somebody waits for the first result.
  const asked = byPace(
    deps,
    chosen.filter((source) => !deps.listings.isFresh(source)),
  );
  const all = { most: deps.limits.progressMs, left: deps.limits.progressMs };
  let turn: Promise<unknown> = Promise.resolve();
  const arriving = new Map(
    asked.map((source) => {
      const answer = turn.then(() => brought(deps, source, all)).then((error) => ({ source, error }));
      // One a turn, so that what the first one answers does not have to wait until all have been asked.
      turn = turn.then(() => nextTurn());
      return [source, answer] as const;
    }),
  );
  // Whoever stops reading leaves promises behind that nobody waits for.
  for (const promise of arriving.values()) promise.catch(() => undefined);
  // Of those that have nothing there is nothing to read, and while they arrive, what has been read would be old again and again.
  const held = { ...deps, sources: () => deps.sources().filter((source) => deps.listings.isHeld(source)) };
  yield { event: 'held', data: await pageOf(held, { asked: chosen, outcomes: [] }, search, query) };
  const outcomes = new Map<Source, Outcome>();
  const gone = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  while (arriving.size > 0 && !signal.aborted) {
    const next = await Promise.race([...arriving.values(), gone]);
    if (next === undefined) return;
    const { source, error } = next;
    arriving.delete(source);
    outcomes.set(source, error);
    const { templates, total } = await deps.store.search([source.key], { ...query, offset: 0, facets: false });
    const elapsedMs = Math.round(performance.now() - startedAt);
    const data = { registry: source.name, ok: error === undefined, elapsedMs, templates, total, ...(error && { error }) };
    yield { event: 'registry', data };
  }
  if (signal.aborted) return;
  yield { event: 'done', data: await pageOf(deps, { asked: chosen, outcomes: [...outcomes.values()] }, search, query) };
}

/** The fastest first, as far as that is known. */
function byPace({ listings }: SearchDeps, sources: readonly Source[]): Source[] {
  return sources.toSorted((a, b) => listings.pace(a).lastMs - listings.pace(b).lastMs);
}

interface Patience {
  /** ms that a search gives a registry from when it was asked */
  most: number;
  /** ms left of that */
  left: number;
}

/**
 * How long a search waits for a registry; one that takes longer arrives in the background. One that was asked before is not given
 * the whole time again, and one that took longer the last time is not waited for: a slow registry holds up the first search, not each.
 */
function patience({ listings, limits }: SearchDeps, source: Source): Patience {
  const isUsable = listings.age(source) < limits.catalogMs;
  const most = isUsable ? limits.olderListingMs : limits.firstListingMs;
  const { runningMs, lastMs } = listings.pace(source);
  return { most, left: lastMs > most ? 0 : Math.max(0, most - runningMs) };
}

/** Brings the listing of a registry up to date, as far as that is possible in the time given. */
async function brought({ listings }: SearchDeps, source: Source, { most, left }: Patience): Promise<Outcome> {
  const isFresh = listings.isFresh(source);
  source.meter.cache(isFresh, 'search');
  if (isFresh) return undefined;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), left);
  });
  try {
    const first = await Promise.race([listings.refresh(source), late]);
    if (first !== 'late') return undefined;
    return {
      registry: source.name,
      code: 'registry_unavailable',
      message: `takes longer than the ${most / 1_000} s that a search waits; it goes on`,
    };
  } catch (error) {
    if (!(error instanceof ChandleryError) || error.code === 'store_unavailable') throw error;
    return { registry: source.name, code: error.code, message: error.message };
  } finally {
    clearTimeout(timer);
  }
}

async function pageOf(
  { sources, store, listings, limits }: SearchDeps,
  { asked, outcomes }: { asked: readonly Source[]; outcomes: readonly Outcome[] },
  search: CatalogSearch,
  query: CatalogQuery,
): Promise<CatalogPage> {
  const keys = sources().map(({ key }) => key);
  const { templates, total, facets } = await store.search(keys, query);
  const next = query.offset + templates.length;
  const errors = outcomes.filter((outcome) => outcome !== undefined);
  const stale = asked
    .filter((source) => !listings.isFresh(source) && listings.isHeld(source))
    .map((source) => ({ registry: source.name, ageSeconds: Math.round(listings.age(source) / 1_000) }));
  const wanted = total === 0 && keys.length > 0 && search.q?.trim() ? nameFrom(search.q) : undefined;
  return {
    templates,
    total,
    ...(next < total && templates.length > 0 && { nextCursor: encodeCursor(next, boundTo(search)) }),
    ...(facets && { facets }),
    partial: errors.length > 0,
    errors,
    stale,
    ...(wanted && { suggestions: await store.similar(keys, wanted, limits.suggestions) }),
  };
}

function toQuery(search: CatalogSearch): CatalogQuery {
  const { cursor, limit = DEFAULT_LIMIT, facets, ...filter } = search;
  const offset = cursor === undefined ? 0 : decodeCursor(cursor, boundTo(search));
  return { ...filter, limit, offset, facets: facets === true };
}

/** What a cursor belongs to: everything that decides which hits there are and in which order. */
function boundTo({ cursor: _cursor, limit: _limit, facets: _facets, ...filter }: CatalogSearch): unknown[] {
  return Object.entries(filter)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The words of a query as a name would write them. */
function nameFrom(text: string): string {
  return text.trim().toLowerCase().split(/\s+/).join('-').slice(0, 127);
}
