import { sql } from 'kysely';
import type { StepContext } from '../../domain/effects.ts';
import type { Database } from './database.ts';
import { fencedOff } from './fences.ts';
import type { Tx } from './install-rows.ts';

/** Holds the target's fence for the transaction; fails with fenced_off when it is no longer this operation's. */
export async function checkFence(tx: Database, context: StepContext): Promise<void> {
  const row = await tx.selectFrom('fences').select('fence').where('target', '=', context.target).forShare().executeTakeFirst();
  if (Number(row?.fence) !== context.fence) throw fencedOff(context);
}

/** For an undo: from here on a late attempt of a step, with the fence it was given, can no longer write. Any undo of the operation may. */
export async function raiseFence(db: Database, context: StepContext): Promise<void> {
  const raised = await db
    .updateTable('fences')
    .set({ fence: sql`fence + 1` })
    .where('target', '=', context.target)
    .where('holder', '=', context.operation)
    .where('fence', '>=', String(context.fence))
    .returning('fence')
    .executeTakeFirst();
  if (!raised) throw fencedOff(context);
}

/** The outcome an earlier attempt of this very effect recorded. One that was undone since is no outcome: whoever asks came too late. */
export async function recordedOutcome<Outcome>(tx: Database, context: StepContext): Promise<Outcome | undefined> {
  const row = await effectOf(tx, context);
  if (row?.undone_at) throw fencedOff(context);
  return row?.result as Outcome | undefined;
}

/** The record of the context's step in its own generation. */
export function effectOf(tx: Database, context: StepContext) {
  return tx
    .selectFrom('effects')
    .selectAll()
    .where('root', '=', context.root)
    .where('step', '=', context.step)
    .where('object', '=', '-')
    .where('generation', '=', context.generation)
    .executeTakeFirst();
}

/** The effect of the context's step has been taken back: its record is of no use any more. */
export async function markStepUndone(tx: Database, context: StepContext): Promise<void> {
  await tx
    .updateTable('effects')
    .set({ undone_at: new Date() })
    .where('root', '=', context.root)
    .where('step', '=', context.step)
    .where('object', '=', '-')
    .where('generation', '=', context.generation)
    .execute();
}

/** Writes the record in the transaction of its effect, so that both stand or neither. */
export async function recordEffect(
  tx: Tx,
  context: StepContext,
  entry: { inputDigest: string; result: unknown; resultDigest: string; undo: unknown },
): Promise<void> {
  await tx
    .insertInto('effects')
    .values({
      root: context.root,
      step: context.step,
      object: '-',
      generation: context.generation,
      operation: context.operation,
      target: context.target,
      fence: context.fence,
      input_digest: entry.inputDigest,
      result: JSON.stringify(entry.result),
      result_digest: entry.resultDigest,
      undo: JSON.stringify(entry.undo),
      undone_at: null,
    })
    .execute();
}
