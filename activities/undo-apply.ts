import type { ClusterSession, ObjectRef } from '../src/domain/cluster.ts';
import type { InventoryItem, RevisionRecord } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import type { StepRequest } from '../src/domain/effects.ts';
import type { ErrorCode } from '../src/domain/errors.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { jsonDigest } from '../src/domain/json-digest.ts';
import { refText } from '../src/domain/object-ref.ts';
import type { Identity } from '../src/domain/store.ts';
import type { StepRun } from './attempt.ts';
import { runAttempt } from './attempt.ts';
import { claimsSince } from './cluster/claims.ts';
import { removeObjects } from './cluster/remove.ts';
import { renderedOf, restoreRevision } from './cluster/restore.ts';
import { deploymentIdOf, sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import type { StepAnswer } from './step.ts';
import type { Undone } from './undo-effect.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
  keepFailed: boolean;
  /** Why the operation ends; absent when it was cancelled. */
  because?: { code: ErrorCode; message: string };
}

/** Objects that have finalizers get this long to go, milliseconds; what remains then is listed. */
const GONE_WITHIN_MS = 60_000;

/** Makes the cluster what it was before this operation's revision: back to the previous one, or nothing where there was none. */
export function createUndoApply(deps: ActivityDeps) {
  return (request: StepRequest<Input>): Promise<StepAnswer<Undone>> =>
    runAttempt(
      deps,
      request,
      async (run) => {
        const value = await undo(deps, request.input, run).catch((error: unknown) => {
          throw asUndoForbidden(error, request.input);
        });
        await deps.onMoment?.('undo-apply', 'after');
        return {
          value,
          digest: jsonDigest(value),
          kept: false,
          detail: value.undone ? 'the cluster is as it was' : 'nothing was taken back',
        };
      },
      { unlimited: true },
    );
}

async function undo(deps: ActivityDeps, { key, requester, keepFailed, because }: Input, run: StepRun): Promise<Undone> {
  const { deployments } = deps.store;
  // First of all: a late attempt of the step, on a worker that was thought dead, can then no longer begin anything or write its inventory.
  await deployments.raiseFence(run.context);
  const begun = await deployments.begun(run.context, key);
  if (!begun) return { undone: false, warnings: [] };
  if (begun.revision.state === 'undone') return { undone: true, warnings: [] };
  const failure = because && { failure: because };
  const { revision, previous } = begun;
  if (keepFailed && because) {
    await deployments.abandon(run.context, key, revision.number, { state: 'failed', ...failure });
    return {
      undone: false,
      warnings: [`revision ${revision.number} was left as it is, failed, because keepFailed was asked for`],
    };
  }
  const session = sessionOf(deps, requester);
  const id = deploymentIdOf(key);
  const { foreign, remaining } = await removeObjects(session, newOf(revision.inventory), id, run, { waitMs: GONE_WITHIN_MS });
  await deps.onMoment?.('undo-apply', 'between');
  const restored = previous && (await restoreRevision(deps, session, key, previous, run));
  // After that, so that sets which are there have the replicas they had: claims of those are in use.
  const claims = await removeClaims(deps, session, key, revision, run);
  if (revision.values) await removeObjects(session, [valuesItem(key, revision.values)], id, run, { waitMs: GONE_WITHIN_MS });
  await deployments.abandon(run.context, key, revision.number, {
    state: 'undone',
    ...failure,
    ...(restored && { restored: restored.inventory }),
  });
  return {
    undone: true,
    warnings: [
      ...words([...foreign, ...(restored?.foreign ?? [])], 'belongs to somebody else now and was left'),
      ...words([...remaining, ...claims.remaining], 'still waits for its finalizers'),
      ...(claims.told ? [] : ['its volume claims were left: which of them are older than the revision is not known']),
    ],
  };
}

/** The claims that its StatefulSets made in the meantime; whatever was there before the revision stays. */
async function removeClaims(
  deps: ActivityDeps,
  session: ClusterSession,
  key: DeploymentKey,
  revision: RevisionRecord,
  run: StepRun,
): Promise<{ remaining: ObjectRef[]; told: boolean }> {
  const rendered = await renderedOf(deps, revision.rendered);
  const { items, told } = await claimsSince(session, key, revision, rendered, run.signal);
  const { remaining } = await removeObjects(session, items, deploymentIdOf(key), run, { waitMs: GONE_WITHIN_MS });
  return { remaining, told };
}

/** What was not there before. */
function newOf(inventory: InventoryItem[]): InventoryItem[] {
  return inventory.filter((item) => !item.existed);
}

function valuesItem(key: DeploymentKey, { name, uid }: { name: string; uid?: string }): InventoryItem {
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace: key.namespace, name };
  return { ref, wave: 0, existed: false, ...(uid !== undefined && { uid }) };
}

export function words(refs: ObjectRef[], what: string): string[] {
  return refs.map((ref) => `${refText(ref)} ${what}`);
}

/** Undo with rights that were taken away waits for them, in view. */
export function asUndoForbidden(error: unknown, { requester }: { requester: Identity }): unknown {
  if (!(error instanceof ChandleryError) || error.code !== 'forbidden') return error;
  return new ChandleryError(
    'undo_forbidden',
    `the undo needs rights that ${requester.user} no longer has: ${error.message}`,
    error.details,
    { cause: error },
  );
}
