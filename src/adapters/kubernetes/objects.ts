import type { V1Status } from '@kubernetes/client-node';
import {
  type ApplyOptions,
  type CallOptions,
  FIELD_MANAGER,
  type KubeObject,
  type ObjectRef,
  type ResourceType,
} from '../../domain/cluster.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { parseJson } from './discovery.ts';
import { replyFailure } from './failures.ts';
import { namespacedPath, objectPath, query } from './paths.ts';
import type { SessionContext } from './session-context.ts';
import { type Asked, readFailure, subjectOf } from './status.ts';

/** Single objects. Each function is one request, but for the reads that settle a conflict. */

/** Undefined when it is not there. */
export async function getObject(session: SessionContext, ref: ObjectRef, options?: CallOptions): Promise<KubeObject | undefined> {
  const type = await session.typeOf(ref, options?.signal);
  return getOf(session, type, ref, options);
}

async function getOf(session: SessionContext, type: ResourceType, ref: ObjectRef, options?: CallOptions) {
  const reply = await session.call({ method: 'GET', path: objectPath(type, ref.namespace, ref.name), signal: options?.signal });
  if (reply.status === 200) return parseJson<KubeObject>(reply);
  // A missing namespace is an object that is not there; a path the server does not know has no name in its answer.
  if (reply.status === 404 && readFailure(reply).name !== '') return undefined;
  throw replyFailure(reply, askedOf(session, 'get', type, ref));
}

/** Server-side apply as manager `chandlery` unless another is named; the object's own namespace and name say where. */
export async function applyObject(session: SessionContext, object: KubeObject, options: ApplyOptions = {}): Promise<KubeObject> {
  const { reply, asked } = await sendApply(session, object, options);
  if (reply.status !== 200 && reply.status !== 201) throw replyFailure(reply, asked);
  return parseJson<KubeObject>(reply);
}

const CREATED = 201;

/** What applying it would make of the object, and whether it would make a new one. */
export async function tryApplyObject(
  session: SessionContext,
  object: KubeObject,
  options: Omit<ApplyOptions, 'dryRun'> = {},
): Promise<{ object: KubeObject; created: boolean }> {
  const { reply, asked } = await sendApply(session, object, { ...options, dryRun: true });
  if (reply.status !== 200 && reply.status !== CREATED) throw replyFailure(reply, asked);
  return { object: parseJson<KubeObject>(reply), created: reply.status === CREATED };
}

/**
 * No object has it: resource versions are the store's revisions, and the first of those is an empty store's. So it fits only an
 * object that is not there, and one that is there answers 409, also to `force`.
 */
const NO_RESOURCE_VERSION = '1';

/** Undefined when there is such an object already, or when the server cannot tell: then a read can. */
export async function applyNewObject(
  session: SessionContext,
  object: KubeObject,
  options: CallOptions = {},
): Promise<KubeObject | undefined> {
  const fresh = { ...object, metadata: { ...object.metadata, resourceVersion: NO_RESOURCE_VERSION } };
  const { reply, asked } = await sendApply(session, fresh, options);
  if (reply.status === 409) return undefined;
  if (reply.status !== 200 && reply.status !== 201) throw replyFailure(reply, asked);
  return parseJson<KubeObject>(reply);
}

async function sendApply(session: SessionContext, object: KubeObject, options: ApplyOptions) {
  const ref = refOf(object);
  const type = await session.typeOf(ref, options.signal);
  const parameters = query({
    fieldManager: options.fieldManager ?? FIELD_MANAGER,
    force: String(options.force === true),
    fieldValidation: 'Strict',
    dryRun: options.dryRun ? 'All' : undefined,
  });
  const reply = await session.call({
    method: 'PATCH',
    path: objectPath(type, ref.namespace, ref.name) + parameters,
    contentType: 'application/apply-patch+yaml',
    body: JSON.stringify(object),
    signal: options.signal,
  });
  if (ref.kind === 'CustomResourceDefinition' && !options.dryRun) session.discovery.forget(ref.name);
  return { reply, asked: askedOf(session, 'patch', type, ref) };
}

/** JSON merge patch; undefined when the object is not there. */
export async function mergePatchObject(
  session: SessionContext,
  ref: ObjectRef,
  patch: Record<string, unknown>,
  options: CallOptions & { fieldManager?: string } = {},
): Promise<KubeObject | undefined> {
  const type = await session.typeOf(ref, options.signal);
  const parameters = query({ fieldManager: options.fieldManager ?? FIELD_MANAGER, fieldValidation: 'Strict' });
  const reply = await session.call({
    method: 'PATCH',
    path: objectPath(type, ref.namespace, ref.name) + parameters,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify(patch),
    signal: options.signal,
  });
  if (reply.status === 200) return parseJson<KubeObject>(reply);
  if (reply.status === 404 && readFailure(reply).name !== '') return undefined;
  throw replyFailure(reply, askedOf(session, 'patch', type, ref));
}

/** Creates it, or answers the one that is there. */
export async function createObject(
  session: SessionContext,
  object: KubeObject,
  options?: CallOptions,
): Promise<{ object: KubeObject; created: boolean }> {
  const ref = refOf(object);
  const type = await session.typeOf(ref, options?.signal);
  // Checks the name, which is only in the body of this request.
  objectPath(type, ref.namespace, ref.name);
  const path = namespacedPath(type, ref.namespace) + query({ fieldManager: FIELD_MANAGER, fieldValidation: 'Strict' });
  const reply = await session.call({ method: 'POST', path, body: JSON.stringify(object), signal: options?.signal });
  if (reply.status === 201) return { object: parseJson(reply), created: true };
  const asked = askedOf(session, 'create', type, ref);
  if (reply.status !== 409 || readFailure(reply).reason !== 'AlreadyExists') throw replyFailure(reply, asked);
  const existing = await getOf(session, type, ref, options);
  if (existing) return { object: existing, created: false };
  throw new ChandleryError('cluster_unavailable', `${subjectOf(asked)} was there and was deleted at the same moment`);
}

/** Deletes exactly the object of that uid. Fails with `field_conflict` when only its resource version is another. */
export async function deleteObject(
  session: SessionContext,
  ref: ObjectRef,
  preconditions: { uid: string; resourceVersion?: string },
  options: CallOptions & { policy?: 'Background' | 'Foreground' | 'Orphan' } = {},
): Promise<'deleted' | 'absent' | 'terminating'> {
  const type = await session.typeOf(ref, options.signal);
  // An empty uid would be no precondition at all.
  if (preconditions.uid === '') throw new ChandleryError('internal', `a delete of ${ref.kind} ${ref.name} without a uid`);
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions, propagationPolicy: options.policy ?? 'Background' };
  const reply = await session.call({
    method: 'DELETE',
    path: objectPath(type, ref.namespace, ref.name),
    body: JSON.stringify(body),
    signal: options.signal,
  });
  if (reply.status === 200 || reply.status === 202) return outcomeOf(parseJson<KubeObject | V1Status>(reply));
  const asked = askedOf(session, 'delete', type, ref);
  if (reply.status === 404 && readFailure(reply).name !== '') return 'absent';
  if (reply.status !== 409) throw replyFailure(reply, asked);
  return settleConflict(session, type, ref, { ...preconditions, refusal: replyFailure(reply, asked) }, options);
}

/** Which precondition did not hold is only in the server's prose; the object itself says it for certain. */
async function settleConflict(
  session: SessionContext,
  type: ResourceType,
  ref: ObjectRef,
  { uid, resourceVersion, refusal }: { uid: string; resourceVersion?: string; refusal: ChandleryError },
  options: CallOptions,
): Promise<'absent'> {
  const now = await getOf(session, type, ref, options);
  if (now?.metadata.uid !== uid) return 'absent';
  if (resourceVersion === undefined || now.metadata.resourceVersion === resourceVersion) throw refusal;
  throw new ChandleryError('field_conflict', `${ref.kind} ${ref.name} has changed since it was read`, {
    conflicts: [{ field: '.metadata.resourceVersion', manager: 'somebody else' }],
  });
}

/** The server answers a Status when the object is gone, and the object when something still holds it. */
function outcomeOf(answer: KubeObject | V1Status): 'deleted' | 'terminating' {
  return answer.kind !== 'Status' && answer.metadata && 'deletionTimestamp' in answer.metadata ? 'terminating' : 'deleted';
}

function refOf({ apiVersion, kind, metadata: { namespace, name } }: KubeObject): ObjectRef {
  return { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) };
}

export function askedOf(
  session: SessionContext,
  verb: string,
  type: ResourceType,
  ref: { namespace?: string; name?: string },
): Asked {
  const { group, plural: resource, kind, namespaced } = type;
  return {
    verb,
    group,
    resource,
    kind,
    identity: session.identity,
    ...(namespaced && { namespace: ref.namespace }),
    name: ref.name,
  };
}
