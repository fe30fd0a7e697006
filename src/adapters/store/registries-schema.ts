import type { ColumnType, Generated } from 'kysely';
import type { AddedEntry, NewRegistry } from '../../domain/registry-store.ts';

/** The table of registries that were added over the API; a credential is sealed before it comes here. */

export interface RegistriesTable {
  name: string;
  /** From one sequence, so that a name that is removed and added again has another one. */
  revision: ColumnType<string, never, never>;
  entry: ColumnType<AddedEntry, string, string>;
  is_default: boolean;
  credential: NonNullable<NewRegistry['credential']>['type'] | null;
  sealed: string | null;
  created_at: Generated<Date>;
  changed_at: Generated<Date>;
  changed_by: string;
}

/** Besides: since when no server has laid claim to a listing, so that servers with different files leave each other's alone. */
export const REGISTRIES_MIGRATION = `
    create sequence registry_revisions;
    create table registries (
      name text collate "C" primary key,
      revision bigint not null unique default nextval('registry_revisions'),
      entry jsonb not null, is_default boolean not null, credential text, sealed text,
      created_at timestamptz not null default now(), changed_at timestamptz not null default now(), changed_by text not null,
      check ((credential is null) = (sealed is null))
    );
    create unique index registries_default on registries (is_default) where is_default;
    alter table catalog_listings add column claimed_at timestamptz not null default now();
`;
