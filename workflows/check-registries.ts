import { ActivityFailure, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { CheckRegistriesResult } from './messages.ts';

/** Registries looked at in one go; a longer list is looked at one part after the other, so that no history and no worker gets too much at once. */
const AT_ONCE = 50;

const { listRegistries, checkRegistry } = proxyActivities<Pick<Activities, 'listRegistries' | 'checkRegistry'>>({
  // The check itself gives up after 30 s (activities/check-registry.ts) and then writes a row.
  startToCloseTimeout: 45_000,
  // Long before the next run, which would do the same better.
  scheduleToCloseTimeout: 120_000,
  // A lost worker is made good once; a check that was late says nothing about now.
  retry: { maximumAttempts: 2, initialInterval: 1_000 },
});

/**
 * Looks at every registry, each in an activity of its own: one that is slow holds up nobody, and one that cannot be checked (no worker, no
 * store) is left out. Started by a Schedule, for all servers together.
 */
export async function checkRegistries(): Promise<CheckRegistriesResult> {
  const result: CheckRegistriesResult = { checked: 0, failing: [], unchecked: [] };
  const names = await listRegistries();
  for (let at = 0; at < names.length; at += AT_ONCE) {
    const some = names.slice(at, at + AT_ONCE);
    const checks = await Promise.all(some.map((name) => checkRegistry(name).catch(unlessCancelled)));
    for (const [index, name] of some.entries()) {
      const check = checks[index];
      if (check) result.checked += 1;
      else result.unchecked.push(name);
      if (check && !check.ok) result.failing.push(name);
    }
  }
  return result;
}

function unlessCancelled(error: unknown): undefined {
  if (error instanceof ActivityFailure && error.cause?.name !== 'CancelledFailure') return undefined;
  throw error;
}
