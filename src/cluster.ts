import { createCluster } from './adapters/kubernetes/index.ts';
import type { Config } from './config.ts';
import type { Cluster } from './domain/cluster.ts';
import { ChandleryError } from './domain/errors.ts';
import type { Logger } from './logger.ts';

/** The cluster of the configuration, for API and worker alike; undefined when none is configured. Fails with config_invalid for a file that is none. */
export function openCluster({ cluster }: Config, log: Logger): Cluster | undefined {
  if (!cluster) return undefined;
  return createCluster({ kubeconfig: 'kubeconfig' in cluster ? { file: cluster.kubeconfig } : { inCluster: true }, log });
}

/** Asks the cluster about tokens, where that is configured. Fails with config_invalid where there is no cluster to ask. */
export function openTokenReview({ tokenReview }: Config, cluster: Cluster | undefined) {
  if (!tokenReview) return undefined;
  if (!cluster)
    throw new ChandleryError(
      'config_invalid',
      'CHANDLERY_TOKEN_REVIEW is on and there is no cluster to review tokens: set KUBECONFIG, or turn it off',
    );
  return (token: string) => cluster.reviewToken(token, tokenReview.audiences);
}

/**
 * Has the cluster's client loaded and connected once nothing is waited for any more: its libraries take half a second, and several on
 * a busy machine, which is more than the first request has. An outage at this moment says nothing.
 */
export function warmUp(cluster: Cluster | undefined): void {
  void cluster?.version().catch(() => undefined);
}
