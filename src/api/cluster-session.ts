import type { Request } from 'express';
import type { Cluster, ClusterSession } from '../domain/cluster.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { RegistrySet } from '../domain/registry.ts';
import { type SourceRegistries, withSources } from '../domain/sources/for-user.ts';
import { requesterOf } from './auth.ts';

/** The cluster as the requesting user. Fails with cluster_unavailable where this server has none. */
export function sessionOf(cluster: Cluster | undefined, request: Request): ClusterSession {
  if (!cluster)
    throw new ChandleryError('cluster_unavailable', 'this server has no cluster: it can search and install, not deploy');
  return cluster.as(requesterOf(request));
}

/** The registries as the requesting user has them: with the sources of namespaces that he may read. */
export function registriesFor(
  {
    cluster,
    registries,
    sources,
  }: { cluster?: Cluster | undefined; registries: RegistrySet; sources?: SourceRegistries | undefined },
  request: Request,
): RegistrySet {
  return sources ? withSources(registries, { sources, session: () => sessionOf(cluster, request) }) : registries;
}
