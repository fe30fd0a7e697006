import type { ObjectRef } from '../cluster.ts';
import type { ObjectEvent } from './events.ts';
import type { ReadinessFailure } from './failure.ts';
import { isOfCurrentVersion, type PodState, type ReplicaSetState } from './pods.ts';
import { ownTrouble, type Tracked, type Trouble } from './tracked.ts';

/** A pod, with the ReplicaSet that made it where that is known. */
export interface HeldPod {
  pod: PodState;
  replicaSet?: ReplicaSetState;
}

/** What is wrong with an object and its pods: its own trouble, then the hopeless, then what has lasted longest. */
export function troublesOf(tracked: Tracked, pods: HeldPod[]): Trouble[] {
  const own = ownTrouble(tracked);
  const ofPods = pods.flatMap((held) => podTroubleOf(tracked, held) ?? []);
  const weight = ({ fatal, since }: Trouble) => (fatal === 'now' ? -1 : since);
  ofPods.sort((a, b) => weight(a) - weight(b));
  return [...(own ? [own] : []), ...ofPods];
}

function podTroubleOf({ ref, object }: Tracked, { pod, replicaSet }: HeldPod): Trouble | undefined {
  const { trouble, troubleSince } = pod;
  if (!trouble || !object || !isOfCurrentVersion(object, pod, replicaSet)) return undefined;
  // How often a job's pod may fail is the job's own rule (backoffLimit).
  if (ref.kind === 'Job' && trouble.kind === 'crash') return undefined;
  const { kind, fatal, reason, container, message } = trouble;
  return {
    kind,
    fatal,
    since: troubleSince,
    code: 'not_ready',
    reason,
    message: `pod ${pod.ref.name}: ${message}`,
    pod: pod.ref,
    ...(container && { container }),
  };
}

/** What is known when an object is given up. */
interface Findings {
  trouble: Trouble;
  /** A pod's trouble, which may be why the object itself failed. */
  cause: Trouble | undefined;
  pods: PodState[];
  events: ObjectEvent[];
}

/** A trouble as the failure it has become. */
export function failureOf(ref: ObjectRef, { trouble, cause, pods, events }: Findings): ReadinessFailure {
  const behind = trouble.pod ? undefined : (cause ?? endedBadly(pods));
  const { pod, container, kind } = trouble.pod ? trouble : (behind ?? trouble);
  const message = behind && !behind.message.endsWith(trouble.message) ? `${trouble.message}; ${behind.message}` : trouble.message;
  // A container that never started has no log.
  const hasLog = kind !== 'start' && pod?.namespace !== undefined && container !== undefined;
  return {
    code: trouble.code,
    ref,
    reason: trouble.reason,
    message,
    events,
    ...(hasLog ? { pod: { namespace: pod.namespace ?? '', name: pod.name, container } } : {}),
  };
}

/** Of pods that ended badly, the last one seen; of a Job there may be several. */
function endedBadly(pods: PodState[]): Pick<Trouble, 'kind' | 'message' | 'pod' | 'container'> | undefined {
  const ended = pods.findLast(({ failure }) => failure);
  if (!ended?.failure) return undefined;
  const { message, container } = ended.failure;
  return { kind: 'crash', message: `pod ${ended.ref.name}: ${message}`, pod: ended.ref, ...(container && { container }) };
}
