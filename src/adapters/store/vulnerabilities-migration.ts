/**
 * Migration 012. An import is staged under a row of its own and becomes the source's data by a change of that row's state, so that a search
 * sees the old data or the new, never some of both. `json`: nothing searches in it, and a text may hold what jsonb refuses.
 */
export const VULNERABILITIES_MIGRATION = `
    create table vulnerability_imports (
      id uuid primary key default gen_random_uuid(),
      source text collate "C" not null, file text not null, digest text not null, imported_by text not null,
      state text not null default 'staging' check (state in ('staging', 'current', 'old')),
      next integer not null default 0, entries bigint not null default 0, newest timestamptz,
      ecosystems jsonb not null default '[]',
      touched_at timestamptz not null default now(), completed_at timestamptz
    );
    create unique index vulnerability_imports_current on vulnerability_imports (source) where state = 'current';
    create unique index vulnerability_imports_staging on vulnerability_imports (source, digest) where state = 'staging';
    create table vulnerabilities (
      import uuid not null, ecosystem text collate "C" not null, name text collate "C" not null,
      batch integer not null, n integer not null, advisory json not null,
      primary key (import, ecosystem, name, batch, n)
    );
  `;
