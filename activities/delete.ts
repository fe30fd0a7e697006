import type { InventoryItem, RevisionRecord } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { objectKey, refText } from '../src/domain/object-ref.ts';
import { claimPermissions } from '../src/domain/plan/destroy-permissions.ts';
import { isKept } from '../src/domain/plan/prune.ts';
import type { Rendered } from '../src/domain/rendered.ts';
import type { Identity } from '../src/domain/store.ts';
import { claimNamespaces, claimsOf } from './cluster/claims.ts';
import { removeObjects } from './cluster/remove.ts';
import { renderedOf } from './cluster/restore.ts';
import { demandRights } from './cluster/rights.ts';
import { deploymentIdOf, sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';
import { words } from './undo-apply.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
  deleteVolumes: boolean;
  /** With `deleteVolumes`: what was there before the deployment stays all the same. Set where a deploy is taken back. */
  keepOlder?: boolean;
}

/** Objects that have finalizers get this long to go, milliseconds; what remains is listed. */
const GONE_WITHIN_MS = 120_000;

/** Deletes the objects of every revision that may still have some, last wave first. Volumes stay unless asked. */
export function createDelete(deps: ActivityDeps) {
  return createStep(deps, {
    waitsForCluster: true,
    async run({ key, requester, deleteVolumes, keepOlder = false }: Input, run) {
      const session = sessionOf(deps, requester);
      const revisions = await deps.store.deployments.revisions(key);
      const live = liveOf(revisions);
      const items = inventoryOf(live);
      const rendered = await renderedAll(deps, live);
      const asksToStay = askingToStay(rendered);
      const { items: claims } = await claimsOf(session, key, claimNamespaces(key, rendered), run.signal);
      const all = [...items, ...claims.filter((claim) => !items.some((item) => objectKey(item.ref) === objectKey(claim.ref)))];
      const isOlder = keepOlder ? olderThan(revisions) : () => false;
      // A volume is data: of everything that is kept by itself, only it may be asked for.
      const stays = (item: InventoryItem) =>
        (isKept(item.ref) || asksToStay.has(objectKey(item.ref))) &&
        !(deleteVolumes && item.ref.kind === 'PersistentVolumeClaim' && !isOlder(item));
      const going = all.filter((item) => !stays(item));
      // Before it is marked, so that a refusal leaves the deployment as it was.
      await demandRights(session, claimPermissions(going), run.signal);
      await deps.store.deployments.beginDestroy(run.context, key);
      const { deleted, foreign, remaining } = await removeObjects(session, going, deploymentIdOf(key), run, {
        waitMs: GONE_WITHIN_MS,
      });
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

/** The revisions that may still have objects in the cluster. */
export function liveOf(revisions: RevisionRecord[]): RevisionRecord[] {
  return revisions.filter(({ state }) => state === 'current' || state === 'failed' || state === 'pending');
}

/** Each object once, with the newest uid that is known. */
export function inventoryOf(live: RevisionRecord[]): InventoryItem[] {
  const items = new Map<string, InventoryItem>();
  // Its marks tell whether it is ours; a uid of an older revision must not hide one that was made anew.
  for (const revision of live.sort((a, b) => a.number - b.number))
    for (const { uid: _any, ...item } of revision.inventory) items.set(objectKey(item.ref), item);
  return [...items.values()];
}

export function renderedAll(deps: ActivityDeps, live: RevisionRecord[]): Promise<Rendered[]> {
  return Promise.all(live.map((revision) => renderedOf(deps, revision.rendered)));
}

/** Objects whose template says that they outlive their deployment. */
export function askingToStay(rendered: Rendered[]): Set<string> {
  const objects = rendered.flatMap((document) => document.objects);
  return new Set(objects.filter(({ ref, object }) => isKept(ref, object.metadata.annotations)).map(({ ref }) => objectKey(ref)));
}

/**
 * Whether an object was there before the deployment: the first revision that lists it tells, and of a set's claims the first revision
 * that looked for them. One of which that is not known counts as older.
 */
function olderThan(revisions: RevisionRecord[]): (item: InventoryItem) => boolean {
  const oldestFirst = [...revisions].sort((a, b) => a.number - b.number);
  const inventory = oldestFirst.flatMap((revision) => revision.inventory);
  const seen = oldestFirst.find(({ claims }) => claims !== undefined)?.claims;
  return ({ ref, uid }) => {
    const listed = inventory.find((item) => objectKey(item.ref) === objectKey(ref));
    if (listed) return listed.existed;
    return uid === undefined || seen === undefined || seen.includes(uid);
  };
}
