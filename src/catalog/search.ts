import type { CatalogQuery, CatalogStore } from '../domain/catalog.ts';
import type { CatalogEvent, CatalogPage, CatalogSearch, RegistryTrouble } from '../domain/catalog-views.ts';
import { ChandleryError } from '../domain/errors.ts';
import { decodeCursor, encodeCursor } from '../domain/page-cursor.ts';
import type { Patience } from './asking.ts';
import { byPace, headStart, inTurns, outdated, patience } from './asking.ts';
import type { CatalogLimits } from './limits.ts';
import type { Listings } from './listings.ts';
import type { Source } from './sources.ts';
import { Stragglers } from './stragglers.ts';

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
  // The slowest is asked first: to ask twenty takes a while too, and that comes on top of what the last one takes.
  const old = byPace(deps, await outdated(deps, asked)).reverse();
  const stragglers = new Stragglers(old.length, deps.limits);
  const arriving = inTurns(old, (source) => brought(deps, source, patience(deps, source), stragglers));
  const outcomes = await Promise.all(asked.map(async (source) => [source, await arriving.get(source)] as const));
  return await pageOf(deps, answerOf(outcomes), search, query);
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
  // The fastest is asked first: here somebody waits for the first result.
  const asked = byPace(deps, await outdated(deps, chosen));
  const all = { most: deps.limits.progressMs, left: deps.limits.progressMs };
  const first = headStart(deps, asked);
  const bring = (source: Source) => brought(deps, source, all).then((error) => ({ source, error }));
  const arriving = inTurns(asked, bring, first.over);
  // Of those that have nothing there is nothing to read, and while they arrive, what has been read would be old again and again.
  const held = { ...deps, sources: () => deps.sources().filter((source) => deps.listings.isHeld(source)) };
  yield { event: 'held', data: await pageOf(held, { behind: asked, errors: [] }, search, query) };
  const outcomes = new Map<Source, Outcome>();
  const gone = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }));
  while (arriving.size > 0 && !signal.aborted) {
    const next = await Promise.race([...arriving.values(), gone]);
    if (next === undefined) return;
    const { source, error } = next;
    arriving.delete(source);
    outcomes.set(source, error);
    const { templates, total } = await deps.store.search([source.key], { ...query, offset: 0, facets: false });
    first.end();
    const elapsedMs = Math.round(performance.now() - startedAt);
    const data = { registry: source.name, ok: error === undefined, elapsedMs, templates, total, ...(error && { error }) };
    yield { event: 'registry', data };
  }
  if (signal.aborted) return;
  yield { event: 'done', data: await pageOf(deps, answerOf(outcomes), search, query) };
}

/** Brings the listing of a registry up to date, as far as that is possible in the time given, or before the others have waited long enough. */
async function brought(
  { listings }: SearchDeps,
  source: Source,
  { most, left }: Patience,
  stragglers?: Stragglers,
): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  let isAnswer = false;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), left);
  });
  try {
    const outrun = stragglers?.longEnough.then(() => 'outrun' as const);
    const first = await Promise.race([listings.refresh(source), late, ...(outrun ? [outrun] : [])]);
    isAnswer = typeof first !== 'string';
    if (isAnswer) return undefined;
    const how = first === 'late' ? `longer than the ${most / 1_000} s that a search waits` : 'much longer than the others';
    return { registry: source.name, code: 'registry_unavailable', message: `takes ${how}; it goes on` };
  } catch (error) {
    if (!(error instanceof ChandleryError) || error.code === 'store_unavailable') throw error;
    return { registry: source.name, code: error.code, message: error.message };
  } finally {
    clearTimeout(timer);
    stragglers?.ended(isAnswer);
  }
}

interface Answer {
  /**
   * Those whose listing is not up to date. By what came of asking them, not by the clock: a listing that turns old while the page is
   * made was as good as asked for.
   */
  behind: readonly Source[];
  errors: RegistryTrouble[];
}

function answerOf(outcomes: Iterable<readonly [Source, Outcome]>): Answer {
  const failed = [...outcomes].flatMap(([source, error]) => (error ? [{ source, error }] : []));
  return { behind: failed.map(({ source }) => source), errors: failed.map(({ error }) => error) };
}

async function pageOf(
  { sources, store, listings, limits }: SearchDeps,
  { behind, errors }: Answer,
  search: CatalogSearch,
  query: CatalogQuery,
): Promise<CatalogPage> {
  const keys = sources().map(({ key }) => key);
  const { templates, total, facets } = await store.search(keys, query);
  const next = query.offset + templates.length;
  const stale = behind
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
