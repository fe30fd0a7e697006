import type pg from 'pg';
import { ChandleryError } from '../../domain/errors.ts';
import { type Advisory, packageKey } from '../../domain/vulnerabilities/advisory.ts';
import type { VulnerabilitySource, VulnerabilityStore } from '../../domain/vulnerabilities/database.ts';
import { VULNERABILITY_LIMITS } from '../../domain/vulnerabilities/database.ts';
import { guarded } from './database.ts';
import { inTransaction } from './transaction.ts';

/** Rows of one statement that removes what is of no use any more: far below the statement timeout. */
const SWEEP_SLICE = 5_000;
/** An import that nobody went on with for this long is given up (PostgreSQL interval). */
const GIVEN_UP_AFTER = '7 days';
/** Imports under way at once; each holds a data base on disk. */
const MAX_STAGING = 10;

const COLUMNS = 'id, source, file, digest, imported_by, entries, newest, ecosystems, completed_at';
const CURRENT = `select ${COLUMNS} from vulnerability_imports where state = 'current'`;
const STAGE = `insert into vulnerability_imports (source, file, digest, imported_by) values ($1, $2, $3, $4)
  on conflict (source, digest) where state = 'staging'
  do update set touched_at = now(), imported_by = excluded.imported_by, file = excluded.file
  returning id, next`;
/** One statement: the batch is there, and counted, or neither. */
const APPEND = `with mine as (
    update vulnerability_imports set next = next + 1, entries = entries + $3, newest = greatest(newest, $4::timestamptz), touched_at = now()
    where id = $1 and state = 'staging' and next = $2 returning id, next
  ), written as (
    insert into vulnerabilities (import, ecosystem, name, batch, n, advisory)
    select mine.id, entry.ecosystem, entry.name, $2, entry.n, entry.advisory::json
    from mine, unnest($5::text[], $6::text[], $7::text[]) with ordinality as entry (ecosystem, name, advisory, n)
  ) select next from mine`;
const FIND = `select v.advisory from vulnerability_imports i
  cross join unnest($1::text[], $2::text[]) as wanted (ecosystem, name)
  join vulnerabilities v on v.import = i.id and v.ecosystem = wanted.ecosystem and v.name = wanted.name
  where i.state = 'current' limit $3`;
const ECOSYSTEMS = `with recursive found as (
    (select ecosystem from vulnerabilities where import = $1 order by ecosystem limit 1)
    union all
    select (select v.ecosystem from vulnerabilities v where v.import = $1 and v.ecosystem > found.ecosystem order by v.ecosystem limit 1)
    from found where found.ecosystem is not null
  ) select ecosystem from found where ecosystem is not null`;
const UNUSED = `select id from vulnerability_imports
  where state = 'old' or (state = 'staging' and touched_at < now() - $1::interval)`;
const SWEEP = `delete from vulnerabilities where ctid = any (array(select ctid from vulnerabilities where import = $1 limit ${SWEEP_SLICE}))`;

interface Row {
  id: string;
  source: string;
  file: string;
  digest: string;
  imported_by: string;
  entries: string;
  newest: Date | null;
  ecosystems: string[];
  completed_at: Date;
}

interface Staged extends Row {
  next: number;
  state: 'staging' | 'current' | 'old';
}

export function createVulnerabilityStore(pool: pg.Pool): VulnerabilityStore {
  return {
    sources: () =>
      guarded(async () => {
        const { rows } = await pool.query<Row>(`${CURRENT} order by source`);
        return rows.map(toSource);
      }),
    find: (keys) =>
      guarded(async () => {
        const { found } = VULNERABILITY_LIMITS;
        const values = [keys.map(({ ecosystem }) => ecosystem), keys.map(({ name }) => name), found + 1];
        const { rows } = await pool.query<{ advisory: Advisory }>({ name: 'vulnerabilities-find', text: FIND, values });
        if (rows.length > found)
          throw new ChandleryError(
            'too_large',
            `more than ${found} advisories speak of the packages that were asked for at once`,
          );
        return rows.map(({ advisory }) => advisory);
      }),
    begin: ({ name, file, digest, importedBy }) =>
      guarded(async () => {
        await sweep(pool);
        const { rows: current } = await pool.query<Row>(`${CURRENT} and source = $1 and digest = $2`, [name, digest]);
        if (current[0]) return toSource(current[0]);
        await refuseMany(pool);
        const { rows } = await pool.query<{ id: string; next: number }>(STAGE, [name, file, digest, importedBy]);
        return rows[0] ?? { id: '', next: 0 };
      }),
    append: (id, batch, advisories) => guarded(() => append(pool, id, batch, advisories)),
    async complete(id, expected, allowed) {
      const source = await guarded(() =>
        inTransaction(pool, async (client) => {
          const taken = await complete(client, id, expected);
          await allowed?.(taken);
          return taken;
        }),
      );
      // What is left behind by a failure here is swept by the next import.
      await sweep(pool).catch(() => undefined);
      return source;
    },
  };
}

async function append(pool: pg.Pool, id: string, batch: number, advisories: readonly Advisory[]) {
  const keys = advisories.map(packageKey);
  const newest = advisories.reduce<Date | undefined>((latest, { modified }) => {
    const at = new Date(modified);
    return latest === undefined || at > latest ? at : latest;
  }, undefined);
  const { rows } = await pool.query<{ next: number }>(APPEND, [
    ...[id, batch, advisories.length, newest ?? null],
    ...[keys.map(({ ecosystem }) => ecosystem), keys.map(({ name }) => name)],
    advisories.map((advisory) => JSON.stringify(advisory)),
  ]);
  if (rows[0]) return { id, next: rows[0].next };
  const { next } = await staged(pool, id);
  // The answer to the first try was lost.
  if (batch < next) return { id, next };
  throw new ChandleryError('invalid_request', `batch ${batch} came before batch ${next} of the import`, { next });
}

async function complete(
  client: pg.PoolClient,
  id: string,
  expected: Parameters<VulnerabilityStore['complete']>[1],
): Promise<VulnerabilitySource> {
  const { source, next, entries } = await staged(client, id, 'for update');
  const { batches, allowSmaller } = expected;
  if (next !== batches || Number(entries) !== expected.entries)
    throw incomplete(`${next} batches with ${entries} advisories are here, ${batches} with ${expected.entries} were to come`);
  if (Number(entries) === 0) throw incomplete('there is no advisory about any package in it');
  const { rows } = await client.query<Row>(`${CURRENT} and source = $1 for update`, [source]);
  const [current] = rows;
  if (current && !allowSmaller && Number(entries) < Number(current.entries) * VULNERABILITY_LIMITS.smallestShare)
    throw incomplete(`it has ${entries} advisories, and what is in use has ${current.entries}; say so if that is meant`);
  const found = await client.query<{ ecosystem: string }>(ECOSYSTEMS, [id]);
  if (current) await client.query(`update vulnerability_imports set state = 'old' where id = $1`, [current.id]);
  const ecosystems = JSON.stringify(found.rows.map(({ ecosystem }) => ecosystem));
  const taken = await client.query<Row>(
    `update vulnerability_imports set state = 'current', completed_at = now(), ecosystems = $2 where id = $1 returning ${COLUMNS}`,
    [id, ecosystems],
  );
  const [row] = taken.rows;
  if (!row) throw gone(id);
  return toSource(row);
}

async function staged(db: pg.Pool | pg.PoolClient, id: string, lock = ''): Promise<Staged> {
  const text = `select ${COLUMNS}, next, state from vulnerability_imports where id = $1 and state = 'staging' ${lock}`;
  const [row] = (await db.query<Staged>(text, [id])).rows;
  if (row) return row;
  throw gone(id);
}

async function refuseMany(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ n: number }>(
    `select count(*)::int as n from vulnerability_imports where state = 'staging'`,
  );
  if ((rows[0]?.n ?? 0) < MAX_STAGING) return;
  throw new ChandleryError('too_large', `${MAX_STAGING} imports are under way; finish one, or wait a week`);
}

async function sweep(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ id: string }>(UNUSED, [GIVEN_UP_AFTER]);
  for (const { id } of rows) {
    for (;;) {
      const { rowCount } = await pool.query(SWEEP, [id]);
      if ((rowCount ?? 0) < SWEEP_SLICE) break;
    }
    await pool.query(`delete from vulnerability_imports where id = $1 and state <> 'current'`, [id]);
  }
}

function toSource(row: Row): VulnerabilitySource {
  return {
    name: row.source,
    file: row.file,
    digest: row.digest,
    entries: Number(row.entries),
    ecosystems: row.ecosystems,
    newest: (row.newest ?? new Date(0)).toISOString(),
    importedAt: row.completed_at.toISOString(),
    importedBy: row.imported_by,
  };
}

function incomplete(why: string): ChandleryError {
  return new ChandleryError(
    'vulnerability_data_invalid',
    `the vulnerability data are not taken over: ${why}; what was in use stays`,
  );
}

function gone(id: string): ChandleryError {
  return new ChandleryError('not_found', `there is no import ${id.slice(0, 100)} under way; begin it again`);
}
