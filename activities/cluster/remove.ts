import type { ClusterSession, ObjectRef } from '../../src/domain/cluster.ts';
import type { InventoryItem } from '../../src/domain/deployment.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { ownershipOf } from '../../src/domain/plan/ownership.ts';
import type { StepRun } from '../attempt.ts';
import { inParallel } from './session.ts';

/** Pause between two looks at an object that is going, milliseconds. */
const LOOK_EVERY_MS = 200;

export interface Removed {
  deleted: number;
  /** Was there and is somebody else's now: left alone. */
  foreign: ObjectRef[];
  /** Still waits for its finalizers. */
  remaining: ObjectRef[];
}

/**
 * Deletes what the inventory names, last wave first, and waits until it is gone. An object is deleted only when it carries this
 * deployment's own marks, and by its uid, so that a namesake made meanwhile is never hit.
 */
export async function removeObjects(
  session: ClusterSession,
  items: InventoryItem[],
  deploymentId: string,
  run: Pick<StepRun, 'signal' | 'progress'>,
  options: { waitMs: number },
): Promise<Removed> {
  const removed: Removed = { deleted: 0, foreign: [], remaining: [] };
  const until = Date.now() + options.waitMs;
  const waves = [...new Set(items.map((item) => item.wave))].sort((a, b) => b - a);
  for (const wave of waves) {
    await inParallel(
      items.filter((item) => item.wave === wave),
      async (item) => {
        const outcome = await removeOne(session, item, deploymentId, run, until);
        if (outcome === 'foreign') removed.foreign.push(item.ref);
        else if (outcome === 'remaining') removed.remaining.push(item.ref);
        else if (outcome === 'deleted') removed.deleted += 1;
      },
    );
  }
  return removed;
}

async function removeOne(
  session: ClusterSession,
  { ref, uid }: InventoryItem,
  deploymentId: string,
  { signal, progress }: Pick<StepRun, 'signal' | 'progress'>,
  until: number,
): Promise<'absent' | 'deleted' | 'foreign' | 'remaining'> {
  const live = await lookAt(session, ref, signal);
  if (!live) return 'absent';
  const liveUid = live.metadata.uid ?? '';
  if (ownershipOf(live, deploymentId) !== 'ours' || (uid !== undefined && uid !== liveUid)) return 'foreign';
  // In the foreground: what the object owns goes first, so that nothing is left running when we say it is gone.
  await session.delete(ref, { uid: liveUid }, { signal, policy: 'Foreground' });
  while (Date.now() < until) {
    signal.throwIfAborted();
    const still = await lookAt(session, ref, signal);
    if (!still || still.metadata.uid !== liveUid) return 'deleted';
    progress({ waitingFor: `${ref.kind} ${ref.name} to go${finalizersOf(still.metadata.finalizers)}` });
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return 'remaining';
}

function finalizersOf(finalizers: string[] | undefined): string {
  const own = (finalizers ?? []).filter((name) => name !== 'foregroundDeletion');
  return own.length > 0 ? ` (finalizers ${own.join(', ')})` : '';
}

/** An object of a kind that the cluster does not serve (any more) is not there. */
async function lookAt(session: ClusterSession, ref: ObjectRef, signal: AbortSignal) {
  try {
    return await session.get(ref, { signal });
  } catch (error) {
    if (error instanceof ChandleryError && (error.code === 'api_unknown' || error.code === 'namespace_missing')) return undefined;
    throw error;
  }
}
