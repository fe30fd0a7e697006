import type { KubeObject, ObjectRef } from '../cluster.ts';
import { groupOf, objectKey, refOf } from '../object-ref.ts';
import { EventLog, eventOf, isEvent, type ObjectEvent } from './events.ts';
import type { ReadinessFailure } from './failure.ts';
import { PATIENCE, type Patience } from './patience.ts';
import { PodIndex } from './pod-index.ts';
import { type PodState, type ReplicaSetState, replicaSetStateOf } from './pods.ts';
import { hear, newTracked, type Tracked, type Trouble, update } from './tracked.ts';
import { failureOf, type HeldPod, troublesOf } from './troubles.ts';
import { type PendingObject, waitingLine } from './waiting-line.ts';

export type { ReadinessFailure };

export interface TrackerOptions {
  patience?: Partial<Patience>;
  /** Milliseconds since the epoch at which the change began: older events are not held against it. */
  since?: number;
}

/** Pods whose events are looked at for one object. */
const MAX_PODS = 10;

/**
 * Follows the objects of a deployment until they are ready. It is fed with what lists and watches answer, in any order and again after
 * a broken watch; it does no reading and has no clock of its own.
 */
export class ReadyTracker {
  readonly #tracked = new Map<string, Tracked>();
  readonly #pods = new PodIndex();
  readonly #replicaSets = new Map<string, ReplicaSetState>();
  readonly #events = new EventLog();
  readonly #patience: Patience;
  readonly #since: number;

  constructor(refs: ObjectRef[], { patience, since = 0 }: TrackerOptions = {}) {
    this.#patience = { ...PATIENCE, ...patience };
    this.#since = since;
    for (const ref of refs) this.#tracked.set(objectKey(ref), newTracked(ref));
  }

  /** Takes in an object of the deployment, one of its Pods or ReplicaSets, or an Event. `now`: milliseconds since the epoch. */
  see(object: KubeObject, now: number): void {
    if (isEvent(object)) this.#hear(object, now);
    const key = objectKey(refOf(object));
    const tracked = this.#tracked.get(key);
    if (tracked) update(tracked, object, now);
    if (object.kind === 'Pod') this.#pods.see(object, now);
    if (object.kind === 'ReplicaSet') this.#replicaSets.set(key, replicaSetStateOf(object));
  }

  /** Takes in that an object is no longer there. */
  gone(object: KubeObject): void {
    this.#forget(refOf(object));
  }

  /**
   * Takes in a whole list: what was seen before of that kind and namespace, and is not in it, is gone. For a list after a watch that
   * broke off, when deletions may have been missed.
   */
  relisted(
    { apiVersion, kind, namespace }: Pick<ObjectRef, 'apiVersion' | 'kind' | 'namespace'>,
    items: KubeObject[],
    now: number,
  ): void {
    const there = new Set(items.map((item) => objectKey(refOf(item))));
    const seen = [...this.#pods.refs(), ...[...this.#replicaSets.values(), ...this.#tracked.values()].map(({ ref }) => ref)];
    for (const ref of seen) {
      const listed =
        ref.kind === kind && groupOf(ref.apiVersion) === groupOf(apiVersion) && (namespace ?? ref.namespace) === ref.namespace;
      if (listed && !there.has(objectKey(ref))) this.#forget(ref);
    }
    for (const item of items) this.see(item, now);
  }

  get allReady(): boolean {
    return this.#waiting().length === 0;
  }

  /** What is not ready, in the order the objects were named. */
  pending(): PendingObject[] {
    return this.#waiting().map((tracked) => ({
      ref: tracked.ref,
      status: tracked.readiness.status,
      message: [tracked.readiness.message, this.#lastHeard(tracked)].filter(Boolean).join('; '),
    }));
  }

  /** One line such as `Deployment web: 1 of 2 replicas ready; pod web-5d-x: Back-off pulling image "a"`; empty when all is ready. */
  get waitingFor(): string {
    const pending = this.pending();
    const first = pending.find(({ ref }) => this.#worst(ref)) ?? pending[0];
    return first ? waitingLine(first, pending.length - 1) : '';
  }

  /** Why it will not get ready; undefined while there is hope. */
  failure(now: number): ReadinessFailure | undefined {
    const isFinal = ({ fatal, since, kind }: Trouble) => fatal === 'now' || now - since >= this.#patience[kind];
    for (const tracked of this.#waiting()) {
      const trouble = this.#troubles(tracked).find(isFinal);
      if (trouble) return this.#failureOf(tracked, trouble);
    }
    return undefined;
  }

  /** What to say when the time is up: the worst trouble there is, else the first object that is not ready. */
  overdue(): ReadinessFailure | undefined {
    const waiting = this.#waiting();
    const tracked = waiting.find(({ ref }) => this.#worst(ref)) ?? waiting[0];
    if (!tracked) return undefined;
    const { status, message = '' } = tracked.readiness;
    const late: Trouble = { kind: 'replicas', fatal: 'now', since: 0, code: 'not_ready', reason: status, message };
    return this.#failureOf(tracked, this.#worst(tracked.ref) ?? late);
  }

  /** Milliseconds since the epoch at which `failure` may answer something new though nothing was seen. */
  recheckAt(): number | undefined {
    const times = this.#waiting().flatMap((tracked) =>
      this.#troubles(tracked).map(({ since, kind }) => since + this.#patience[kind]),
    );
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** The last events about an object, its ReplicaSets and those of its pods that are not ready; only warnings where there are any. */
  eventsOf(ref: ObjectRef): ObjectEvent[] {
    const pods = this.#pods.of(ref).filter(({ ready }) => !ready);
    const sets = [...this.#replicaSets.values()].filter(({ owner }) => owner && objectKey(owner) === objectKey(ref));
    return this.#events.tell([ref, ...[...sets, ...pods.slice(0, MAX_PODS)].map((about) => about.ref)], this.#since);
  }

  #hear(object: KubeObject, now: number): void {
    const event = eventOf(object);
    if (!event) return;
    this.#events.add(event);
    const tracked = this.#tracked.get(objectKey(event.about));
    if (tracked) hear(tracked, event, this.#since, now);
  }

  #forget(ref: ObjectRef): void {
    const key = objectKey(ref);
    this.#pods.gone(key);
    this.#replicaSets.delete(key);
    const tracked = this.#tracked.get(key);
    // A finished Job may be cleaned up by its time to live; its work is done all the same.
    if (!tracked?.object || (tracked.ref.kind === 'Job' && tracked.readiness.status === 'ready')) return;
    this.#tracked.set(key, { ...newTracked(tracked.ref), readiness: { status: 'missing', message: 'was deleted' } });
  }

  #waiting(): Tracked[] {
    return [...this.#tracked.values()].filter(
      (tracked) => tracked.readiness.status !== 'ready' && !this.#waitsForConsumer(tracked),
    );
  }

  /** A claim that is bound by its first pod has nothing to wait for while no pod uses it, such as one that only a CronJob mounts. */
  #waitsForConsumer({ ref, readiness }: Tracked): boolean {
    if (ref.kind !== 'PersistentVolumeClaim' || readiness.status !== 'progressing') return false;
    return this.#events.of(ref).at(-1)?.reason === 'WaitForFirstConsumer' && !this.#pods.uses(ref);
  }

  #worst(ref: ObjectRef): Trouble | undefined {
    const tracked = this.#tracked.get(objectKey(ref));
    return tracked && this.#troubles(tracked)[0];
  }

  #troubles(tracked: Tracked): Trouble[] {
    return troublesOf(
      tracked,
      this.#pods.of(tracked.ref).map((pod) => this.#held(pod)),
    );
  }

  #held(pod: PodState): HeldPod {
    const replicaSet = pod.owner && this.#replicaSets.get(objectKey(pod.owner));
    return { pod, ...(replicaSet && { replicaSet }) };
  }

  /** Said behind an object's own state: its trouble, else the last warning, else the last event of it or of a pod that is not ready. */
  #lastHeard(tracked: Tracked): string {
    const troubles = this.#troubles(tracked).map(({ message }) => message);
    const untold = troubles.find((message) => message !== tracked.readiness.message);
    if (troubles.length > 0) return untold ?? '';
    const own = this.#events.of(tracked.ref, this.#since);
    const warning = own.findLast(({ type }) => type === 'Warning');
    if (warning) return `${warning.reason}: ${warning.message}`;
    for (const pod of this.#pods.of(tracked.ref)) {
      const last = pod.ready ? undefined : this.#events.of(pod.ref, this.#since).at(-1);
      if (last) return `pod ${pod.ref.name}: ${last.message}`;
    }
    return own.at(-1)?.message ?? '';
  }

  #failureOf(tracked: Tracked, trouble: Trouble): ReadinessFailure {
    const pods = this.#pods.of(tracked.ref);
    return failureOf(tracked.ref, {
      trouble,
      cause: this.#troubles(tracked).find(({ pod }) => pod),
      pods,
      events: this.eventsOf(tracked.ref),
    });
  }
}
