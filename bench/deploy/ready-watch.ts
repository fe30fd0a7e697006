import type { Changes } from '../../activities/cluster/follow.ts';
import { follow } from '../../activities/cluster/follow.ts';
import type { ClusterSession, KubeObject } from '../../src/domain/cluster.ts';
import { readinessOf } from '../../src/domain/readiness/readiness.ts';

const LOOK_EVERY_MS = 1_000;
/** Simulated pods are ready at once. */
const READY_WITHIN_MS = 60_000;

/** One watch of all Deployments that knows when each was seen ready: the same eyes for everybody. Ends with the signal. */
export class ReadyWatch {
  /** Generation that was ready, and when (milliseconds since the epoch), by namespace and name. */
  readonly #ready = new Map<string, { generation: number; at: number }>();
  readonly #waiting = new Set<() => void>();
  #failure: { error: unknown } | undefined;

  constructor(session: ClusterSession, signal: AbortSignal) {
    void this.#see(follow(session, [{ apiVersion: 'apps/v1', kind: 'Deployment' }], signal), signal);
  }

  /** When the last of the Deployments among these was ready in the generation it has here; waits for it. */
  async readyAt(objects: KubeObject[]): Promise<number> {
    const until = Date.now() + READY_WITHIN_MS;
    for (;;) {
      if (this.#failure) throw this.#failure.error;
      const times = objects.filter(({ kind }) => kind === 'Deployment').map((object) => this.#timeOf(object));
      if (times.every((at) => at !== undefined)) return Math.max(...times);
      if (Date.now() > until) throw new Error(`${objects[0]?.metadata.name} was not ready after ${READY_WITHIN_MS / 1_000} s`);
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve);
        setTimeout(resolve, LOOK_EVERY_MS).unref();
      });
    }
  }

  #timeOf({ metadata }: KubeObject): number | undefined {
    const seen = this.#ready.get(`${metadata.namespace}/${metadata.name}`);
    return seen && seen.generation >= (metadata.generation ?? 1) ? seen.at : undefined;
  }

  async #see(changes: Changes, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        for (const change of await changes.next(LOOK_EVERY_MS))
          if ('items' in change) for (const object of change.items) this.#note(object, false);
          else this.#note(change.object, change.gone);
        for (const wake of this.#waiting) wake();
        this.#waiting.clear();
      }
    } catch (error) {
      this.#failure = { error };
    }
  }

  #note(object: KubeObject, gone: boolean): void {
    const { namespace, name, generation = 1 } = object.metadata;
    const key = `${namespace}/${name}`;
    if (gone) this.#ready.delete(key);
    else if (readinessOf(object).status === 'ready' && (this.#ready.get(key)?.generation ?? 0) < generation)
      this.#ready.set(key, { generation, at: Date.now() });
  }
}
