import type pg from 'pg';
import type { CatalogSource, CatalogStore } from '../../domain/catalog.ts';
import type { TemplateSummary } from '../../domain/registry.ts';
import { createColumnCache } from './catalog-columns.ts';
import { CatalogReader } from './catalog-reader.ts';
import { replaceListing } from './catalog-replace.ts';
import type { ListingRow } from './catalog-rows.ts';
import { sourceLists, toState } from './catalog-rows.ts';
import { CatalogSearch } from './catalog-search.ts';
import { CONFIRM, FAIL, FORGET, lockFacets } from './catalog-statements.ts';
import { guarded } from './database.ts';

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
  const search = new CatalogSearch(new CatalogReader(pool, createColumnCache(pool)));
  return {
    states: () =>
      guarded(async () => {
        const { rows } = await pool.query<ListingRow>(STATES);
        return rows.map(toState);
      }),
    replace: (source, templates, state) => replaceListing(pool, source, templates, state),
    confirm: ({ registry, scope }) =>
      guarded(async () => {
        await pool.query(CONFIRM, [registry, scope]);
      }),
    fail: (source, error) => guarded(() => recordFailure(pool, source, error)),
    retain: (sources) => guarded(() => forgetOthers(pool, sources)),
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

async function recordFailure(
  pool: pg.Pool,
  { registry, scope }: CatalogSource,
  { code, message }: { code: string; message: string },
): Promise<void> {
  const values = [registry, scope, JSON.stringify({ code, message, at: new Date().toISOString() })];
  const { rowCount } = await pool.query(FAIL.update, values);
  if (rowCount === 0) await pool.query(FAIL.insert, values);
}

async function forgetOthers(pool: pg.Pool, sources: readonly CatalogSource[]): Promise<void> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    await lockFacets(client, 'exclusive');
    const { rows } = await client.query<{ id: number }>(FORGET.listings, sourceLists(sources));
    const gone = [rows.map((row) => row.id)];
    if (rows.length > 0) for (const statement of FORGET.contents) await client.query(statement, gone);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
