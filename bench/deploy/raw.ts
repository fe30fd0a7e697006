import type { ClusterSession, KubeObject } from '../../src/domain/cluster.ts';
import { refOf } from '../../src/domain/object-ref.ts';
import type { Shape } from './objects.ts';
import { benchObjects, FIRST_TEXT, SECOND_TEXT } from './objects.ts';
import type { ReadyWatch } from './ready-watch.ts';

const GONE_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 50;

/** Milliseconds from the first patch. */
export interface RawTimes {
  /** Until the last patch was answered. */
  patches: number;
  /** Until the last Deployment was seen ready. */
  ready: number;
}

/** The objects as parallel server-side-apply patches over the connections that Chandlery itself uses: the floor under everybody. */
export interface Raw {
  /** Waits until the objects of a release or deployment that was removed are gone. */
  gone(namespace: string, name: string, shape: Shape): Promise<void>;
  apply(name: string, shape: Shape): Promise<RawTimes>;
  upgrade(name: string, shape: Shape): Promise<RawTimes>;
  remove(name: string, shape: Shape): Promise<void>;
}

export function openRaw(session: ClusterSession, namespace: string, watch: ReadyWatch): Raw {
  const patch = async (name: string, shape: Shape, text: string): Promise<RawTimes> => {
    const objects = objectsIn(namespace, shape, { name, text });
    const startedAt = performance.now();
    const startedOn = Date.now();
    const live = await Promise.all(objects.map((object) => session.apply(object)));
    const patches = performance.now() - startedAt;
    return { patches, ready: (await watch.readyAt(live)) - startedOn };
  };
  return {
    gone: (where, name, shape) => untilGone(session, objectsIn(where, shape, { name, text: FIRST_TEXT })),
    apply: (name, shape) => patch(name, shape, FIRST_TEXT),
    upgrade: (name, shape) => patch(name, shape, SECOND_TEXT),
    async remove(name, shape) {
      const objects = objectsIn(namespace, shape, { name, text: FIRST_TEXT });
      await Promise.all(objects.map((object) => removeWhole(session, object)));
      await untilGone(session, objects);
    },
  };
}

export function objectsIn(namespace: string, shape: Shape, words: { name: string; text: string }): KubeObject[] {
  return benchObjects(shape, words).map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
}

/** With what it owns. */
async function removeWhole(session: ClusterSession, object: KubeObject): Promise<void> {
  const ref = refOf(object);
  const live = await session.get(ref);
  await session.delete(ref, { uid: live?.metadata.uid ?? '' }, { policy: 'Foreground' });
}

/** Deleting in the foreground takes as long as what the objects own takes to go. */
async function untilGone(session: ClusterSession, objects: KubeObject[]): Promise<void> {
  const until = Date.now() + GONE_WITHIN_MS;
  for (const object of objects)
    while (await session.get(refOf(object))) {
      if (Date.now() > until) throw new Error(`${object.metadata.name} was not gone after ${GONE_WITHIN_MS / 1_000} s`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
}
