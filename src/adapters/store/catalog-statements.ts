import type pg from 'pg';
import { STAGED } from './catalog-rows.ts';

/** The statements that change the catalog. $1 is the listing unless said otherwise. */

/** Of one run that died: nothing else leaves staged entries behind. */
const STALE_STAGING = "interval '1 day'";

/** Entries of facets are made and swept in transactions that must not overlap: a sweep cannot see an entry that is not committed. */
const FACETS_LOCK = 0x63617461;

export async function lockFacets(client: pg.PoolClient): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [FACETS_LOCK]);
}

/** $1 registry, $2 scope. A number is used only for a new one, and only that one's generation is told: nothing is in it yet. */
export const FIND_LISTING = `
  with old as (select id from catalog_listings where registry = $1 and scope = $2),
    swept as (delete from catalog_staging where at < now() - ${STALE_STAGING}),
    new as (insert into catalog_listings (registry, scope) select $1, $2 where not exists (select 1 from old)
      on conflict (registry, scope) do update set scope = excluded.scope returning id, generation, xmax = 0 as is_new)
  select id, null as generation from old union all select id, case when is_new then generation end from new`;

export const KNOWN = `
  select l.generation, e.names, e.hashes from catalog_listings l,
    lateral (select string_agg(name, E'\\n') as names, string_agg(hash, '') as hashes
      from (select name, hash from catalog_entries where listing = $1 order by name) as entries) as e
  where l.id = $1`;

const COLUMNS = Object.keys(STAGED).join(', ');
const LISTS = Object.values(STAGED).map((type, at) => `$${at + 2}::${type}[]`);

/** $1 run, then a list for each column. */
export const STAGE = {
  name: 'catalog-stage',
  text: `insert into catalog_staging (run, ${COLUMNS}) select $1::uuid, * from unnest(${LISTS.join(', ')})`,
};

/** $1 run */
export const UNSTAGE = 'delete from catalog_staging where run = $1';

/**
 * In one exchange: a registry that lists little is waited for, and each exchange is a part of that. Nor is the disk waited for: what a power
 * cut takes away is the newest listings as a whole, and they are fetched again.
 */
export const BEGIN = `begin; set local synchronous_commit = off; select pg_advisory_xact_lock_shared(${FACETS_LOCK})`;

/** Locks the listing. `next`: the next entry written gets this number or a higher one. */
export const LOCK = `
  select generation, loose, (select coalesce(max(id), 0) + 1 from catalog_entries) as next from catalog_listings where id = $1 for update`;

/** $2 names */
export const REMOVE = `
  with gone as (delete from catalog_entries where listing = $1 and name = any($2::text[]) returning id)
  delete from catalog_summaries where id in (select id from gone)`;

const FROM_SLICE =
  'from catalog_staging s where s.run = $2::uuid and s.n >= $3::integer and s.n < $4::integer and $1::integer is not null';
/**
 * Looked up one by one, as subqueries: of tables that have just grown the planner would think that they are empty, and compare each
 * staged entry with every entry.
 */
const SLICE = `
  slice as materialized (select s.*, (select f.id from catalog_facets f where f.key = s.facets_key) as facets,
    (select e.id from catalog_entries e where e.listing = $1 and e.name = s.name) as entry ${FROM_SLICE})`;
const WORDS = "array_to_tsvector(string_to_array(s.words, E'\\n'))";

/** Takes out what has other words in a slice of a run, so that it is written under a new number (catalog-postings.ts says why). */
export const RENUMBER = `
  with ${SLICE},
    gone as (delete from catalog_entries e using slice s where e.id = s.entry and e.words <> ${WORDS} returning e.id)
  delete from catalog_summaries where id in (select id from gone)`;

/**
 * $1 run. Facets that are there already are left out, so that they use up no number. All of a run at once and in order: two runs that
 * made them slice by slice could each wait for what the other has made.
 */
export const ADD_FACETS = `
  insert into catalog_facets (key, category, license, type, registry_type, verified)
  select * from (select distinct on (facets_key) facets_key, category, license, type, registry_type, verified
    from catalog_staging where run = $1 order by facets_key) as s
  where not exists (select 1 from catalog_facets f where f.key = s.facets_key) order by s.facets_key
  on conflict (key) do nothing`;

/** What has the same words keeps its number. After RENUMBER and ADD_FACETS. */
export const UPDATE = `
  with ${SLICE}
  update catalog_entries e set facets = s.facets, copies = s.copies, downloads = s.downloads, rating = s.rating,
    updated_at = s.updated_at, hash = s.hash
  from slice s where e.id = s.entry`;

/** The rest of what is staged in a slice of a run ($2, from $3 to before $4), step by step. */
export const WRITES = [
  `with ${SLICE}
   insert into catalog_entries (listing, name, facets, copies, downloads, rating, updated_at, hash, words)
   select $1, s.name, s.facets, s.copies, s.downloads, s.rating, s.updated_at, s.hash, ${WORDS} from slice s where s.entry is null`,

  `with ${SLICE}
   insert into catalog_summaries (id, summary) select s.entry, s.summary from slice s
   on conflict (id) do update set summary = excluded.summary`,

  `insert into catalog_words (listing, word)
   select distinct $1::integer, word from (select string_to_array(s.vocabulary, E'\\n') as list ${FROM_SLICE}) as s, unnest(s.list) as word
   on conflict do nothing`,
];

/** Takes out the words that no entry of the listing has any more. */
export const SWEEP_WORDS = `
  delete from catalog_words where listing = $1 and word not in
    (select substr(lexeme, 2) from catalog_entries, unnest(tsvector_to_array(words)) as lexeme
     where listing = $1 and left(lexeme, 1) in ('n', 't'))`;

/** From 3,000 rows of each instead of 30,000: the planner only has to know that they are many, and a connection keeps the memory. */
export const ANALYZE =
  'set local default_statistics_target = 10; analyze catalog_entries, catalog_summaries, catalog_words, catalog_postings';

/**
 * $2 templates, $3 validator, $4 problems, $5 their number, $6 whether anything that is searched changed, $7 numbers that are nobody's, $8
 * run. Answers how many entries were staged, too.
 */
export const LISTED = `
  with unstaged as (delete from catalog_staging where run = $8 returning 1)
  update catalog_listings set templates = $2, validator = $3, problems = $4, problem_count = $5, error = null, loose = $7,
    generation = generation + $6::boolean::integer, listed_at = now(), checked_at = now()
  where id = $1 returning generation, listed_at, (select count(*)::integer from unstaged) as staged`;

/** $1 registry, $2 scope */
export const CONFIRM = `
  update catalog_listings set checked_at = now(), error = null where registry = $1 and scope = $2`;

/** $1 registry, $2 scope, $3 the error */
export const FAIL = {
  update: 'update catalog_listings set error = $3 where registry = $1 and scope = $2',
  insert:
    'insert into catalog_listings (registry, scope, error) values ($1, $2, $3) on conflict (registry, scope) do update set error = excluded.error',
};

/** $1 registries and $2 scopes that a server reads, side by side */
export const CLAIM = `
  update catalog_listings l set claimed_at = now() from unnest($1::text[], $2::text[]) as s (registry, scope)
  where s.registry = l.registry and s.scope = l.scope`;

const LONG_UNCLAIMED = 'claimed_at < now() - make_interval(secs => $1::double precision / 1000)';
/** Sets of facets that nothing has any more go with the next listing that does, or when there are this many of all kinds. */
const MANY_FACETS = 10_000;
/** Taken out by one statement: far below the statement timeout on a slow disk. */
const SWEPT_FACETS = 100_000;

/** $1 ms. Whether there is something to be forgotten. */
export const FORGETTABLE = `
  select 1 from catalog_listings where ${LONG_UNCLAIMED} union all
  (select 1 from catalog_facets offset ${MANY_FACETS} limit 1) limit 1`;

export const FORGET = {
  /** $1 ms */
  unclaimed: `delete from catalog_listings where ${LONG_UNCLAIMED} returning id`,
  /** $1 registries and $2 scopes, side by side */
  named: `
    delete from catalog_listings l using unnest($1::text[], $2::text[]) as s (registry, scope)
    where s.registry = l.registry and s.scope = l.scope returning id`,
  /** $1 listings */
  contents: [
    `with gone as (delete from catalog_entries where listing = any($1::integer[]) returning id)
     delete from catalog_summaries where id in (select id from gone)`,
    'delete from catalog_postings where listing = any($1::integer[])',
    'delete from catalog_words where listing = any($1::integer[])',
  ],
  facets: `
    delete from catalog_facets where id in (select f.id from catalog_facets f
      where not exists (select 1 from catalog_entries e where e.facets = f.id) limit ${SWEPT_FACETS})`,
};
