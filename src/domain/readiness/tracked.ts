import type { KubeObject, ObjectRef } from '../cluster.ts';
import { countAt } from '../object-fields.ts';
import { conditionsOf, conditionText, trueCondition } from './conditions.ts';
import { isSince, type ObjectEvent, timeOf } from './events.ts';
import { isQuotaText, type ReadinessFailure } from './failure.ts';
import type { TroubleKind } from './pod-trouble.ts';
import { readinessOf } from './readiness.ts';
import type { Readiness } from './rule.ts';

/** One object that is waited for. */
export interface Tracked {
  ref: ObjectRef;
  object?: KubeObject;
  readiness: Readiness;
  /** Trouble with making its pods. */
  refused?: { message: string; since: number };
  /** Milliseconds of the last event that says a pod of it was made. */
  madeAt: number;
}

/** A reason to give up, now or once it has lasted. */
export interface Trouble {
  kind: TroubleKind;
  fatal: 'now' | 'if-it-lasts';
  since: number;
  code: ReadinessFailure['code'];
  reason: string;
  message: string;
  /** the pod it is about, and the container where it is one's */
  pod?: ObjectRef;
  container?: string;
}

export function newTracked(ref: ObjectRef): Tracked {
  return { ref, readiness: { status: 'missing', message: 'not there yet' }, madeAt: 0 };
}

/** Takes in the object as it now is. */
export function update(tracked: Tracked, object: KubeObject, now: number): void {
  const more = madePods(object) > madePods(tracked.object);
  tracked.object = object;
  tracked.readiness = readinessOf(object);
  const failure = trueCondition(object, 'ReplicaFailure');
  if (failure) refuse(tracked, conditionText(failure), now);
  // Controllers without that condition say by an event that they may not make a pod, and by nothing that they may again.
  else if (more || tracked.readiness.status === 'ready' || !TELLS_BY_EVENT.has(object.kind)) delete tracked.refused;
}

/** How many pods a controller says it has, of whatever kind it is. */
function madePods(object: KubeObject | undefined): number {
  const counts = ['replicas', 'currentNumberScheduled', 'active'].map((name) => countAt(object, 'status', name) ?? 0);
  return Math.max(...counts);
}

/** Controllers that can tell only by an event that they may not make a pod. */
const TELLS_BY_EVENT: ReadonlySet<string> = new Set(['StatefulSet', 'DaemonSet', 'Job']);

/** Takes in an event about the object. `since`: milliseconds; older ones are of an earlier attempt. */
export function hear(tracked: Tracked, event: ObjectEvent, since: number, now: number): void {
  if (!isSince(event, since) || !TELLS_BY_EVENT.has(tracked.ref.kind)) return;
  const at = timeOf(event);
  if (event.reason === 'SuccessfulCreate') {
    tracked.madeAt = Math.max(tracked.madeAt, at);
    delete tracked.refused;
  } else if (event.reason === 'FailedCreate' && at >= tracked.madeAt) refuse(tracked, event.message, now);
}

function refuse(tracked: Tracked, message: string, now: number): void {
  tracked.refused = { message, since: tracked.refused?.since ?? now };
}

/** The object's own trouble, its pods' left aside. */
export function ownTrouble({ object, readiness, refused }: Tracked): Trouble | undefined {
  if (readiness.status === 'failed') {
    const message = readiness.message ?? 'failed';
    return { kind: 'replicas', fatal: 'now', since: 0, code: codeOf(message), reason: failureReason(object), message };
  }
  if (!refused || readiness.status === 'ready') return undefined;
  const { message, since } = refused;
  return { kind: 'replicas', fatal: 'if-it-lasts', since, code: codeOf(message), reason: 'FailedCreate', message };
}

/** Kubernetes' word for why an object has failed. */
function failureReason(object: KubeObject | undefined): string {
  const conditions = conditionsOf(object);
  const late = conditions.find(({ reason }) => reason === 'ProgressDeadlineExceeded');
  const stopped = conditions.find(({ type, status }) => status === 'True' && (type === 'Failed' || type === 'Stalled'));
  return late?.reason ?? stopped?.reason ?? 'Failed';
}

function codeOf(message: string): ReadinessFailure['code'] {
  return isQuotaText(message) ? 'quota_exceeded' : 'not_ready';
}
