import type pg from 'pg';
import type { Target } from '../../domain/operation.ts';
import type { Claim, HeldKey, KeptAnswer, RequestKeyStore } from '../../domain/request-keys.ts';
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

/** Migration 012. Empty in rows of servers that did not know it yet: they are held until their time is over, as before. */
export const REQUEST_KEY_HOLDERS_MIGRATION = 'alter table request_keys add column holder uuid;';

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
    insert into request_keys as k (id, fingerprint, busy_until, holder) values ($1, $2, ${SOON}, gen_random_uuid())
    on conflict (id) do update set fingerprint = excluded.fingerprint, target = null, answer = null, busy_until = excluded.busy_until,
      holder = excluded.holder, created_at = now()
    where k.${TOO_OLD}
    returning holder`,
};
const GO_ON = {
  name: 'request-key-go-on',
  text: `
    update request_keys set busy_until = ${SOON}, holder = gen_random_uuid()
    where id = $1 and fingerprint = $2 and answer is null and busy_until <= now()
    returning holder, target`,
};
const FIND = { name: 'request-key-find', text: 'select fingerprint, answer from request_keys where id = $1' };

interface Row {
  fingerprint: string;
  answer: KeptAnswer | null;
}

/** Each of these only where the claim still holds. */
const HELD = 'where id = $1 and holder = $2 and answer is null';
const AIM = `update request_keys set target = $3::json, busy_until = ${SOON} ${HELD}`;
const KEEP = `update request_keys set answer = $3::json ${HELD}`;
const LEAVE = `update request_keys set busy_until = now() ${HELD}`;
const RELEASE = `delete from request_keys ${HELD}`;

export function createRequestKeyStore(pool: pg.Pool): RequestKeyStore {
  const write = (statement: string, { id, holder }: HeldKey, ...values: unknown[]) =>
    guarded(
      async () => (await pool.query(statement, [id, holder, ...values.map((value) => JSON.stringify(value))])).rowCount === 1,
    );
  return {
    claim: (id, fingerprint) => guarded(() => claim(pool, id, fingerprint)),
    aim: (key, target) => write(AIM, key, target),
    keep: (key, answer) => write(KEEP, key, answer),
    async leave(key) {
      await write(LEAVE, key);
    },
    async release(key) {
      await write(RELEASE, key);
    },
  };
}

async function claim(pool: pg.Pool, id: string, fingerprint: string): Promise<Claim> {
  const claimed = await pool.query<{ holder: string }>({ ...CLAIM, values: [id, fingerprint] });
  if (claimed.rows[0]) return { outcome: 'new', holder: claimed.rows[0].holder };
  const left = await pool.query<{ holder: string; target: Target | null }>({ ...GO_ON, values: [id, fingerprint] });
  if (left.rows[0]) {
    const { holder, target } = left.rows[0];
    return { outcome: 'begun', holder, ...(target && { target }) };
  }
  const { rows } = await pool.query<Row>({ ...FIND, values: [id] });
  const [row] = rows;
  if (row && row.fingerprint !== fingerprint) return { outcome: 'other' };
  // One that was released between two of these statements can be claimed the next time.
  return row?.answer ? { outcome: 'answered', answer: row.answer } : { outcome: 'busy' };
}
