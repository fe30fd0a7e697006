import type { KubeObject, ObjectRef } from '../cluster.ts';
import { listAt, textAt } from '../object-fields.ts';
import { groupOf } from '../object-ref.ts';

/** Volume claims that the cluster makes for a StatefulSet, `<claim template>-<set>-<ordinal>`: they are in no inventory. */
export interface ClaimingSet {
  ref: ObjectRef;
  /** Names of its claim templates. */
  templates: string[];
}

/** The StatefulSets that make claims. */
export function claimingSets(objects: Array<{ ref: ObjectRef; object: KubeObject }>): ClaimingSet[] {
  return objects.flatMap(({ ref, object }) => {
    const templates = claimTemplatesOf(object);
    return templates.length > 0 ? [{ ref, templates }] : [];
  });
}

/** Names of the object's claim templates; none for anything but a StatefulSet. */
export function claimTemplatesOf({ apiVersion, kind, spec }: KubeObject): string[] {
  if (groupOf(apiVersion) !== 'apps' || kind !== 'StatefulSet') return [];
  return listAt(spec, 'volumeClaimTemplates').flatMap((claim) => textAt(claim, 'metadata', 'name') ?? []);
}

/** Whether the set makes claims of this name. */
export function isClaimOf(claim: string, { ref, templates }: ClaimingSet): boolean {
  return ordinalOf(claim, ref.name, templates) !== undefined;
}

/** Whether a replica that the set, as it is in the cluster, is to have uses the claim. */
export function isUsedBy(claim: string, set: KubeObject): boolean {
  if (set.metadata.deletionTimestamp !== undefined) return false;
  const ordinal = ordinalOf(claim, set.metadata.name, claimTemplatesOf(set));
  if (ordinal === undefined) return false;
  const { replicas = 1, ordinals } = (set.spec ?? {}) as { replicas?: number; ordinals?: { start?: number } };
  const start = ordinals?.start ?? 0;
  return ordinal >= start && ordinal < start + replicas;
}

function ordinalOf(claim: string, set: string, templates: string[]): number | undefined {
  for (const template of templates) {
    const prefix = `${template}-${set}-`;
    if (claim.startsWith(prefix) && /^\d+$/.test(claim.slice(prefix.length))) return Number(claim.slice(prefix.length));
  }
  return undefined;
}
