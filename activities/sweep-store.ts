import { Context } from '@temporalio/activity';
import type { ActivityDeps } from './deps.ts';
import { asChandleryError, toFailure } from './failures.ts';

/** What was removed from the store. */
export interface Swept {
  blobs: number;
  bytes: number;
  uploads: number;
  /** Archives that nobody has installed, whose findings were forgotten. */
  looks: number;
}

/** Rounds of one run; each removes a few, and what is left is there for the next run. */
const MAX_ROUNDS = 1_000;

/** Removes what nothing refers to any more, a little at a time, until nothing is left or it is told to stop. Fails with store_unavailable. */
export function createSweepStore({ store, log }: Pick<ActivityDeps, 'store' | 'log'>) {
  return async (): Promise<Swept> => {
    const { cancellationSignal } = Context.current();
    const swept: Swept = { blobs: 0, bytes: 0, uploads: 0, looks: 0 };
    try {
      for (let round = 0, more = true; more && round < MAX_ROUNDS; round += 1) {
        cancellationSignal.throwIfAborted();
        const { blobs, bytes, uploads, looks, more: left } = await store.blobs.sweep();
        swept.blobs += blobs;
        swept.bytes += bytes;
        swept.uploads += uploads;
        swept.looks += looks;
        more = left;
        Context.current().heartbeat(swept);
      }
    } catch (error) {
      if (cancellationSignal.aborted) throw error;
      throw toFailure(asChandleryError(error), { final: false });
    }
    if (swept.blobs + swept.uploads + swept.looks > 0)
      log.info({ ...swept }, 'what nothing referred to was removed from the store');
    return swept;
  };
}
