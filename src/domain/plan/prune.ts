import type { KubeObject, ObjectRef } from '../cluster.ts';
import type { InventoryItem } from '../deployment.ts';
import { compareRefs, groupOf, objectKey } from '../object-ref.ts';

/** `true` keeps the object when its template drops it or its deployment is removed. */
const KEEP_ANNOTATION = 'chandlery.dev/keep';
/** Helm's word for the same. */
const HELM_POLICY_ANNOTATION = 'helm.sh/resource-policy';

/** Kinds whose deletion takes data or other people's objects with it: a person deletes them, never an upgrade. */
const KEPT_KINDS: ReadonlySet<string> = new Set([
  '/PersistentVolumeClaim',
  '/PersistentVolume',
  '/Namespace',
  'apiextensions.k8s.io/CustomResourceDefinition',
]);

/** Whether an object stays though its deployment no longer has it. */
export function isKept({ apiVersion, kind }: ObjectRef, annotations: Record<string, string> = {}): boolean {
  if (KEPT_KINDS.has(`${groupOf(apiVersion)}/${kind}`)) return true;
  return annotations[KEEP_ANNOTATION] === 'true' || annotations[HELM_POLICY_ANNOTATION]?.trim() === 'keep';
}

/**
 * What of the previous inventory the new revision no longer has. `objects`: the previous revision's objects, rendered or as they are in
 * the cluster, whose annotations may ask to keep them. `delete` is in the order to delete in: last wave first.
 */
export function pruneList(
  previous: InventoryItem[],
  next: ObjectRef[],
  objects: Array<{ ref: ObjectRef; object: KubeObject }> = [],
): { delete: InventoryItem[]; keep: InventoryItem[] } {
  const stays = new Set(next.map(objectKey));
  const asksToStay = new Set(
    objects.filter(({ ref, object }) => isKept(ref, object.metadata.annotations)).map(({ ref }) => objectKey(ref)),
  );
  const dropped = previous
    .filter(({ ref }) => !stays.has(objectKey(ref)))
    .sort((a, b) => b.wave - a.wave || compareRefs(a.ref, b.ref));
  const isKeptItem = ({ ref }: InventoryItem) => isKept(ref) || asksToStay.has(objectKey(ref));
  return { delete: dropped.filter((item) => !isKeptItem(item)), keep: dropped.filter(isKeptItem) };
}
