import { ActivityFailure, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';

/** Archives in one list; each list is made anew, so that what another run or an uninstall took care of is left out. */
const BATCH = 50;
/** Archives of one run; the next run goes on. Bounds the history to a few thousand events. */
const MAX_BATCHES = 20;
/** Each reads an archive and runs every validator; steps of operations must still find a free worker. */
const AT_ONCE = 4;

export interface RecheckResult {
  checked: number;
  /** Findings that no look before had. */
  fresh: number;
  /** Templates that could not be looked at. */
  failed: string[];
}

const { listStaleInstalls } = proxyActivities<Pick<Activities, 'listStaleInstalls'>>({
  // One query.
  startToCloseTimeout: 15_000,
  scheduleToCloseTimeout: 120_000,
  retry: { maximumAttempts: 3, initialInterval: 1_000 },
});

const { recheckInstalled: recheck } = proxyActivities<Pick<Activities, 'recheckInstalled'>>({
  // Reads every byte of one archive, then each validator has 20 s.
  startToCloseTimeout: 5 * 60_000,
  scheduleToCloseTimeout: 20 * 60_000,
  // A lost worker and a store that is away for a moment are made good; the next run does the rest.
  retry: { maximumAttempts: 3, initialInterval: 5_000 },
});

/** Looks again at what is installed wherever rules or data have changed since. Started by a Schedule, for all servers together. */
export async function recheckInstalled(): Promise<RecheckResult> {
  const result: RecheckResult = { checked: 0, fresh: 0, failed: [] };
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const archives = await listStaleInstalls(BATCH);
    for (let at = 0; at < archives.length; at += AT_ONCE) {
      const some = archives.slice(at, at + AT_ONCE);
      const looks = await Promise.all(some.map((archive) => recheck(archive).catch(unlessCancelled)));
      for (const [index, { template }] of some.entries()) {
        const look = looks[index];
        result.checked += 1;
        result.fresh += look?.fresh ?? 0;
        if (look === undefined || look.failed !== undefined) result.failed.push(template);
      }
      // Nothing was written down of it, so the next list would hold it again.
      if (looks.includes(undefined)) return result;
    }
    if (archives.length < BATCH) return result;
  }
  return result;
}

function unlessCancelled(error: unknown): undefined {
  if (error instanceof ActivityFailure && error.cause?.name !== 'CancelledFailure') return undefined;
  throw error;
}
