import { ScheduleAlreadyRunning, type ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { SWEEP_STORE } from '../../workflows/names.ts';
import type { Engine } from './engine.ts';
import { callEngine } from './engine.ts';

/** What is collected has been unused for a week: some hours more or less do not matter, milliseconds. */
const SWEEP_EVERY_MS = 6 * 60 * 60 * 1_000;
/** Several installations on one database server need not sweep at the same moment, milliseconds. */
const JITTER_MS = 10 * 60 * 1_000;
/** A run that was missed is made up for by the next. */
const CATCHUP_MS = 60_000;
const RUN_MS = 60 * 60 * 1_000;

/**
 * Makes the engine sweep the store every few hours. There is one Schedule for all servers with the same task queue; where it is, it is
 * left as it is, also paused. Fails with engine_unavailable.
 */
export async function scheduleSweep(engine: Engine): Promise<void> {
  try {
    await callEngine(engine, () => engine.client.schedule.create(optionsOf(engine)));
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
  }
}

function optionsOf({ taskQueue }: Engine): ScheduleOptions {
  const id = `chandlery/${taskQueue}/sweep-store`;
  return {
    scheduleId: id,
    spec: { intervals: [{ every: SWEEP_EVERY_MS }], jitter: JITTER_MS },
    action: {
      type: 'startWorkflow',
      workflowType: SWEEP_STORE,
      workflowId: id,
      taskQueue,
      args: [],
      workflowRunTimeout: RUN_MS,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCHUP_MS },
    state: { note: 'removes archives that nothing refers to, and uploads that were never finished' },
  };
}
