import type { AttemptView } from '../../domain/operation.ts';
import type { AttemptStore } from '../../domain/store.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';

export function createAttemptStore(db: Database): AttemptStore {
  return {
    recordFailure: (key, attempt, { code, message }, uncounted = []) =>
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
          .where('code', 'not in', ['', ...uncounted])
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
