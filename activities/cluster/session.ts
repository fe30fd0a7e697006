import type { ClusterSession } from '../../src/domain/cluster.ts';
import type { DeploymentKey } from '../../src/domain/deployment-store.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { Identity } from '../../src/domain/store.ts';
import type { ActivityDeps } from '../deps.ts';

/** Objects that are asked for at once; as many as the cluster's connections (src/adapters/kubernetes). */
const AT_ONCE = 8;

/** The cluster as the requester sees it: never with rights of our own. Fails with cluster_unavailable when none is configured. */
export function sessionOf(deps: ActivityDeps, requester: Identity): ClusterSession {
  if (!deps.cluster) throw new ChandleryError('cluster_unavailable', 'no cluster is configured');
  return deps.cluster.as(requester);
}

/** `<cluster>.<namespace>.<name>`, as the annotation on every object has it. */
export function deploymentIdOf({ cluster, namespace, name }: DeploymentKey): string {
  return `${cluster}.${namespace}.${name}`;
}

/** Runs it for each item, a few at once; the first failure stops the rest, and those under way are waited for. */
export async function inParallel<Item, Result>(
  items: Item[],
  run: (item: Item, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  let failure: { error: unknown } | undefined;
  const lane = async () => {
    while (next < items.length && !failure) {
      const index = next++;
      try {
        results[index] = await run(items[index] as Item, index);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, lane));
  if (failure) throw failure.error;
  return results;
}
