import { ScheduleAlreadyRunning, ScheduleNotFoundError, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { CHECK_REGISTRIES } from '../../workflows/names.ts';
import type { Engine } from './engine.ts';
import { callEngine } from './engine.ts';

/** A run that the engine missed (it was down) is made up for only if it is this late, ms: an old check is worth nothing. */
const CATCHUP_MS = 60_000;
/** The whole run, ms; the next one is not waited for by anybody. */
const RUN_MS = 10 * 60 * 1_000;

/**
 * Makes the engine look at all registries every `everyMs` milliseconds, or never where it is 0. There is one Schedule for all servers with
 * the same task queue: whoever comes first makes it, the others find it as it should be. Fails with engine_unavailable.
 */
export async function scheduleRegistryChecks(engine: Engine, everyMs: number): Promise<void> {
  const { schedule } = engine.client;
  const wanted = optionsOf(engine, everyMs);
  const handle = schedule.getHandle(wanted.scheduleId);
  if (everyMs === 0) {
    await callEngine(engine, () => handle.delete().catch(unlessMissing));
    return;
  }
  try {
    await callEngine(engine, () => schedule.create(wanted));
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { spec } = await callEngine(engine, () => handle.describe());
    if (spec.intervals?.length === 1 && spec.intervals[0]?.every === everyMs) return;
    // Whether it is paused stays as whoever paused it wants it.
    await callEngine(engine, () => handle.update(({ state }) => ({ ...wanted, state })));
  }
}

function optionsOf({ taskQueue }: Engine, everyMs: number): ScheduleOptions {
  return {
    scheduleId: `chandlery/${taskQueue}/check-registries`,
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow',
      workflowType: CHECK_REGISTRIES,
      workflowId: `chandlery/${taskQueue}/check-registries`,
      taskQueue,
      args: [],
      workflowRunTimeout: RUN_MS,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_MS },
    // The first look is at once: nobody wants to wait minutes for the state of a server that has just started.
    state: { triggerImmediately: true, note: 'looks at the health of every registry (CHANDLERY_HEALTH_INTERVAL)' },
  };
}

function unlessMissing(error: unknown): void {
  if (!(error instanceof ScheduleNotFoundError)) throw error;
}
