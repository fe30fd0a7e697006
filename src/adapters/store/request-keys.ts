import type pg from 'pg';
import type { Target } from '../../domain/operation.ts';
import type { Claim, KeptAnswer, RequestKeyStore } from '../../domain/request-keys.ts';
import { REQUEST_KEY_HOURS, REQUEST_SECONDS } from '../../domain/request-keys.ts';
import { guarded } from './database.ts';

/** Migration 009. `json`: nothing searches in it. */
export const REQUEST_KEYS_MIGRATION = `
    create table request_keys (
      id text collate "C" primary key, fingerprint text not null, target json, answer json,
      busy_until timestamptz not null, created_at timestamptz not null default now()
    );
    create index request_keys_created on request_keys (created_at);
`;

const TOO_OLD = `created_at < now() - interval '${REQUEST_KEY_HOURS} hours'`;
const SOON = `now() + interval '${REQUEST_SECONDS} seconds'`;
/** Old ones that a claim takes along: more than it adds, so that they get fewer, and few enough to cost nothing. */
const FORGOTTEN_AT_ONCE = 10;

/** One that is too old is taken over where it is, so `forgotten` must leave it. */
const CLAIM = {
  name: 'request-key-claim',
  text: `
    with forgotten as (
      delete from request_keys where id in (
        select id from request_keys where ${TOO_OLD} and id <> $1 order by created_at limit ${FORGOTTEN_AT_ONCE} for update skip locked
      )
    )
    insert into request_keys as k (id, fingerprint, busy_until) values ($1, $2, ${SOON})
    on conflict (id) do update set fingerprint = excluded.fingerprint, target = null, answer = null, busy_until = excluded.busy_until, created_at = now()
    where k.${TOO_OLD}
    returning id`,
};
const GO_ON = {
  name: 'request-key-go-on',
  text: `update request_keys set busy_until = ${SOON} where id = $1 and fingerprint = $2 and answer is null and busy_until <= now() returning target`,
};
const FIND = { name: 'request-key-find', text: 'select fingerprint, answer from request_keys where id = $1' };

interface Row {
  fingerprint: string;
  answer: KeptAnswer | null;
}

export function createRequestKeyStore(pool: pg.Pool): RequestKeyStore {
  return {
    claim: (id, fingerprint) => guarded(() => claim(pool, id, fingerprint)),
    aim: (id, target) =>
      guarded(async () => {
        await pool.query('update request_keys set target = $2::json where id = $1', [id, JSON.stringify(target)]);
      }),
    keep: (id, answer) =>
      guarded(async () => {
        await pool.query('update request_keys set answer = $2::json where id = $1', [id, JSON.stringify(answer)]);
      }),
    leave: (id) =>
      guarded(async () => {
        await pool.query('update request_keys set busy_until = now() where id = $1', [id]);
      }),
    release: (id) =>
      guarded(async () => {
        await pool.query('delete from request_keys where id = $1 and answer is null', [id]);
      }),
  };
}

async function claim(pool: pg.Pool, id: string, fingerprint: string): Promise<Claim> {
  const claimed = await pool.query({ ...CLAIM, values: [id, fingerprint] });
  if (claimed.rowCount === 1) return { outcome: 'new' };
  const left = await pool.query<{ target: Target | null }>({ ...GO_ON, values: [id, fingerprint] });
  if (left.rows[0]) return { outcome: 'begun', ...(left.rows[0].target && { target: left.rows[0].target }) };
  const { rows } = await pool.query<Row>({ ...FIND, values: [id] });
  const [row] = rows;
  if (row && row.fingerprint !== fingerprint) return { outcome: 'other' };
  // One that was released between two of these statements can be claimed the next time.
  return row?.answer ? { outcome: 'answered', answer: row.answer } : { outcome: 'busy' };
}
