import type { Request } from 'express';
import type { Cluster, ClusterSession } from '../domain/cluster.ts';
import { ChandleryError } from '../domain/errors.ts';
import { requesterOf } from './auth.ts';

/** The cluster as the requesting user. Fails with cluster_unavailable where this server has none. */
export function sessionOf(cluster: Cluster | undefined, request: Request): ClusterSession {
  if (!cluster)
    throw new ChandleryError('cluster_unavailable', 'this server has no cluster: it can search and install, not deploy');
  return cluster.as(requesterOf(request));
}
