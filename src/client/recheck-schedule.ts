import { ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { RECHECK_INSTALLED } from '../../workflows/names.ts';
import type { Engine } from './engine.ts';
import { callEngine } from './engine.ts';

/** A run that finds the rules unchanged is one query; new rules or data are to be felt within the hour, milliseconds. */
const RECHECK_EVERY_MS = 60 * 60 * 1_000;
/** Several installations on one machine need not look at the same moment, milliseconds. */
const JITTER_MS = 5 * 60 * 1_000;
/** A run that was missed is made up for by the next. */
const CATCHUP_MS = 60_000;
/** A thousand archives; what is left then is left for the next run. */
const RUN_MS = 6 * 60 * 60 * 1_000;

/**
 * Makes the engine look again every hour at what is installed. There is one Schedule for all servers with the same task queue; where it
 * is, it is left as it is, also paused. Fails with engine_unavailable.
 */
export async function scheduleRecheck(engine: Engine): Promise<void> {
  try {
    await callEngine(engine, () => engine.client.schedule.create(optionsOf(engine)));
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

function optionsOf({ taskQueue }: Engine): ScheduleOptions {
  const id = `chandlery/${taskQueue}/recheck-installed`;
  return {
    scheduleId: id,
    spec: { intervals: [{ every: RECHECK_EVERY_MS }], jitter: JITTER_MS },
    action: {
      type: 'startWorkflow',
      workflowType: RECHECK_INSTALLED,
      workflowId: id,
      taskQueue,
      args: [],
      workflowRunTimeout: RUN_MS,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_MS },
    state: { note: 'looks again at what is installed, by the rules and data of today' },
  };
}
