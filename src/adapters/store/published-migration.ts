/**
 * Migration 005. A trigger keeps a version as it is: only whether it is yanked may change, whoever writes. `json` where nothing searches.
 * The state's one row is bumped by everything that changes the listing but downloads, so that servers need to ask for one number.
 */
export const PUBLISH_MIGRATION = `
    create table published_names (
      name text collate "C" primary key, owners jsonb not null, operation text not null, created_at timestamptz not null default now()
    );
    create table published_versions (
      name text collate "C" not null references published_names on delete restrict, version text collate "C" not null,
      digest text not null, size bigint not null, content_hash text not null,
      manifest json not null, dependencies json not null, readme text, report json not null, status text not null,
      publisher text not null, operation text not null, published_at timestamptz not null default now(),
      yanked_at timestamptz, yanked_by text, yank_reason text,
      primary key (name, version)
    );
    create function published_version_is_immutable() returns trigger language plpgsql as $$ begin
      if (old.name, old.version, old.digest, old.size, old.content_hash, old.manifest::text, old.publisher, old.operation, old.published_at)
        is distinct from (new.name, new.version, new.digest, new.size, new.content_hash, new.manifest::text, new.publisher, new.operation, new.published_at)
      then raise exception 'a published version is immutable'; end if;
      return new;
    end $$;
    create trigger published_version_immutable before update on published_versions
      for each row execute function published_version_is_immutable();
    create table published_state (one boolean primary key default true check (one), revision bigint not null);
    insert into published_state (revision) values (0);
    create table template_ratings (
      name text collate "C" not null, user_name text not null, rating smallint not null check (rating between 1 and 5), comment text,
      at timestamptz not null default now(),
      primary key (name, user_name)
    );
    create table template_marks (name text collate "C" primary key, marked_by text not null, note text not null, at timestamptz not null default now());
    create table template_downloads (
      name text collate "C" not null, version text collate "C" not null, count bigint not null, last_at timestamptz not null default now(),
      primary key (name, version)
    );
  `;
