import type { ResourceType } from '../../domain/cluster.ts';
import { ChandleryError } from '../../domain/errors.ts';

/** `/api/v1` or `/apis/<group>/<version>` of an apiVersion. */
export function groupVersionPath(apiVersion: string): string {
  const { group, version } = splitApiVersion(apiVersion);
  return group === ''
    ? `/api/${segment(version, 'apiVersion')}`
    : `/apis/${segment(group, 'apiVersion')}/${segment(version, 'apiVersion')}`;
}

export function splitApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** The path of all objects of a kind; of one namespace where it is named. */
export function collectionPath(type: ResourceType, namespace: string | undefined): string {
  const base = groupVersionPath(type.group === '' ? type.version : `${type.group}/${type.version}`);
  const within = type.namespaced && namespace !== undefined ? `/namespaces/${segment(namespace, 'namespace')}` : '';
  return `${base}${within}/${type.plural}`;
}

/**
 * The path of one object. Fails with `object_invalid` for a name that would name something else: an empty one the whole
 * collection (a delete would empty it), one with a slash or of dots another path.
 */
export function objectPath(type: ResourceType, namespace: string | undefined, name: string): string {
  return `${namespacedPath(type, namespace)}/${segment(name, 'name')}`;
}

/** The collection an object is created in. Fails with `object_invalid` where the kind needs a namespace and none is given. */
export function namespacedPath(type: ResourceType, namespace: string | undefined): string {
  if (type.namespaced && namespace === undefined) {
    throw refused(`a ${type.kind} needs a namespace, and none is named`, '/metadata/namespace');
  }
  return collectionPath(type, namespace);
}

/** The query, parameters that are undefined left out. */
export function query(parameters: Record<string, string | number | undefined>): string {
  const pairs = Object.entries(parameters).filter(([, value]) => value !== undefined);
  if (pairs.length === 0) return '';
  return `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join('&')}`;
}

function segment(text: string, what: string): string {
  if (text === '' || text === '.' || text === '..' || text.includes('/') || text.includes('%')) {
    throw refused(
      `${JSON.stringify(text)} is not a ${what} of Kubernetes`,
      what === 'apiVersion' ? '/apiVersion' : `/metadata/${what}`,
    );
  }
  return encodeURIComponent(text);
}

function refused(message: string, path: string): ChandleryError {
  return new ChandleryError('object_invalid', message, { issues: [{ path, message }] });
}
