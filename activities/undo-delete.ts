import type { ClusterSession } from '../src/domain/cluster.ts';
import type { InventoryItem } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import type { StepRequest } from '../src/domain/effects.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { jsonDigest } from '../src/domain/json-digest.ts';
import type { Identity } from '../src/domain/store.ts';
import type { StepRun } from './attempt.ts';
import { runAttempt } from './attempt.ts';
import { restoreRevision } from './cluster/restore.ts';
import { inParallel, sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import type { StepAnswer } from './step.ts';
import { asUndoForbidden, words } from './undo-apply.ts';
import type { Undone } from './undo-effect.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
}

/** A destroy that does not come to its end puts back what it deleted: the current revision, with the values it had. */
export function createUndoDelete(deps: ActivityDeps) {
  return (request: StepRequest<Input>): Promise<StepAnswer<Undone>> =>
    runAttempt(
      deps,
      request,
      async (run) => {
        const value = await putBack(deps, request.input, run).catch((error: unknown) => {
          throw asUndoForbidden(error, request.input);
        });
        return {
          value,
          digest: jsonDigest(value),
          kept: false,
          detail: value.undone ? 'what was deleted is back' : 'nothing was deleted',
        };
      },
      { unlimited: true },
    );
}

async function putBack(deps: ActivityDeps, { key, requester }: Input, run: StepRun): Promise<Undone> {
  const { deployments } = deps.store;
  await deployments.raiseFence(run.context);
  const deployment = await deployments.get(key);
  if (deployment?.state !== 'destroying') return { undone: false, warnings: [] };
  const current = await deployments.revision(key, deployment.revision);
  if (!current) return { undone: false, warnings: ['it has no revision to put back'] };
  const session = sessionOf(deps, requester);
  // Whoever was refused at the first deletion could not apply everything again either.
  if (await isWhole(session, current.inventory, run.signal)) {
    await deployments.keep(run.context, key, current.number, current.inventory);
    return { undone: false, warnings: [] };
  }
  const { inventory, foreign } = await restoreRevision(deps, session, key, current, run);
  await deployments.keep(run.context, key, current.number, inventory);
  return { undone: true, warnings: words(foreign, 'belongs to somebody else now and was left') };
}

/** Whether every object is there, the same one as before, and stays. */
async function isWhole(session: ClusterSession, inventory: InventoryItem[], signal: AbortSignal): Promise<boolean> {
  const stands = await inParallel(inventory, async ({ ref, uid }) => {
    const metadata = (await session.get(ref, { signal }).catch(absentWithItsKind))?.metadata;
    return metadata?.uid !== undefined && metadata.uid === uid && metadata.deletionTimestamp === undefined;
  });
  return stands.every(Boolean);
}

function absentWithItsKind(error: unknown): undefined {
  if (error instanceof ChandleryError && (error.code === 'api_unknown' || error.code === 'namespace_missing')) return undefined;
  throw error;
}
