import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import type { CatalogQuery } from '../../src/domain/catalog.ts';
import { SeededRandom } from '../../tools/chaos/random.ts';
import type { Figure } from '../figures.ts';
import { quantile, round } from '../figures.ts';
import { queriesOf } from './corpus.ts';
import type { CatalogStage } from './stage.ts';
import { refresh } from './stage.ts';

const GOALS = { p50: 5, p99: 20, atOnceMs: 3.33, memoryMb: 150, searchableMs: 100 };
const ROUNDS = 100;
const WARM_UP = 5;
const AT_ONCE = 50;
const BATCH = 3_000;
const CHANGES = 10;
const SETTLE_MS = 3_000;
const SEED = 7;
const MS_PER_SECOND = 1_000;

type Ask = (query: CatalogQuery) => Promise<unknown>;

/** Through HTTP, one client: each kind of query in turn, every one of them another; then fifty clients; then what memory it took. */
export async function measureHttpSearch(stage: CatalogStage): Promise<{ figures: Figure[]; notes: string[] }> {
  const pool = new Pool(stage.api.url, { connections: AT_ONCE });
  const ask = httpAsk(pool, stage.api.token);
  const kinds = queriesOf(stage.corpus, new SeededRandom(SEED));
  const { times, notes } = await measureKinds('HTTP', kinds, ask);
  const perSecond = await answersPerSecond(Object.values(kinds), ask);
  await pool.close();
  await sleep(SETTLE_MS);
  const added = stage.memoryNow() - stage.memoryBefore;
  const figures: Figure[] = [
    { name: 'catalog-search-p50', value: quantile(times, 0.5), unit: 'ms', goal: GOALS.p50 },
    { name: 'catalog-search-p99', value: quantile(times, 0.99), unit: 'ms', goal: GOALS.p99 },
    // Time an answer takes of the whole machine, so that less is better: 300 a second are 3.3 ms.
    { name: 'catalog-at-once', value: MS_PER_SECOND / perSecond, unit: 'ms', goal: GOALS.atOnceMs },
    { name: 'catalog-memory', value: added, unit: 'MB', goal: GOALS.memoryMb },
  ];
  return { figures, notes: [...notes, `catalog-at-once: ${round(perSecond)} answers/s, ${AT_ONCE} clients`] };
}

/** The same without HTTP, in this process. */
export async function describeStoreSearch({ store, sources, corpus }: CatalogStage): Promise<string[]> {
  const kinds = queriesOf(corpus, new SeededRandom(SEED));
  return (await measureKinds('store', kinds, (query) => store.catalog.search(sources, query))).notes;
}

/** From the end of a refresh that brought one changed template until a search has found it. */
export async function measureRefresh({ api, servers, corpus }: CatalogStage): Promise<Figure> {
  const times: number[] = [];
  const [listing = []] = corpus.listings;
  for (let change = 0; change < CHANGES; change += 1) {
    const word = `changed${change}word`;
    servers[0]?.serve(listing.map((entry, at) => (at === change ? { ...entry, description: word } : entry)));
    await refresh(api, 'registry-1');
    const startedAt = performance.now();
    for (;;) {
      const { body } = await api.get(`/api/v1/search?q=${word}`);
      if (body.total === 1) break;
    }
    times.push(performance.now() - startedAt);
  }
  return { name: 'catalog-refresh', value: quantile(times, 0.5), unit: 'ms', goal: GOALS.searchableMs };
}

async function measureKinds(where: string, kinds: Record<string, () => CatalogQuery>, ask: Ask) {
  const all: number[] = [];
  const notes: string[] = [];
  for (const [kind, query] of Object.entries(kinds)) {
    const times: number[] = [];
    for (let round = 0; round < WARM_UP; round += 1) await ask(query());
    for (let round = 0; round < ROUNDS; round += 1) times.push(await timed(() => ask(query())));
    all.push(...times);
    notes.push(`${where}, ${kind}: p50 ${round(quantile(times, 0.5))} ms, p99 ${round(quantile(times, 0.99))} ms`);
  }
  return { times: all, notes };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function answersPerSecond(kinds: ReadonlyArray<() => CatalogQuery>, ask: Ask): Promise<number> {
  let asked = 0;
  const lane = async () => {
    for (; asked < BATCH; ) {
      const query = kinds[asked % kinds.length];
      asked += 1;
      if (query) await ask(query());
    }
  };
  const tookMs = await timed(() => Promise.all(Array.from({ length: AT_ONCE }, lane)));
  return (BATCH * MS_PER_SECOND) / tookMs;
}

/** Deep pages are for cursors, which the API gives; here they are what a first page is, so they are asked in the store only. */
function httpAsk(pool: Pool, token: string): Ask {
  return async ({ q, category, type, registryType, verified, sort, limit }) => {
    const query = new URLSearchParams({ limit: String(limit), facets: 'true' });
    if (q !== undefined) query.set('q', q);
    if (sort !== undefined) query.set('sort', sort);
    if (verified !== undefined) query.set('verified', String(verified));
    for (const value of category ?? []) query.append('category', value);
    for (const value of type ?? []) query.append('type', value);
    for (const value of registryType ?? []) query.append('registryType', value);
    const { statusCode, body } = await pool.request({
      method: 'GET',
      path: `/api/v1/search?${query}`,
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`a search was answered with ${statusCode} ${text}`);
  };
}
