import type pg from 'pg';
import type { CatalogSource } from '../../domain/catalog.ts';
import type { TemplateSummary } from '../../domain/registry.ts';
import type { ColumnCache, Columns, FacetSet } from './catalog-columns.ts';
import { integers } from './catalog-postings.ts';
import type { ListingFacts, Replaced } from './catalog-replace.ts';
import type { StagedEntry } from './catalog-rows.ts';
import { hashOf, STAGED, stagedEntry } from './catalog-rows.ts';

/**
 * The first listing of a registry that lists little, in one exchange. Somebody waits for it: with twenty registries at once the dozen
 * statements of catalog-replace.ts, each of them planned anew, are most of that wait.
 */

/** Templates of the largest listing that is written so: one statement, far below the statement timeout on a slow disk. */
export const MOST_AT_FIRST = 500;

/** What is staged elsewhere, without its place in a run. */
const COLUMNS = (Object.keys(STAGED) as Array<keyof StagedEntry>).filter((column) => column !== 'n');
/** Arguments before the columns. */
const STATE_ARGUMENTS = 5;
const LISTS = COLUMNS.map((column, at) => `$${at + STATE_ARGUMENTS + 1}::${STAGED[column]}[]`);
const FIRST = {
  name: 'catalog-first',
  text: `select * from catalog_first($1, $2, $3, $4, $5, ${LISTS.join(', ')})`,
};

/**
 * Answers no listing when the registry has templates already: what differs is then to be found first (catalog-replace.ts). The lock is the
 * one of catalog-statements.ts: sets of facets must not be swept while they are being made. The disk is not waited for, as there: what a
 * power cut takes away is a listing as a whole, and it is fetched again. `set_config` and no setting of the function's own, because that
 * would end before the commit. Numbers are drawn beforehand, so that every table is filled by one pass over what was given.
 */
export const FIRST_MIGRATION = `
  -- What a mistyped word may have been meant for is found without (catalog-typos.ts), and each word that was written took its part in it.
  -- The function stays, for servers of the build before that are still running.
  drop index catalog_words_near;
  create function catalog_first(
    a_registry text, a_scope text, a_validator text, a_problems json, a_problem_count integer,
    a_names text[], a_hashes bytea[], a_keys text[], a_categories text[], a_licenses text[], a_types text[], a_registry_types text[],
    a_verified boolean[], a_copies double precision[], a_downloads double precision[], a_ratings double precision[],
    a_updated double precision[], a_words text[], a_vocabulary text[], a_summaries json[],
    out o_listing integer, out o_generation bigint, out o_listed_at timestamptz, out o_ids bytea, out o_facets bytea
  ) language plpgsql as $$
  declare
    v_listing integer;
    v_count constant integer := cardinality(a_names);
    v_step constant integer := (v_count > 0)::integer;
  begin
    perform set_config('synchronous_commit', 'off', true);
    perform pg_advisory_xact_lock_shared(1667331169);
    select l.id into v_listing from catalog_listings l where l.registry = a_registry and l.scope = a_scope for update;
    if v_listing is null then
      insert into catalog_listings as l (registry, scope, validator, templates, listed_at, checked_at, problems, problem_count, generation)
      values (a_registry, a_scope, a_validator, v_count, now(), now(), a_problems, a_problem_count, v_step)
      on conflict (registry, scope) do nothing
      returning l.id, l.generation, l.listed_at into v_listing, o_generation, o_listed_at;
      if v_listing is null then return; end if;
    elsif exists (select 1 from catalog_entries e where e.listing = v_listing) then
      return;
    else
      update catalog_listings l set templates = v_count, validator = a_validator, problems = a_problems, problem_count = a_problem_count,
        error = null, generation = l.generation + v_step, listed_at = now(), checked_at = now()
      where l.id = v_listing returning l.generation, l.listed_at into o_generation, o_listed_at;
    end if;

    insert into catalog_facets (key, category, license, type, registry_type, verified)
    select distinct on (s.key) s.* from unnest(a_keys, a_categories, a_licenses, a_types, a_registry_types, a_verified)
      as s (key, category, license, type, registry_type, verified)
    where not exists (select 1 from catalog_facets f where f.key = s.key) order by s.key
    on conflict (key) do nothing;

    with given as materialized (
        select nextval('catalog_entries_id_seq')::integer as id, s.*, (select f.id from catalog_facets f where f.key = s.key) as facets
        from unnest(a_names, a_hashes, a_keys, a_copies, a_downloads, a_ratings, a_updated, a_words, a_vocabulary, a_summaries)
          with ordinality as s (name, hash, key, copies, downloads, rating, updated_at, words, vocabulary, summary, n)),
      entries as (
        insert into catalog_entries (id, listing, name, facets, copies, downloads, rating, updated_at, hash, words) overriding system value
        select g.id, v_listing, g.name, g.facets, g.copies, g.downloads, g.rating, g.updated_at, g.hash,
          array_to_tsvector(string_to_array(g.words, E'\\n'))
        from given g),
      summaries as (insert into catalog_summaries (id, summary) select g.id, g.summary from given g),
      vocabulary as (
        insert into catalog_words (listing, word)
        select distinct v_listing, word collate "C" from given g, unnest(string_to_array(g.vocabulary, E'\\n')) as word
        on conflict do nothing),
      postings as (
        insert into catalog_postings as p (listing, word, ids)
        select v_listing, word collate "C", string_agg(int4send(g.id), '' order by g.id)
        from given g, unnest(string_to_array(g.words, E'\\n')) as word group by 2
        on conflict (listing, word) do update set ids = p.ids || excluded.ids)
    select string_agg(int4send(g.id), '' order by g.n), string_agg(int4send(g.facets), '' order by g.n) into o_ids, o_facets from given g;
    o_listing := v_listing;
  end $$;
`;

interface FirstRow {
  o_listing: number | null;
  o_generation: string;
  o_listed_at: Date;
  o_ids: Buffer | null;
  o_facets: Buffer | null;
}

/** Writes the listing of a registry of which nothing is held, and makes it ready for searches. Undefined when something is held. */
export async function listFirst(
  pool: pg.Pool,
  cache: ColumnCache,
  { registry, scope }: CatalogSource,
  templates: readonly TemplateSummary[],
  { validator, problems, problemCount }: ListingFacts,
): Promise<Replaced | undefined> {
  const distinct = new Map<string, StagedEntry>();
  // The first of two entries of one name counts.
  for (const template of templates)
    if (!distinct.has(template.name)) distinct.set(template.name, stagedEntry(template, distinct.size, hashOf(template)));
  const entries = [...distinct.values()];
  const lists = COLUMNS.map((column) => entries.map((entry) => entry[column]));
  const values = [registry, scope, validator ?? null, JSON.stringify(problems), problemCount, ...lists];
  const { rows } = await pool.query<FirstRow>({ ...FIRST, values });
  const [row] = rows;
  if (!row || row.o_listing === null) return undefined;
  const generation = Number(row.o_generation);
  const [ids, facets] = [integers(row.o_ids), integers(row.o_facets)];
  cache.keep(row.o_listing, columnsOf(entries, ids, facets, generation), setsOf(entries, facets));
  const counts = { total: entries.length, written: entries.length, removed: 0 };
  return { ...counts, listedAt: row.o_listed_at.toISOString(), listing: row.o_listing, generation };
}

/** What a search would read of the listing, from what has just been written. */
function columnsOf(entries: readonly StagedEntry[], ids: Int32Array, facets: Int32Array, generation: number): Columns {
  const names = entries.map((entry) => String(entry.name));
  const order = names.map((_, at) => at).sort((a, b) => ((names[a] ?? '') < (names[b] ?? '') ? -1 : 1));
  const numbers = (column: keyof StagedEntry) =>
    Float64Array.from(order, (at) => {
      const value = entries[at]?.[column];
      return typeof value === 'number' ? value : Number.NaN;
    });
  return {
    generation,
    names: order.map((at) => names[at] ?? ''),
    ids: Int32Array.from(order, (at) => ids[at] ?? 0),
    facets: Int32Array.from(order, (at) => facets[at] ?? 0),
    copies: numbers('copies'),
    downloads: numbers('downloads'),
    rating: numbers('rating'),
    updated: numbers('updated_at'),
  };
}

function setsOf(entries: readonly StagedEntry[], facets: Int32Array): FacetSet[] {
  const sets = new Map<number, FacetSet>();
  for (const [at, entry] of entries.entries()) {
    const id = facets[at] ?? 0;
    if (sets.has(id)) continue;
    const { category, license, type, registry_type, verified } = entry;
    const named = { category: textOf(category), license: textOf(license) };
    sets.set(id, { id, ...named, type: String(type), registryType: String(registry_type), verified: verified === true });
  }
  return [...sets.values()];
}

function textOf(value: StagedEntry[keyof StagedEntry]): string | null {
  return typeof value === 'string' ? value : null;
}
