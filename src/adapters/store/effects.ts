import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type pg from 'pg';
import type { EffectKey, EffectRecord, FencedWriter } from '../../domain/effects.ts';
import type { EffectStore } from '../../domain/store.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';
import { fencedOff } from './fences.ts';
import type { Tables } from './schema.ts';

type Row = Selectable<Tables['effects']>;

/**
 * The two statements that every step runs. Prepared by name, with their columns spelled out so that an added one cannot invalidate
 * them: building and planning them anew each time cost a twentieth of a whole install (bench/main/seven-steps.ts).
 */
const COLUMNS = 'root, step, object, generation, operation, input_digest, result, result_digest, undone_at';
const FIND = {
  name: 'effect-find',
  text: `select ${COLUMNS} from effects where root = $1 and step = $2 and object = $3 and generation = $4`,
};
/**
 * The fence is checked and the record written, or neither. It alone need not wait for the disk: what it speaks of is either written and
 * waited for elsewhere (blobs, verdicts) or read anew, so a record lost with the server costs one more look. Effects on the store are
 * recorded in their own transactions, which do wait (effect-transaction.ts).
 */
const RECORD = {
  name: 'effect-record',
  text: `
    with relaxed as (select set_config('synchronous_commit', 'off', true))
    insert into effects (root, step, object, generation, operation, target, fence, input_digest, result, result_digest)
    select $1, $2, $3, $4::integer, $5, fences.target, fences.fence, $6, $7::jsonb, $8
    from relaxed, fences where fences.target = $9 and fences.fence = $10
    on conflict do nothing
    returning ${COLUMNS}`,
};

export function createEffectStore(db: Database, pool: pg.Pool): EffectStore {
  return {
    find: (key) => guarded(() => find(pool, key)),

    findStanding: (key) =>
      guarded(async () =>
        toRecord(
          await whereKey(db, key)
            .where('generation', '<=', key.generation)
            .where('undone_at', 'is', null)
            .orderBy('generation', 'desc')
            .limit(1)
            .executeTakeFirst(),
        ),
      ),

    listByRoot: (root) =>
      guarded(async () => {
        const rows = await db
          .selectFrom('effects')
          .selectAll()
          .where('root', '=', root)
          .orderBy('generation')
          .orderBy('created_at')
          .execute();
        return rows.flatMap((row) => toRecord(row) ?? []);
      }),

    lastGeneration: (root) =>
      guarded(async () => {
        const { rows } = await sql<{ last: number }>`
          select greatest((select max(generation) from effects where root = ${root}), (select max(generation) from attempts where root = ${root}), -1) as last`.execute(
          db,
        );
        return rows[0]?.last ?? -1;
      }),

    record: (key, writer, entry) => guarded(() => recordOnce(db, pool, key, writer, entry)),
  };
}

async function find(pool: pg.Pool, key: EffectKey): Promise<EffectRecord | undefined> {
  const { rows } = await pool.query<Row>({ ...FIND, values: [key.root, key.step, key.object, key.generation] });
  return toRecord(rows[0]);
}

async function recordOnce(
  db: Database,
  pool: pg.Pool,
  key: EffectKey,
  writer: FencedWriter,
  entry: { inputDigest: string; result: unknown; resultDigest: string },
): Promise<EffectRecord> {
  const result = JSON.stringify(entry.result ?? null);
  const name = [key.root, key.step, key.object, key.generation];
  const values = [...name, writer.operation, entry.inputDigest, result, entry.resultDigest, writer.target, writer.fence];
  const { rows } = await pool.query<Row>({ ...RECORD, values });
  const written = toRecord(rows[0]);
  if (written) return written;
  const stored = await find(pool, key);
  if (!stored || stored.undone) throw fencedOff(writer);
  return replaceWithin(db, key, writer, entry, stored);
}

/** The stored result wins over an equal input's second result; a record of another input (its effect no longer stood) is renewed. */
async function replaceWithin(
  db: Database,
  key: EffectKey,
  writer: FencedWriter,
  entry: { inputDigest: string; result: unknown; resultDigest: string },
  stored: EffectRecord,
): Promise<EffectRecord> {
  if (stored.inputDigest === entry.inputDigest && stored.resultDigest === entry.resultDigest) return stored;
  const { rows } = await sql<Selectable<Tables['effects']>>`
    update effects set input_digest = ${entry.inputDigest}, result = ${JSON.stringify(entry.result ?? null)}::jsonb, result_digest = ${entry.resultDigest}, created_at = now()
    where root = ${key.root} and step = ${key.step} and object = ${key.object} and generation = ${key.generation} and undone_at is null
      and exists (select 1 from fences where target = ${writer.target} and fence = ${writer.fence})
    returning *`.execute(db);
  const renewed = toRecord(rows[0]);
  if (!renewed) throw fencedOff(writer);
  return renewed;
}

function whereKey(db: Database, key: EffectKey) {
  return db
    .selectFrom('effects')
    .selectAll()
    .where('root', '=', key.root)
    .where('step', '=', key.step)
    .where('object', '=', key.object);
}

function toRecord(row: Selectable<Tables['effects']> | undefined): EffectRecord | undefined {
  if (!row) return undefined;
  return {
    key: { root: row.root, step: row.step, object: row.object, generation: row.generation },
    operation: row.operation,
    inputDigest: row.input_digest,
    result: row.result,
    resultDigest: row.result_digest,
    undone: row.undone_at !== null,
  };
}
