import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { EffectKey, EffectRecord, FencedWriter } from '../../domain/effects.ts';

import { ChandleryError } from '../../domain/errors.ts';
import type { AttemptView } from '../../domain/operation.ts';
import type { AttemptStore, EffectStore, FenceStore } from '../../domain/store.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';
import type { Tables } from './schema.ts';

export function createEffectStore(db: Database): EffectStore {
  return {
    find: (key) =>
      guarded(async () => toRecord(await whereKey(db, key).where('generation', '=', key.generation).executeTakeFirst())),

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

    record: (key, writer, entry) => guarded(() => recordOnce(db, key, writer, entry)),
  };
}

/** One statement: the fence is checked and the record written, or neither. */
async function recordOnce(
  db: Database,
  key: EffectKey,
  writer: FencedWriter,
  entry: { inputDigest: string; result: unknown; resultDigest: string },
): Promise<EffectRecord> {
  const { rows } = await sql<Selectable<Tables['effects']>>`
    insert into effects (root, step, object, generation, operation, target, fence, input_digest, result, result_digest)
    select ${key.root}, ${key.step}, ${key.object}, ${key.generation}::integer, ${writer.operation}, target, fence,
           ${entry.inputDigest}, ${JSON.stringify(entry.result ?? null)}::jsonb, ${entry.resultDigest}
    from fences where target = ${writer.target} and fence = ${writer.fence}
    on conflict do nothing
    returning *`.execute(db);
  const written = toRecord(rows[0]);
  if (written) return written;
  const stored = toRecord(await whereKey(db, key).where('generation', '=', key.generation).executeTakeFirst());
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

export function fencedOff(writer: FencedWriter): ChandleryError {
  return new ChandleryError('fenced_off', `${writer.operation} no longer holds ${writer.target}`, {
    operation: writer.operation,
  });
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

export function createFenceStore(db: Database): FenceStore {
  return {
    take: (target, operation, startedAt) =>
      guarded(async () => {
        // Temporal runs one operation a target after the other, so an earlier start can only be a step that was thought dead.
        const { rows } = await sql<{ fence: string }>`
          insert into fences as f (target, fence, holder, holder_started_at) values (${target}, 1, ${operation}, ${startedAt})
          on conflict (target) do update set
            fence = case when f.holder = excluded.holder then f.fence else f.fence + 1 end,
            holder = excluded.holder, holder_started_at = excluded.holder_started_at
          where f.holder = excluded.holder or f.holder_started_at <= excluded.holder_started_at
          returning fence`.execute(db);
        const fence = rows[0]?.fence;
        if (fence === undefined) throw fencedOff({ target, operation, fence: 0 });
        return Number(fence);
      }),
  };
}

export function createAttemptStore(db: Database): AttemptStore {
  return {
    recordFailure: (key, attempt, { code, message }) =>
      guarded(async () => {
        await db
          .insertInto('attempts')
          .values({ ...key, attempt, code, message })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        const { count } = await db
          .selectFrom('attempts')
          .select((eb) => eb.fn.countAll<string>().as('count'))
          .where('root', '=', key.root)
          .where('step', '=', key.step)
          .where('object', '=', key.object)
          .where('generation', '=', key.generation)
          .executeTakeFirstOrThrow();
        return Number(count);
      }),

    listByRoot: (root, generation) =>
      guarded(async () => {
        const rows = await db
          .selectFrom('attempts')
          .selectAll()
          .where('root', '=', root)
          .where('generation', '=', generation)
          .orderBy('attempt')
          .execute();
        return rows.map((row) => ({
          step: row.step,
          attempt: row.attempt,
          outcome: row.code as AttemptView['outcome'],
          message: row.message,
          at: row.at.toISOString(),
        }));
      }),
  };
}
