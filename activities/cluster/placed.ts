import type { ClusterSession, KubeObject, ObjectRef, ResourceType } from '../../src/domain/cluster.ts';
import { ChandleryError } from '../../src/domain/errors.ts';

export interface PlacedObject {
  ref: ObjectRef;
  object: KubeObject;
  type: ResourceType;
}

/** The object as the cluster files it: one of a cluster-wide kind has no namespace. Fails with api_unknown. */
export async function placed(session: ClusterSession, object: KubeObject, signal: AbortSignal): Promise<PlacedObject> {
  const type = await session.resourceType(object.apiVersion, object.kind, { signal });
  if (!type)
    throw new ChandleryError(
      'api_unknown',
      `the cluster does not know ${object.apiVersion} ${object.kind} (${object.metadata.name})`,
      {
        apiVersion: object.apiVersion,
        kind: object.kind,
      },
    );
  return { type, ...filed(object, type.namespaced) };
}

/** Where an object of a namespaced or cluster-wide kind is found. */
export function filed(object: KubeObject, namespaced: boolean): { ref: ObjectRef; object: KubeObject } {
  const { apiVersion, kind, metadata } = object;
  if (namespaced || metadata.namespace === undefined) {
    const { namespace } = metadata;
    return { ref: { apiVersion, kind, name: metadata.name, ...(namespace !== undefined && { namespace }) }, object };
  }
  const { namespace: _none, ...rest } = metadata;
  return { ref: { apiVersion, kind, name: metadata.name }, object: { ...object, metadata: { ...rest, name: metadata.name } } };
}
