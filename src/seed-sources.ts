import { createCluster } from './adapters/kubernetes/index.ts';
import { ChandleryError } from './domain/errors.ts';
import { type NamespaceSeed, type Seeded, seedNamespace } from './domain/sources/seed.ts';

/** Composition root of `chandlery seed-sources`, the one command that speaks to the cluster itself: it runs before any server is there. */

/** One namespace: a handful of requests of 3 s at most. Milliseconds. */
const NAMESPACE_MS = 30_000;

export interface SeedOutcome {
  seeded: Seeded[];
  /** Namespaces that could not be seeded, and why. */
  failed: Array<{ namespace: string; error: ChandleryError }>;
}

/** Seeds every namespace, as the account of the kubeconfig (or of the pod) itself. What fails in one says nothing about the others. */
export async function seedSources(
  kubeconfig: { file: string } | { inCluster: true },
  seeds: readonly NamespaceSeed[],
): Promise<SeedOutcome> {
  const cluster = createCluster({ kubeconfig });
  const outcome: SeedOutcome = { seeded: [], failed: [] };
  try {
    for (const seed of seeds) {
      try {
        outcome.seeded.push(...(await seedNamespace(cluster.asSelf(), seed, AbortSignal.timeout(NAMESPACE_MS))));
      } catch (error) {
        outcome.failed.push({ namespace: seed.namespace, error: toFailure(error) });
      }
    }
    return outcome;
  } finally {
    await cluster.close();
  }
}

function toFailure(error: unknown): ChandleryError {
  if (error instanceof ChandleryError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new ChandleryError('cluster_unavailable', `the cluster did not answer: ${text}`, {}, { cause: error });
}
