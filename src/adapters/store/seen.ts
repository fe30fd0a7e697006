import type pg from 'pg';
import type { SeenVersion } from '../../domain/policy/index-guard.ts';
import type { SeenStore } from '../../domain/policy/seen-store.ts';
import type { Signer } from '../../domain/signature.ts';
import { guarded } from './database.ts';

/** Migration 012: what registries said before, and why each install was let in. */
export const POLICY_MIGRATION = `
    create table seen_versions (
      registry text collate "C" not null, template text collate "C" not null, version text collate "C" not null,
      digest text collate "C" not null, yanked boolean not null, fetched boolean not null default false, first_seen_at timestamptz not null default now(),
      primary key (registry, template, version)
    );
    create table seen_templates (
      registry text collate "C" not null, template text collate "C" not null, generated_at timestamptz, signer json,
      primary key (registry, template)
    );
    alter table installs add column decision json;
  `;

const VERSIONS = {
  name: 'seen-versions',
  text: `select version, digest, yanked, fetched, first_seen_at as at from seen_versions where registry = $1 and template = $2`,
};
const TEMPLATE = {
  name: 'seen-template',
  text: 'select generated_at as at, signer from seen_templates where registry = $1 and template = $2',
};
/** Two operations may see the same at once; a digest that was seen is never replaced by the way. */
const REMEMBER = {
  name: 'seen-remember',
  text: `insert into seen_versions (registry, template, version, digest, yanked)
    select $1, $2, version, digest, yanked
    from unnest($3::text[], $4::text[], $5::boolean[]) as now (version, digest, yanked)
    on conflict (registry, template, version) do update
      set yanked = excluded.yanked, digest = case when seen_versions.fetched then seen_versions.digest else excluded.digest end
      where seen_versions.yanked is distinct from excluded.yanked or not seen_versions.fetched`,
};
const FETCHED = {
  name: 'seen-fetched',
  text: `update seen_versions set fetched = true
    where registry = $1 and template = $2 and version = $3 and digest = $4 and not fetched`,
};
const FORGET = {
  name: 'seen-forget',
  text: `delete from seen_versions where registry = $1 and template = $2 and not exists (
      select from unnest($3::text[], $4::text[]) as now (version, digest)
      where now.version = seen_versions.version and now.digest = seen_versions.digest)`,
};
const GENERATED = {
  name: 'seen-generated',
  text: `insert into seen_templates (registry, template, generated_at) values ($1, $2, $3)
    on conflict (registry, template) do update set generated_at = case
      when $4 then excluded.generated_at else greatest(seen_templates.generated_at, excluded.generated_at) end`,
};
const SIGNER = {
  name: 'seen-signer',
  text: `insert into seen_templates (registry, template, signer) values ($1, $2, $3::json)
    on conflict (registry, template) do update set signer = excluded.signer`,
};

export function createSeenStore(pool: pg.Pool): SeenStore {
  return {
    find: (registry, template) =>
      guarded(async () => {
        const values = [registry, template];
        const [versions, facts] = await Promise.all([
          pool.query<Omit<SeenVersion, 'firstSeenAt'> & { at: Date }>({ ...VERSIONS, values }),
          pool.query<{ at: Date | null }>({ ...TEMPLATE, values }),
        ]);
        const generatedAt = facts.rows[0]?.at?.toISOString();
        return {
          versions: versions.rows.map(({ at, ...row }) => ({ ...row, firstSeenAt: at.toISOString() })),
          ...(generatedAt !== undefined && { generatedAt }),
        };
      }),
    remember: (registry, template, { versions, generatedAt }, replaces = false) =>
      guarded(async () => {
        const names = versions.map(({ version }) => version);
        const digests = versions.map(({ digest }) => digest);
        if (replaces) await pool.query({ ...FORGET, values: [registry, template, names, digests] });
        const yanked = versions.map((version) => version.yanked ?? false);
        if (names.length > 0) await pool.query({ ...REMEMBER, values: [registry, template, names, digests, yanked] });
        if (generatedAt !== undefined) await pool.query({ ...GENERATED, values: [registry, template, generatedAt, replaces] });
      }),
    fetched: (registry, template, version, digest) =>
      guarded(async () => {
        await pool.query({ ...FETCHED, values: [registry, template, version, digest] });
      }),
    signer: (registry, template) =>
      guarded(async () => {
        const { rows } = await pool.query<{ signer: Signer | null }>({ ...TEMPLATE, values: [registry, template] });
        return rows[0]?.signer ?? undefined;
      }),
    rememberSigner: (registry, template, signer) =>
      guarded(async () => {
        await pool.query({ ...SIGNER, values: [registry, template, JSON.stringify(signer)] });
      }),
  };
}
