import type { ClusterSession, KubeObject, ObjectList, ObjectRef } from '../domain/cluster.ts';
import { DEPLOYMENT_LABEL } from '../domain/cluster.ts';
import type { InventoryItem, ResourceView } from '../domain/deployment.ts';
import { deploymentLabelValue } from '../domain/deployment-label.ts';
import type { DeploymentKey } from '../domain/deployment-store.ts';
import { ChandleryError } from '../domain/errors.ts';
import { objectKey, refOf } from '../domain/object-ref.ts';
import type { ObjectEvent } from '../domain/readiness/events.ts';
import { eventOf, timeOf } from '../domain/readiness/events.ts';
import { readinessOf } from '../domain/readiness/readiness.ts';
import { inBatches } from './in-batches.ts';

/** A deployment as it is in the cluster, read as the requesting user. Nothing of it is kept. */

const LIMITS = Object.freeze({
  /** reads at once; the cluster's client has about as many connections */
  atOnce: 8,
  /** pods that are listed; more say nothing more */
  pods: 200,
  /** events of a namespace that are looked through: they come by name, so all have to be read to find the newest */
  eventsRead: 2_000,
  /** events that are answered */
  events: 200,
});

/** What makes pods, and says why it cannot: their events belong to the deployment like those of its own objects. */
const MADE_KINDS = [
  { apiVersion: 'v1', kind: 'Pod' },
  { apiVersion: 'apps/v1', kind: 'ReplicaSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
];

/** The objects of a revision as they are. One that may not be read is `unknown`; fails with forbidden when none may be. */
export async function readResources(
  session: ClusterSession,
  inventory: readonly InventoryItem[],
  signal: AbortSignal,
): Promise<ResourceView[]> {
  const refusals: ChandleryError[] = [];
  const resources = await inBatches(inventory, LIMITS.atOnce, async (item) => {
    try {
      return viewOf(item, await session.get(item.ref, { signal }));
    } catch (error) {
      if (!(error instanceof ChandleryError)) throw error;
      // Its kind or its namespace went, and it with them.
      if (error.code === 'api_unknown' || error.code === 'namespace_missing') return viewOf(item, undefined);
      if (error.code !== 'forbidden') throw error;
      refusals.push(error);
      return { ...item.ref, status: 'unknown' as const, message: `you may not read it: ${error.message}` };
    }
  });
  const [first] = refusals;
  if (first && refusals.length === inventory.length) throw first;
  return resources;
}

function viewOf({ ref, uid }: InventoryItem, object: KubeObject | undefined): ResourceView {
  if (!object) return { ...ref, status: 'missing', message: 'it is not in the cluster' };
  if (uid !== undefined && object.metadata.uid !== uid)
    return { ...ref, status: 'missing', message: 'it was deleted, and another object has its name now' };
  return resourceOf(object);
}

/** An object with its readiness. */
function resourceOf(object: KubeObject): ResourceView {
  const { uid, generation, creationTimestamp } = object.metadata;
  return {
    ...refOf(object),
    ...(uid !== undefined && { uid }),
    ...(generation !== undefined && { generation }),
    ...readinessOf(object),
    ...(creationTimestamp !== undefined && { createdAt: creationTimestamp }),
  };
}

/** The pods that carry the deployment's label. Fails with forbidden. */
export async function readPods(
  session: ClusterSession,
  key: DeploymentKey,
  signal: AbortSignal,
): Promise<{ pods: ResourceView[]; truncated: boolean }> {
  const { items, truncated } = await listMade(session, key, { apiVersion: 'v1', kind: 'Pod' }, signal);
  return { pods: items.map(resourceOf), truncated };
}

function listMade(
  session: ClusterSession,
  { namespace, name }: DeploymentKey,
  type: { apiVersion: string; kind: string },
  signal: AbortSignal,
): Promise<ObjectList> {
  const labelSelector = `${DEPLOYMENT_LABEL}=${deploymentLabelValue(name)}`;
  return session.list({ ...type, namespace, labelSelector }, { signal, limit: LIMITS.pods });
}

/** Kubernetes events of its objects and of what they made, newest first. Fails with forbidden when events may not be read. */
export async function readEvents(
  session: ClusterSession,
  key: DeploymentKey,
  inventory: readonly InventoryItem[],
  signal: AbortSignal,
): Promise<{ events: ObjectEvent[]; truncated: boolean }> {
  const known = new Set(inventory.map(({ ref }) => objectKey(ref)));
  for (const ref of await madeRefs(session, key, signal)) known.add(objectKey(ref));
  const namespaces = [...new Set([key.namespace, ...inventory.flatMap(({ ref }) => ref.namespace ?? [])])];
  const lists = await inBatches(namespaces, LIMITS.atOnce, (namespace) =>
    session.list({ apiVersion: 'v1', kind: 'Event', namespace }, { signal, limit: LIMITS.eventsRead }),
  );
  const events = lists
    .flatMap(({ items }) => items.flatMap((item) => eventOf(item) ?? []))
    .filter(({ about }) => known.has(objectKey(about)));
  return {
    events: newestFirst(events).slice(0, LIMITS.events),
    truncated: lists.some((list) => list.truncated) || events.length > LIMITS.events,
  };
}

/** Those without a time come last. */
function newestFirst(events: ObjectEvent[]): ObjectEvent[] {
  return events.toSorted((a, b) => timeOf(b) - timeOf(a));
}

/** A kind that may not be listed has no events here; those of the other kinds are still worth showing. */
async function madeRefs(session: ClusterSession, key: DeploymentKey, signal: AbortSignal): Promise<ObjectRef[]> {
  const lists = await inBatches(MADE_KINDS, LIMITS.atOnce, async (type) => {
    try {
      return (await listMade(session, key, type, signal)).items;
    } catch (error) {
      if (error instanceof ChandleryError && error.code === 'forbidden') return [];
      throw error;
    }
  });
  return lists.flat().map(refOf);
}
