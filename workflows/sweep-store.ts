import { proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';

type Swept = Awaited<ReturnType<Activities['sweepStore']>>;

const activities = proxyActivities<Pick<Activities, 'sweepStore'>>({
  startToCloseTimeout: 10 * 60_000,
  // Far above a round of the sweep, whose statements have 8 s each.
  heartbeatTimeout: 60_000,
  // What one run leaves the next one takes.
  retry: { maximumAttempts: 3, initialInterval: 10_000 },
});

/** Removes from the store what nothing refers to any more. Started by a Schedule, for all servers together. */
export function sweepStore(): Promise<Swept> {
  return activities.sweepStore();
}
