import type { ClusterSession } from '../../src/domain/cluster.ts';
import { DEPLOYMENT_LABEL } from '../../src/domain/cluster.ts';
import type { InventoryItem, RevisionRecord } from '../../src/domain/deployment.ts';
import { deploymentLabelValue } from '../../src/domain/deployment-label.ts';
import type { DeploymentKey } from '../../src/domain/deployment-store.ts';
import type { ClaimingSet } from '../../src/domain/plan/claims.ts';
import { claimingSets, isClaimOf, isUsedBy } from '../../src/domain/plan/claims.ts';
import type { Rendered } from '../../src/domain/rendered.ts';
import { inParallel } from './session.ts';

/** Claims that StatefulSets made; more than this many replicas with volumes is no deployment of ours. */
const MAX_CLAIMS = 500;

/** The deployment's own namespace, and those of its StatefulSets that make claims. */
export function claimNamespaces(key: DeploymentKey, rendered: Array<Pick<Rendered, 'objects'>>): string[] {
  const sets = rendered.flatMap(({ objects }) => claimingSets(objects));
  return [...new Set([key.namespace, ...sets.map(({ ref }) => ref.namespace ?? key.namespace)])];
}

/** What a StatefulSet's claims are is in no inventory: the cluster made them. They are found by their label; `all` is false when there are too many. */
export async function claimsOf(
  session: ClusterSession,
  key: DeploymentKey,
  namespaces: string[],
  signal: AbortSignal,
): Promise<{ items: InventoryItem[]; all: boolean }> {
  const labelSelector = `${DEPLOYMENT_LABEL}=${deploymentLabelValue(key.name)}`;
  const lists = await inParallel(namespaces, async (namespace) => {
    const selection = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, labelSelector };
    const { items, truncated } = await session.list(selection, { signal, limit: MAX_CLAIMS });
    const claims = items.map(({ metadata }) => ({
      ref: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name: metadata.name },
      wave: 0,
      existed: true,
      ...(metadata.uid !== undefined && { uid: metadata.uid }),
    }));
    return { claims, truncated };
  });
  return { items: lists.flatMap(({ claims }) => claims), all: !lists.some(({ truncated }) => truncated) };
}

/** Uids of the claims that are there before a revision begins; undefined when it has no set that makes claims, or there are too many to tell. */
export async function claimsBefore(
  session: ClusterSession,
  key: DeploymentKey,
  rendered: Rendered,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  if (claimingSets(rendered.objects).length === 0) return undefined;
  const { items, all } = await claimsOf(session, key, claimNamespaces(key, [rendered]), signal);
  return all ? items.flatMap(({ uid }) => uid ?? []) : undefined;
}

/**
 * The claims that sets of this revision made since it began and that no replica uses any more, as the sets are now. `told` is false when
 * which are new is not known: then none is answered.
 */
export async function claimsSince(
  session: ClusterSession,
  key: DeploymentKey,
  revision: RevisionRecord,
  rendered: Rendered,
  signal: AbortSignal,
): Promise<{ items: InventoryItem[]; told: boolean }> {
  const sets = claimingSets(rendered.objects);
  if (sets.length === 0) return { items: [], told: true };
  const before = revision.claims && new Set(revision.claims);
  const { items, all } = await claimsOf(session, key, claimNamespaces(key, [rendered]), signal);
  const made = items.filter(({ ref }) => sets.some((set) => isOf(ref, set, key)));
  if (!before || !all) return { items: [], told: made.length === 0 };
  const live = await inParallel(sets, ({ ref }) => session.get(ref, { signal }));
  const used = ({ ref }: InventoryItem) =>
    live.some((set) => set && (set.metadata.namespace ?? key.namespace) === ref.namespace && isUsedBy(ref.name, set));
  return { items: made.filter((item) => item.uid !== undefined && !before.has(item.uid) && !used(item)), told: true };
}

function isOf(claim: InventoryItem['ref'], set: ClaimingSet, key: DeploymentKey): boolean {
  return (set.ref.namespace ?? key.namespace) === claim.namespace && isClaimOf(claim.name, set);
}
