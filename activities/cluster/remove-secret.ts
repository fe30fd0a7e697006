import type { ClusterSession } from '../../src/domain/cluster.ts';
import { ownershipOf } from '../../src/domain/plan/ownership.ts';

/** Deletes a Secret of this deployment; one that is gone or is somebody else's is let be. */
export async function removeSecret(
  session: ClusterSession,
  namespace: string,
  name: string,
  deploymentId: string,
  signal: AbortSignal,
): Promise<void> {
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace, name };
  const live = await session.get(ref, { signal });
  if (live && ownershipOf(live, deploymentId) === 'ours') await session.delete(ref, { uid: live.metadata.uid ?? '' }, { signal });
}
