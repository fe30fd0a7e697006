import type { ClusterSession, KubeObject, ObjectSelection } from '../../src/domain/cluster.ts';
import { ChandleryError } from '../../src/domain/errors.ts';

/** One object, or everything a selection has: what is not in the list is gone. */
export type Change = { object: KubeObject; gone: boolean } | { selection: ObjectSelection; items: KubeObject[] };

export interface Changes {
  /** What changed since the last call; waits for the first change, at most so many milliseconds. Fails with what no new try would mend. */
  next(withinMs: number): Promise<Change[]>;
  /** Follows more. */
  add(selections: ObjectSelection[]): void;
  /** True when each of the first selections was listed whole at least once. */
  readonly listed: boolean;
  /** Why nothing can be heard now, in the words of `cluster_unavailable`; undefined while the cluster answers. */
  readonly away: string | undefined;
}

/** Pause before a list or a watch that broke off is begun again, milliseconds. */
const AGAIN_AFTER_MS = 300;

/**
 * Lists and then watches, and begins anew whenever the cluster went away: waiting for readiness outlives a restart of the API server.
 * Ends with the signal.
 */
export function follow(session: ClusterSession, selections: ObjectSelection[], signal: AbortSignal): Changes {
  const queue: Change[] = [];
  let failure: { error: unknown } | undefined;
  let wake: (() => void) | undefined;
  let unlisted = selections.length;
  const silent = new Map<ObjectSelection, string>();
  const push = (change?: Change) => {
    if (change) queue.push(change);
    wake?.();
  };
  const run = async (selection: ObjectSelection, onListed: () => void) => {
    let first = true;
    while (!signal.aborted) {
      try {
        const { items, resourceVersion } = await session.list(selection, { signal });
        // A list leaves apiVersion and kind to its head.
        const { apiVersion, kind } = selection;
        if (first) onListed();
        first = false;
        silent.delete(selection);
        push({ selection, items: items.map((item) => ({ ...item, apiVersion, kind })) });
        for await (const event of session.watch(selection, resourceVersion, { signal }))
          if (event.type !== 'bookmark') push({ object: event.object, gone: event.type === 'deleted' });
      } catch (error) {
        if (signal.aborted) return;
        if (!passes(error)) {
          failure ??= { error };
          push();
          return;
        }
        if (error.code === 'cluster_unavailable') silent.set(selection, error.message);
        push();
        await pause(AGAIN_AFTER_MS, signal);
      }
    }
  };
  for (const selection of selections)
    void run(selection, () => {
      unlisted -= 1;
    });
  return {
    get listed() {
      return unlisted <= 0;
    },
    get away() {
      return [...silent.values()][0];
    },
    add(more) {
      for (const selection of more) void run(selection, () => undefined);
    },
    async next(withinMs) {
      if (queue.length === 0 && !failure) {
        // Else each change of a long wait would leave a timer and a listener behind.
        const over = new AbortController();
        const late = pause(withinMs, AbortSignal.any([signal, over.signal]));
        await Promise.race([new Promise<void>((resolve) => (wake = resolve)), late]);
        over.abort();
      }
      wake = undefined;
      if (failure) throw failure.error;
      return queue.splice(0);
    },
  };
}

/** An outage, or a watch that is too old. */
function passes(error: unknown): error is ChandleryError {
  return error instanceof ChandleryError && error.retryable;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
