import type { KubeObject, ObjectRef } from './cluster.ts';

/** How objects are named, compared and spoken of. */

/** The reference to an object. */
export function refOf({ apiVersion, kind, metadata }: KubeObject): ObjectRef {
  return { apiVersion, kind, ...(metadata.namespace ? { namespace: metadata.namespace } : {}), name: metadata.name };
}

/** The group of an apiVersion; '' for the core group. */
export function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/**
 * Equal for two references to the same object. The version is left out: `policy/v1beta1` and `policy/v1` are two ways to read one
 * object, and a template that moves from one to the other has not dropped anything.
 */
export function objectKey({ apiVersion, kind, namespace, name }: ObjectRef): string {
  return `${groupOf(apiVersion)}/${kind}/${namespace ?? ''}/${name}`;
}

/** For people: `Deployment shop/web`, and without a namespace `ClusterRole web`. */
export function refText({ kind, namespace, name }: ObjectRef): string {
  return `${kind} ${namespace ? `${namespace}/` : ''}${name}`;
}

/** Orders references by kind, namespace, name and group, so that lists are the same on every machine. */
export function compareRefs(a: ObjectRef, b: ObjectRef): number {
  return compareText(sortKey(a), sortKey(b));
}

function sortKey(ref: ObjectRef): string {
  return [ref.kind, ref.namespace ?? '', ref.name, groupOf(ref.apiVersion)].join('\u0000');
}

/** By code unit, never by locale. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
