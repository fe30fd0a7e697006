import type { ClusterSession, KubeObject, ResourceType } from '../../src/domain/cluster.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { groupOf, refText } from '../../src/domain/object-ref.ts';
import { resolveTokens } from '../../src/domain/render/secret-tokens.ts';
import { isDefinition, kindsDefinedBy } from './definitions.ts';
import { namingObject } from './name-object.ts';

/** `dry` is absent when the cluster cannot try it yet. */
export interface Tried {
  live?: KubeObject | undefined;
  dry?: KubeObject;
}

/** What comes with the same plan and others of its objects need. */
export interface Coming {
  namespaces: Set<string>;
  /** `<kind> <name>` */
  roles: Set<string>;
  /** By `<apiVersion>/<kind>`. */
  kinds: Map<string, ResourceType>;
}

export function comingWith(objects: KubeObject[]): Coming {
  const of = (which: (object: KubeObject) => boolean) => objects.filter(which);
  return {
    namespaces: new Set(of(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name)),
    roles: new Set(of(isRole).map(({ kind, metadata }) => `${kind} ${metadata.name}`)),
    kinds: new Map(of(isDefinition).flatMap(kindsDefinedBy)),
  };
}

interface Trial {
  session: ClusterSession;
  force: boolean;
  signal: AbortSignal;
  /** It is probably there: then it is read while it is tried. */
  expected: boolean;
}

/** What is there, and what applying the object would make of it. Fails with what the cluster objects to. */
export async function tryObject(
  { session, force, signal, expected }: Trial,
  object: KubeObject,
  values: Record<string, string>,
  coming: Coming,
): Promise<Tried> {
  const { apiVersion, kind, metadata } = object;
  const ref = {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  };
  const read = () => session.get(ref, { signal });
  try {
    const [early, { object: dry, created }] = await Promise.all([
      expected ? read() : undefined,
      session.tryApply(resolveTokens(object, values), { force, signal }),
    ]);
    return { live: expected || created ? early : await read(), dry };
  } catch (error) {
    if (isForLater(error, object, coming)) return isUnknown(error) ? {} : { live: await read() };
    throw namingObject(error, refText(ref));
  }
}

function isForLater(error: unknown, object: KubeObject, { namespaces, roles, kinds }: Coming): boolean {
  if (!(error instanceof ChandleryError)) return false;
  if (error.code === 'namespace_missing') return namespaces.has(object.metadata.namespace ?? '');
  if (isUnknown(error)) return kinds.has(`${object.apiVersion}/${object.kind}`);
  // A binding's role is read to see that nobody gives away more than he has; where it is missing, the server says that the binding is.
  return error.details.upstreamStatus === 404 && roles.has(roleOf(object));
}

function isUnknown(error: unknown): boolean {
  return error instanceof ChandleryError && error.code === 'api_unknown';
}

const RBAC = 'rbac.authorization.k8s.io';

function isRole({ apiVersion, kind }: KubeObject): boolean {
  return groupOf(apiVersion) === RBAC && (kind === 'Role' || kind === 'ClusterRole');
}

/** `<kind> <name>` of what a binding gives; '' for anything else. */
function roleOf(object: KubeObject): string {
  const { kind, name } = (object.roleRef ?? {}) as { kind?: string; name?: string };
  return groupOf(object.apiVersion) === RBAC && kind !== undefined ? `${kind} ${name}` : '';
}
