import type { KubeObject, ObjectRef } from '../cluster.ts';
import { countAt, fieldsAt, textAt } from '../object-fields.ts';
import { objectKey } from '../object-ref.ts';

/** Kubernetes events (`v1` and `events.k8s.io/v1`), as far as they explain why something waits. */
export interface ObjectEvent {
  /** `Normal` or `Warning` */
  type: string;
  reason: string;
  message: string;
  /** how often it was seen */
  count: number;
  /** ISO time it was last seen */
  at?: string;
  /** what it speaks of */
  about: ObjectRef;
}

/** Kinds of events that are kept per object. */
const MAX_PER_OBJECT = 10;
/** A namespace may hold many objects that are not ours; the ones heard of longest ago are forgotten first. */
const MAX_OBJECTS = 500;
/** Events told with a failure. */
const MAX_TOLD = 5;
/** Events carry whole seconds of another machine's clock; 2 s more or less are the same moment. */
const CLOCK_SLACK_MS = 2_000;

export function isEvent({ apiVersion, kind }: { apiVersion: string; kind: string }): boolean {
  return kind === 'Event' && (apiVersion === 'v1' || apiVersion.startsWith('events.k8s.io/'));
}

/** Undefined when it does not say what it is about. */
export function eventOf(object: KubeObject): ObjectEvent | undefined {
  const about = aboutOf(fieldsAt(object, 'involvedObject') ?? fieldsAt(object, 'regarding'));
  if (!about) return undefined;
  const at =
    textAt(object, 'series', 'lastObservedTime') ??
    textAt(object, 'lastTimestamp') ??
    textAt(object, 'deprecatedLastTimestamp') ??
    textAt(object, 'eventTime') ??
    object.metadata.creationTimestamp;
  return {
    type: textAt(object, 'type') ?? 'Normal',
    reason: textAt(object, 'reason') ?? '',
    message: textAt(object, 'message') ?? textAt(object, 'note') ?? '',
    count: countAt(object, 'series', 'count') ?? countAt(object, 'count') ?? countAt(object, 'deprecatedCount') ?? 1,
    ...(at ? { at } : {}),
    about,
  };
}

function aboutOf(fields: unknown): ObjectRef | undefined {
  const kind = textAt(fields, 'kind');
  const name = textAt(fields, 'name');
  const namespace = textAt(fields, 'namespace');
  if (!kind || !name) return undefined;
  return { apiVersion: textAt(fields, 'apiVersion') ?? 'v1', kind, ...(namespace ? { namespace } : {}), name };
}

/** The last events of each object; bounded. */
export class EventLog {
  readonly #byObject = new Map<string, Map<string, ObjectEvent>>();

  add(event: ObjectEvent): void {
    const key = objectKey(event.about);
    const events = this.#byObject.get(key) ?? new Map<string, ObjectEvent>();
    // Taken out and put in again, so that a map's order is the order of last hearing.
    this.#byObject.delete(key);
    this.#byObject.set(key, events);
    const same = `${event.type}/${event.reason}/${event.message}`;
    events.delete(same);
    events.set(same, event);
    dropOldest(events, MAX_PER_OBJECT);
    dropOldest(this.#byObject, MAX_OBJECTS);
  }

  /** By time, oldest first; only those last seen after `since` (milliseconds). */
  of(ref: ObjectRef, since = 0): ObjectEvent[] {
    const events = [...(this.#byObject.get(objectKey(ref))?.values() ?? [])];
    return byTime(events.filter((event) => isSince(event, since)));
  }

  /** The last few about any of the objects; only warnings where there are any. */
  tell(refs: ObjectRef[], since: number): ObjectEvent[] {
    const events = byTime(refs.flatMap((ref) => this.of(ref, since)));
    const warnings = events.filter(({ type }) => type === 'Warning');
    return (warnings.length > 0 ? warnings : events).slice(-MAX_TOLD);
  }
}

/** Whether it was seen after `since`, milliseconds. Without a time it counts as new. */
export function isSince(event: ObjectEvent, since: number): boolean {
  return event.at === undefined || timeOf(event) >= since - CLOCK_SLACK_MS;
}

/** Oldest first; those without a time before all others. */
function byTime(events: ObjectEvent[]): ObjectEvent[] {
  return [...events].sort((a, b) => timeOf(a) - timeOf(b));
}

/** Milliseconds; 0 for one without a time. */
export function timeOf({ at }: ObjectEvent): number {
  const time = at === undefined ? Number.NaN : Date.parse(at);
  return Number.isNaN(time) ? 0 : time;
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
