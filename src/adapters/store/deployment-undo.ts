import type { Updateable } from 'kysely';
import { sql } from 'kysely';
import type { InventoryItem } from '../../domain/deployment.ts';
import type { DeploymentKey, DeploymentStore } from '../../domain/deployment-store.ts';
import type { StepContext } from '../../domain/effects.ts';
import { missing } from './deployment-changes.ts';
import type { RevisionRow } from './deployment-rows.ts';
import { findDeployment, findRevisions, keyColumns } from './deployment-rows.ts';
import { raiseFence } from './effect-transaction.ts';
import type { Tx } from './install-rows.ts';
import type { Tables } from './schema.ts';

type Outcome = Parameters<DeploymentStore['abandon']>[3];

/**
 * Ends the revision that this operation began. Also one that had already become the current: a worker may die after `finish` and before
 * its answer, and then the operation may be cancelled. One that is ended is left alone, so that asking again does nothing.
 */
export async function abandon(tx: Tx, context: StepContext, key: DeploymentKey, number: number, outcome: Outcome): Promise<void> {
  await raiseFence(tx, context);
  const revision = await findRevisions(tx, key)
    .where('number', '=', number)
    .where('root', '=', context.root)
    .where('generation', '=', context.generation)
    .executeTakeFirst();
  if (!revision || !['pending', 'current'].includes(revision.state)) return;
  await markUndone(tx, context);
  if (outcome.state === 'undone' && revision.previous === 0) {
    await tx
      .deleteFrom('deployments')
      .where((eb) => eb.and(keyColumns(key)))
      .execute();
    return;
  }
  await updateRevision(tx, key, number, {
    state: outcome.state,
    ended_at: new Date(),
    failure: outcome.failure ? JSON.stringify(outcome.failure) : null,
  });
  if (outcome.state === 'failed') await keepFailed(tx, key, revision);
  else await goBack(tx, key, revision.previous, outcome.restored);
}

/** The record of `finish`, where it came that far; without it a replay would take the revision for standing. */
async function markUndone(tx: Tx, context: StepContext): Promise<void> {
  await tx
    .updateTable('effects')
    .set({ undone_at: new Date() })
    .where('root', '=', context.root)
    .where('generation', '=', context.generation)
    .where('target', '=', context.target)
    .where('undo', 'is not', null)
    .where('undone_at', 'is', null)
    .execute();
}

/** The failed revision becomes the current one. */
async function keepFailed(tx: Tx, key: DeploymentKey, revision: RevisionRow): Promise<void> {
  await tx
    .updateTable('revisions')
    .set({ state: 'superseded' })
    .where((eb) => eb.and(keyColumns(key)))
    .where('state', '=', 'current')
    .execute();
  await takeOver(tx, key, revision, 'failed');
}

/** The revision before becomes the current one again, as good as it was. */
async function goBack(tx: Tx, key: DeploymentKey, number: number, restored: InventoryItem[] | undefined): Promise<void> {
  const previous = await findRevisions(tx, key).where('number', '=', number).executeTakeFirstOrThrow();
  const failed = previous.state === 'failed';
  await updateRevision(tx, key, number, {
    state: failed ? 'failed' : 'current',
    ...(restored && { inventory: JSON.stringify(restored) }),
  });
  await takeOver(tx, key, previous, failed ? 'failed' : 'ready');
}

/** The deployment is what its current revision says. */
async function takeOver(tx: Tx, key: DeploymentKey, from: RevisionRow, state: 'ready' | 'failed'): Promise<void> {
  await tx
    .updateTable('deployments')
    .set({
      state,
      revision: from.number,
      origin: from.origin,
      template: JSON.stringify(from.template),
      dependencies: JSON.stringify(from.dependencies),
      requester_user: from.requester_user,
      requester_groups: JSON.stringify(from.requester_groups),
      operation: from.operation,
      updated_at: sql`now()`,
    })
    .where((eb) => eb.and(keyColumns(key)))
    .execute();
}

/**
 * Takes a destroy's mark off again. Fails with deployment_not_found where it has been forgotten: that is not taken back. A deployment that
 * has no mark any more is left alone.
 */
export async function keep(
  tx: Tx,
  context: StepContext,
  key: DeploymentKey,
  number: number,
  inventory: InventoryItem[],
): Promise<void> {
  await raiseFence(tx, context);
  const deployment = await findDeployment(tx, key).executeTakeFirst();
  if (!deployment) throw missing(key);
  if (deployment.state !== 'destroying') return;
  await updateRevision(tx, key, number, { inventory: JSON.stringify(inventory) });
  const current = await findRevisions(tx, key).where('number', '=', deployment.revision).executeTakeFirst();
  if (current) return takeOver(tx, key, current, current.state === 'failed' ? 'failed' : 'ready');
  // Only a revision that never got finished: whoever looks must not take it for running.
  await tx
    .updateTable('deployments')
    .set({ state: 'failed', updated_at: sql`now()` })
    .where((eb) => eb.and(keyColumns(key)))
    .execute();
}

async function updateRevision(
  tx: Tx,
  key: DeploymentKey,
  number: number,
  values: Updateable<Tables['revisions']>,
): Promise<void> {
  await tx
    .updateTable('revisions')
    .set(values)
    .where((eb) => eb.and(keyColumns(key)))
    .where('number', '=', number)
    .execute();
}
