import type { ClusterSession } from '../src/domain/cluster.ts';
import { DEPLOYMENT_LABEL } from '../src/domain/cluster.ts';
import type { InventoryItem, RevisionRecord } from '../src/domain/deployment.ts';
import { deploymentLabelValue } from '../src/domain/deployment-label.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { objectKey, refText } from '../src/domain/object-ref.ts';
import { isKept } from '../src/domain/plan/prune.ts';
import type { Identity } from '../src/domain/store.ts';
import { removeObjects } from './cluster/remove.ts';
import { renderedOf } from './cluster/restore.ts';
import { deploymentIdOf, sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';
import { words } from './undo-apply.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
  deleteVolumes: boolean;
}

/** Objects that have finalizers get this long to go, milliseconds; what remains is listed. */
const GONE_WITHIN_MS = 120_000;
/** Claims that a StatefulSet made; more than this many replicas with volumes is no deployment of ours. */
const MAX_CLAIMS = 500;

/** Deletes the objects of every revision that may still have some, last wave first. Volumes stay unless asked. */
export function createDelete(deps: ActivityDeps) {
  return createStep(deps, {
    waitsForCluster: true,
    async run({ key, requester, deleteVolumes }: Input, run) {
      const session = sessionOf(deps, requester);
      const { revisions } = await deps.store.deployments.beginDestroy(run.context, key);
      const live = revisions.filter(({ state }) => state === 'current' || state === 'failed' || state === 'pending');
      const items = inventoryOf(live);
      const asksToStay = await keptByAnnotation(deps, live);
      const claims = await claimsOf(session, key, run.signal);
      const all = [...items, ...claims.filter((claim) => !items.some((item) => objectKey(item.ref) === objectKey(claim.ref)))];
      // A volume is data: of everything that is kept by itself, only it may be asked for.
      const stays = ({ ref }: InventoryItem) =>
        (isKept(ref) || asksToStay.has(objectKey(ref))) && !(deleteVolumes && ref.kind === 'PersistentVolumeClaim');
      const { deleted, foreign, remaining } = await removeObjects(
        session,
        all.filter((item) => !stays(item)),
        deploymentIdOf(key),
        run,
        { waitMs: GONE_WITHIN_MS },
      );
      const kept = all.filter(stays).map(({ ref }) => refText(ref));
      const warnings = [
        ...words(foreign, 'belongs to somebody else now and was left'),
        ...words(remaining, 'still waits for its finalizers'),
      ];
      return { deleted, kept, warnings };
    },
    describe: ({ deleted, kept, warnings }) => ({
      detail: `${deleted} deleted${kept.length > 0 ? `, kept: ${kept.join(', ')}` : ''}`,
      ...(warnings.length > 0 && { warnings }),
    }),
    ensure: async (_value, _input, { context }) => context.keep === undefined,
  });
}

/** Each object once, with the newest uid that is known. */
function inventoryOf(live: RevisionRecord[]): InventoryItem[] {
  const items = new Map<string, InventoryItem>();
  // Its marks tell whether it is ours; a uid of an older revision must not hide one that was made anew.
  for (const revision of live.sort((a, b) => a.number - b.number))
    for (const { uid: _any, ...item } of revision.inventory) items.set(objectKey(item.ref), item);
  return [...items.values()];
}

/** Objects whose template says that they outlive their deployment. */
async function keptByAnnotation(deps: ActivityDeps, live: RevisionRecord[]): Promise<Set<string>> {
  const rendered = await Promise.all(live.map((revision) => renderedOf(deps, revision.rendered)));
  const objects = rendered.flatMap((document) => document.objects);
  return new Set(objects.filter(({ ref, object }) => isKept(ref, object.metadata.annotations)).map(({ ref }) => objectKey(ref)));
}

/** What a StatefulSet's claims are is in no inventory: the cluster made them. */
async function claimsOf(session: ClusterSession, key: DeploymentKey, signal: AbortSignal): Promise<InventoryItem[]> {
  const labelSelector = `${DEPLOYMENT_LABEL}=${deploymentLabelValue(key.name)}`;
  const selection = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: key.namespace, labelSelector };
  const { items } = await session.list(selection, { signal, limit: MAX_CLAIMS });
  return items.map(({ metadata }) => ({
    ref: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace: key.namespace, name: metadata.name },
    wave: 0,
    existed: true,
    ...(metadata.uid !== undefined && { uid: metadata.uid }),
  }));
}
