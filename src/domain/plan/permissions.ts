import type { AccessQuestion, ObjectRef, ResourceType } from '../cluster.ts';
import { compareText, objectKey } from '../object-ref.ts';
import { isWaitedFor } from '../readiness/readiness.ts';
import { isKept } from './prune.ts';

export interface TypedRef {
  ref: ObjectRef;
  type: ResourceType;
  /** It is a StatefulSet that makes volume claims. */
  makesClaims?: boolean;
}

export interface PermissionInput {
  /** what is applied */
  objects: TypedRef[];
  /** The inventory of the revision that is replaced: what of it is not in `objects` may be deleted, and the undo applies all of it again. */
  previous: TypedRef[];
  /** of the deployment */
  namespace: string;
  /** True when the revision, or the one that is replaced, has secret parameters, which are held in a Secret. */
  hasValues: boolean;
}

/** `delete` too, since what an operation made is taken back when it fails. */
const APPLY_VERBS = ['get', 'create', 'patch', 'delete'];
/** What is kept is never deleted, but the undo puts it back as it was. */
const RESTORE_VERBS = ['get', 'create', 'patch'];
/** The undo looks for the claims that were made in the meantime, and deletes them. */
const CLAIM_VERBS = ['list', 'get', 'delete'];
const WATCH_VERBS = ['list', 'watch'];
const VALUES_VERBS = ['get', 'create', 'delete'];

const PODS = { group: '', resource: 'pods' };
const EVENTS = { group: '', resource: 'events' };
const REPLICA_SETS = { group: 'apps', resource: 'replicasets' };
const CLAIMS = { group: '', resource: 'persistentvolumeclaims' };
const SECRETS = { group: '', resource: 'secrets' };

/** Groups whose objects make pods. */
const POD_MAKERS: ReadonlySet<string> = new Set(['apps', 'batch']);

/** Every right that carrying the plan out takes, undo included: each once, by group, resource, namespace and verb. */
export function permissionsNeeded({ objects, previous, namespace, hasValues }: PermissionInput): AccessQuestion[] {
  const questions = new Map<string, AccessQuestion>();
  const ask = (verbs: string[], what: Pick<AccessQuestion, 'group' | 'resource'>, where: string | undefined) => {
    for (const verb of verbs) {
      const question: AccessQuestion = { verb, ...what, ...(where !== undefined && { namespace: where }) };
      questions.set(keyOf(question), question);
    }
  };
  const stays = new Set(objects.map(({ ref }) => objectKey(ref)));
  const dropped = previous.filter(({ ref }) => !stays.has(objectKey(ref)));
  for (const typed of dropped) ask(isKept(typed.ref) ? RESTORE_VERBS : APPLY_VERBS, resourceOf(typed), placeOf(typed, namespace));
  for (const typed of objects) {
    const where = placeOf(typed, namespace);
    ask(APPLY_VERBS, resourceOf(typed), where);
    if (typed.makesClaims) ask(CLAIM_VERBS, CLAIMS, where);
    if (isWaitedFor(typed.ref)) ask(WATCH_VERBS, resourceOf(typed), where);
    if (!makesPods(typed)) continue;
    ask(WATCH_VERBS, PODS, where);
    ask(['list'], EVENTS, where);
    if (typed.ref.kind === 'Deployment') ask(WATCH_VERBS, REPLICA_SETS, where);
  }
  if (hasValues) ask(VALUES_VERBS, SECRETS, namespace);
  return [...questions.entries()].sort(([a], [b]) => compareText(a, b)).map(([, question]) => question);
}

function keyOf({ verb, group, resource, namespace }: AccessQuestion): string {
  return [group, resource, namespace ?? '', verb].join('\u0000');
}

function resourceOf({ type }: TypedRef): Pick<AccessQuestion, 'group' | 'resource'> {
  return { group: type.group, resource: type.plural };
}

function placeOf({ ref, type }: TypedRef, namespace: string): string | undefined {
  return type.namespaced ? (ref.namespace ?? namespace) : undefined;
}

/** Whether there will be pods to follow while waiting; a CronJob's come later, by its clock. */
function makesPods({ ref, type }: TypedRef): boolean {
  return isWaitedFor(ref) && (POD_MAKERS.has(type.group) || (type.group === '' && ref.kind === 'Pod'));
}
