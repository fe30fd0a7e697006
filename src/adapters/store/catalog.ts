import type pg from 'pg';
import type { CatalogSource, CatalogStore } from '../../domain/catalog.ts';
import { createTurns } from '../../domain/in-turn.ts';
import type { TemplateSummary } from '../../domain/registry.ts';
import { beginningOf } from './catalog-beginning.ts';
import { createColumnCache } from './catalog-columns.ts';
import { listFirst, MOST_AT_FIRST } from './catalog-first.ts';
import { CatalogReader } from './catalog-reader.ts';
import { replaceListing } from './catalog-replace.ts';
import type { ListingRow } from './catalog-rows.ts';
import { sourceLists, toState } from './catalog-rows.ts';
import { CatalogSearch } from './catalog-search.ts';
import { inSnapshot } from './catalog-snapshot.ts';
import { CLAIM, CONFIRM, FAIL, FORGET, FORGETTABLE, lockFacets } from './catalog-statements.ts';
import { guarded } from './database.ts';
import { inTransaction } from './transaction.ts';

/**
 * Listings taken over at the same time. More would not be faster: the first to arrive would only be ready as late as the last, and
 * searches would find no connection free.
 */
const MOST_AT_ONCE = 2;

const STATES = `
  select registry, scope, validator, templates, listed_at, checked_at, error, problems, problem_count
  from catalog_listings order by registry, scope`;
const FIND = {
  name: 'catalog-find',
  text: `
    select c.summary from catalog_listings l join catalog_entries e on e.listing = l.id join catalog_summaries c on c.id = e.id
    where l.registry = $1 and l.scope = $2 and e.name = $3`,
};

/** The catalog in PostgreSQL: catalog-replace.ts writes a listing, catalog-search.ts reads all of them as one. */
export function createCatalogStore(pool: pg.Pool): CatalogStore {
  const cache = createColumnCache(pool);
  const inTurn = createTurns(MOST_AT_ONCE);
  const search = new CatalogSearch(new CatalogReader(pool, cache), (read) =>
    inSnapshot(pool, (db) => read(new CatalogReader(db, createColumnCache(db)))),
  );
  /** Listings that had templates when they were last seen. It saves a try that would be in vain, and nothing depends on it. */
  const held = new Set<string>();
  const replace = async (...[source, templates, state]: Parameters<CatalogStore['replace']>) => {
    if (held.has(keyOf(source))) return await replaceListing(pool, inTurn, source, templates, state);
    const beginning = await beginningOf(templates, MOST_AT_FIRST);
    const { whole = inOne(beginning.templates) } = beginning;
    const first = () => guarded(() => listFirst(pool, cache, source, beginning.templates, state()));
    const listed = beginning.whole ? undefined : await inTurn(first);
    return listed ?? (await replaceListing(pool, inTurn, source, whole, state));
  };
  return {
    states: () =>
      guarded(async () => {
        const { rows } = await pool.query<ListingRow>(STATES);
        held.clear();
        for (const row of rows) if (row.templates > 0) held.add(keyOf(row));
        return rows.map(toState);
      }),
    async replace(source, templates, state) {
      const { listing, generation, ...counts } = await replace(source, templates, state);
      if (counts.total > 0) held.add(keyOf(source));
      else held.delete(keyOf(source));
      // Whoever searches next needs them, and does not have to wait for all that changed at once.
      if (counts.written + counts.removed > 0) cache.columns(listing, generation).catch(() => undefined);
      return counts;
    },
    confirm: ({ registry, scope }) =>
      guarded(async () => {
        await pool.query(CONFIRM, [registry, scope]);
      }),
    fail: (source, error) => guarded(() => recordFailure(pool, source, error)),
    retain: (sources, unclaimedMs) =>
      guarded(async () => {
        await pool.query(CLAIM, sourceLists(sources));
        // Forgetting holds up every listing that is being written, so it is not begun for nothing.
        const { rowCount } = await pool.query(FORGETTABLE, [unclaimedMs]);
        if (rowCount !== 0)
          await forget(pool, async (client) => (await client.query<{ id: number }>(FORGET.unclaimed, [unclaimedMs])).rows);
      }),
    forget: (sources) =>
      guarded(async () => {
        await forget(pool, async (client) => (await client.query<{ id: number }>(FORGET.named, sourceLists(sources))).rows);
        for (const source of sources) held.delete(keyOf(source));
      }),
    search: (sources, query) => guarded(() => search.search(sources, query)),
    find: ({ registry, scope }, name) =>
      guarded(async () => {
        const { rows } = await pool.query<{ summary: TemplateSummary }>({ ...FIND, values: [registry, scope, name] });
        return rows[0]?.summary;
      }),
    similar: (sources, name, limit) => guarded(() => search.similar(sources, name, limit)),
    categories: (sources) => guarded(() => search.categories(sources)),
  };
}

async function* inOne(templates: TemplateSummary[]): AsyncGenerator<TemplateSummary[]> {
  yield templates;
}

function keyOf({ registry, scope }: CatalogSource): string {
  return `${registry} ${scope}`;
}

async function recordFailure(
  pool: pg.Pool,
  { registry, scope }: CatalogSource,
  { code, message }: { code: string; message: string },
): Promise<void> {
  const values = [registry, scope, JSON.stringify({ code, message, at: new Date().toISOString() })];
  const { rowCount } = await pool.query(FAIL.update, values);
  if (rowCount === 0) await pool.query(FAIL.insert, values);
}

/** Removes the listings that `choose` deletes, with everything in them, and sets of facets that nothing has any more. */
async function forget(pool: pg.Pool, choose: (client: pg.PoolClient) => Promise<Array<{ id: number }>>): Promise<void> {
  await inTransaction(pool, async (client) => {
    await lockFacets(client);
    const rows = await choose(client);
    const gone = [rows.map((row) => row.id)];
    if (rows.length > 0) for (const statement of FORGET.contents) await client.query(statement, gone);
    await client.query(FORGET.facets);
  });
}
