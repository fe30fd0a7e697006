import type pg from 'pg';
import type { CatalogSource } from '../../domain/catalog.ts';
import type { HeldDetailStore } from '../../domain/held-details.ts';
import { guarded } from './database.ts';

/** Details kept in all, newest first: at a few kilobytes each, tens of megabytes. */
const MAX_DETAILS = 10_000;
/** Compressed bytes of one that is kept: a registry that sends megabytes for each template must not fill the store. */
const MAX_BODY = 256 * 1024;
/** Details of this process after which those beyond the limit are looked for. */
const PRUNE_EVERY = 200;

const KEY = 'registry = $1 and scope = $2 and name = $3 and version = $4';
const FIND = { name: 'detail-find', text: `select identity, fetched_at, body from template_details where ${KEY}` };
const SAVE = {
  name: 'detail-save',
  text: `insert into template_details (registry, scope, name, version, identity, fetched_at, body) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (registry, scope, name, version) do update
    set identity = excluded.identity, fetched_at = excluded.fetched_at, body = excluded.body
    where template_details.fetched_at <= excluded.fetched_at`,
};
const PRUNE = `delete from template_details where fetched_at < (
  select fetched_at from template_details order by fetched_at desc offset $1 limit 1)`;
const FORGET_ALL = `delete from template_details using unnest($3::text[], $4::text[]) as gone (name, version)
  where registry = $1 and scope = $2 and template_details.name = gone.name and template_details.version = gone.version`;

export function createHeldDetailStore(pool: pg.Pool): HeldDetailStore {
  let saves = 0;
  const key = ({ registry, scope }: CatalogSource, name: string, version: string) => [registry, scope, name, version];
  return {
    find: (source, name, version) =>
      guarded(async () => {
        const values = key(source, name, version);
        const { rows } = await pool.query<{ identity: string | null; fetched_at: Date; body: Buffer }>({ ...FIND, values });
        const [row] = rows;
        if (!row) return undefined;
        const { identity, fetched_at, body } = row;
        return { fetchedAt: fetched_at.getTime(), body, ...(identity !== null && { identity }) };
      }),
    save: (source, name, version, { identity, fetchedAt, body }) =>
      guarded(async () => {
        if (body.length > MAX_BODY) return;
        const values = [...key(source, name, version), identity ?? null, new Date(fetchedAt), body];
        await pool.query({ ...SAVE, values });
        saves += 1;
        if (saves % PRUNE_EVERY === 0) await pool.query(PRUNE, [MAX_DETAILS]);
      }),
    retain: ({ registry, scope }, isSame) =>
      guarded(async () => {
        const text = 'select name, version, identity from template_details where registry = $1 and scope = $2';
        const { rows } = await pool.query<{ name: string; version: string; identity: string | null }>(text, [registry, scope]);
        const gone = rows.filter(({ name, identity }) => !isSame(name, identity ?? undefined));
        if (gone.length === 0) return;
        const names = gone.map(({ name }) => name);
        await pool.query(FORGET_ALL, [registry, scope, names, gone.map(({ version }) => version)]);
      }),
    forget: (source, name, version) =>
      guarded(async () => {
        await pool.query(`delete from template_details where ${KEY}`, key(source, name, version));
      }),
  };
}
