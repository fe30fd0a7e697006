import type { Kysely, Migration, MigrationProvider } from 'kysely';
import { Migrator, sql } from 'kysely';
import { ChandleryError } from '../../domain/errors.ts';
import { AUDIT_MIGRATION } from './audit.ts';
import { SWEEP_MIGRATION } from './blob-sweep.ts';
import { FIRST_MIGRATION } from './catalog-first.ts';
import { POSTINGS_MIGRATION } from './catalog-postings.ts';
import { HEALTH_MIGRATION } from './health-migration.ts';
import { IDENTITY_MIGRATION } from './identity-migration.ts';
import { FINDINGS_MIGRATION } from './install-findings.ts';
import { PUBLISH_MIGRATION } from './published-migration.ts';
import { SIGNATURES_MIGRATION } from './published-signatures.ts';
import { REGISTRIES_MIGRATION } from './registries-schema.ts';
import { REQUEST_KEY_HOLDERS_MIGRATION, REQUEST_KEYS_MIGRATION } from './request-keys.ts';
import type { Tables } from './schema.ts';
import { POLICY_MIGRATION } from './seen.ts';
import { VULNERABILITIES_MIGRATION } from './vulnerabilities-migration.ts';

/** One entry a shipped change, in order, never edited afterwards. Plain SQL that PostgreSQL 15 knows. */
const MIGRATIONS: Record<string, string> = {
  '001-first': `
    create table fences (
      target text primary key,
      fence bigint not null,
      holder text not null,
      holder_started_at bigint not null
    );
    create table effects (
      root text not null, step text not null, object text not null, generation integer not null,
      operation text not null, target text not null, fence bigint not null,
      input_digest text not null, result jsonb not null, result_digest text not null, undo jsonb,
      created_at timestamptz not null default now(), undone_at timestamptz,
      primary key (root, step, object, generation)
    );
    create table attempts (
      root text not null, step text not null, object text not null, generation integer not null, attempt integer not null,
      code text not null, message text not null, at timestamptz not null default now(),
      primary key (root, step, object, generation, attempt)
    );
    create table installs (
      cluster text not null, namespace text not null, name text not null,
      registry text not null, version text not null, digest text not null, content_hash text not null,
      explicit boolean not null, manifest jsonb not null, dependencies jsonb not null, trust jsonb not null,
      requester text not null, operation text not null, installed_at timestamptz not null default now(),
      primary key (cluster, namespace, name)
    );
    create index installs_dependencies on installs using gin (dependencies jsonb_path_ops);
    create table blobs (digest text primary key, content uuid not null, size bigint not null, created_at timestamptz not null default now());
    create table blob_chunks (content uuid not null, n integer not null, data bytea not null, primary key (content, n));
    alter table blob_chunks alter column data set storage external;
    create table uploads (key text primary key, digest text not null, content uuid not null default gen_random_uuid(), created_at timestamptz not null default now());
    create table scans (
      digest text not null, ruleset text not null, verdict jsonb not null, created_at timestamptz not null default now(),
      primary key (digest, ruleset)
    );
    create table tokens (
      hash bytea primary key, name text not null, user_name text not null, groups jsonb not null,
      created_at timestamptz not null default now(), expires_at timestamptz
    );
    create table audit (
      id bigserial primary key, at timestamptz not null default now(), actor text not null, action text not null, object text not null,
      outcome text not null, code text, operation text, detail jsonb
    );
    create unique index audit_once on audit (operation, action, outcome) where operation is not null;
    create function audit_is_append_only() returns trigger language plpgsql as $$ begin raise exception 'audit is append-only'; end $$;
    create trigger audit_append_only before update or delete or truncate on audit execute function audit_is_append_only();
  `,
  // `collate "C"`: lists are in the same order on every server. `json` where nothing searches and a text may hold what jsonb refuses (NUL).
  '002-deployments': `
    create table deployments (
      cluster text collate "C" not null, namespace text collate "C" not null, name text collate "C" not null,
      origin text not null, template jsonb not null, state text not null, revision integer not null, owner text,
      dependencies jsonb not null, requester_user text not null, requester_groups jsonb not null, operation text not null,
      created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
      primary key (cluster, namespace, name)
    );
    create index deployments_dependencies on deployments using gin (dependencies jsonb_path_ops);
    create table revisions (
      cluster text collate "C" not null, namespace text collate "C" not null, name text collate "C" not null,
      number integer not null, previous integer not null, state text not null, kind text not null,
      origin text not null, template jsonb not null, parameters json not null, has_values boolean not null, values_uid text,
      rendered text not null, plan text not null, inventory jsonb not null, dependencies jsonb not null, rollback_of integer,
      requester_user text not null, requester_groups jsonb not null, operation text not null,
      root text not null, generation integer not null,
      started_at timestamptz not null default now(), ended_at timestamptz, summary jsonb not null, failure json,
      primary key (cluster, namespace, name, number),
      unique (cluster, namespace, name, root, generation),
      foreign key (cluster, namespace, name) references deployments on delete cascade
    );
    create table documents (
      kind text not null, digest text not null, body json not null, created_at timestamptz not null default now(),
      primary key (kind, digest)
    );
  `,
  /*
   * What every search reads is kept narrow; what is only shown has a table of its own. The function has a setting of its own because
   * the operator's threshold is not an argument; the call before it loads the library that knows the setting.
   */
  '003-catalog': `
    create extension if not exists pg_trgm;
    create table catalog_listings (
      id integer generated always as identity primary key,
      registry text collate "C" not null, scope text collate "C" not null,
      generation bigint not null default 0, validator text, templates integer not null default 0,
      listed_at timestamptz, checked_at timestamptz, error json, problems json not null default '[]', problem_count integer not null default 0,
      unique (registry, scope)
    );
    create table catalog_facets (
      id integer generated always as identity primary key, key text not null unique,
      category text, license text, type text not null, registry_type text not null, verified boolean not null
    );
    create table catalog_entries (
      id integer generated always as identity primary key,
      listing integer not null, facets integer not null,
      copies double precision, downloads double precision, rating double precision, updated_at double precision,
      hash bytea not null, name text collate "C" not null, words tsvector not null
    );
    create unique index catalog_entries_name on catalog_entries (listing, name);
    create index catalog_entries_words on catalog_entries using gin (words);
    create table catalog_summaries (id integer primary key, summary json not null);
    create table catalog_words (
      listing integer not null, word text collate "C" not null,
      primary key (listing, word)
    );
    create index catalog_words_near on catalog_words using gin (word gin_trgm_ops);
    create unlogged table catalog_staging (
      run uuid not null, n integer not null, at timestamptz not null default now(), name text collate "C" not null, hash bytea not null,
      facets_key text not null, category text, license text, type text not null, registry_type text not null, verified boolean not null,
      copies double precision, downloads double precision, rating double precision, updated_at double precision,
      words text not null, vocabulary text not null, summary json not null,
      primary key (run, n)
    );
    select similarity('', '');
    create function catalog_words_near(listings integer[], wanted text, most integer) returns table (word text)
      language sql stable set pg_trgm.word_similarity_threshold = 0.19 as $$
        select word from catalog_words where listing = any(listings) and wanted <% word
        group by word order by word_similarity(wanted, word) desc, similarity(wanted, word) desc, word limit most
      $$;
  `,
  '004-identity': IDENTITY_MIGRATION,
  '005-publish': PUBLISH_MIGRATION,
  '006-registries': REGISTRIES_MIGRATION,
  '007-health': HEALTH_MIGRATION,
  '008-postings': POSTINGS_MIGRATION,
  '009-request-keys': REQUEST_KEYS_MIGRATION,
  '010-sweep': SWEEP_MIGRATION,
  '011-first-listing': FIRST_MIGRATION,
  '012-request-key-holders': REQUEST_KEY_HOLDERS_MIGRATION,
  '013-audit': AUDIT_MIGRATION + FINDINGS_MIGRATION,
  '014-policy': POLICY_MIGRATION,
  '015-vulnerabilities': VULNERABILITIES_MIGRATION,
  '016-signatures': SIGNATURES_MIGRATION,
  '017-claims': 'alter table revisions add column claims jsonb',
};

/** What a role that may not, or a server that has it not, answers to `create extension`. */
const NO_EXTENSION = new Set(['42501', '0A000', '58P01', '42704']);

const provider: MigrationProvider = {
  async getMigrations(): Promise<Record<string, Migration>> {
    const entries = Object.entries(MIGRATIONS).map(([name, text]): [string, Migration] => [
      name,
      {
        up: (db) =>
          sql
            .raw(text)
            .execute(db)
            .then(() => undefined),
      },
    ]);
    return Object.fromEntries(entries);
  },
};

/** Brings the database to this build's form. Several servers may call it at once: the migrator holds an advisory lock. */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const { error } = await new Migrator({ db, provider }).migrateToLatest();
  if (isMissingExtension(error))
    throw new ChandleryError(
      'config_invalid',
      'the database lacks the extension pg_trgm and this role may not create it; have an administrator of the database install PostgreSQL\'s "contrib" extensions and run there: create extension pg_trgm',
      {},
      { cause: error },
    );
  if (error) throw error;
}

function isMissingExtension(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return NO_EXTENSION.has(String(code)) && /pg_trgm|gin_trgm_ops/.test(String(message));
}
