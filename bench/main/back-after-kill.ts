import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../src/client/engine.ts';
import { millis } from '../../src/client/history.ts';
import type { OperationView } from '../../src/domain/operation.ts';
import type { Figure } from '../figures.ts';
import { median, round } from '../figures.ts';
import type { Stage } from '../stage.ts';
import { historyOf } from '../stage.ts';

const GOAL_SECONDS = 10;
const RUNS = 3;
/** The archive would take a minute at this pace, so the kill is sure to find it under way. */
const SLOW_BYTES_PER_SECOND = 1_000;
/** The worker is killed when the download has run this long, milliseconds: some heartbeats have been sent. */
const UNDER_WAY_MS = 2_500;
/** The step and its activity have the same name. */
const STEP = 'download';

/**
 * Seconds from a new worker being ready to the step that a killed worker left being started again. The new worker is started at the
 * kill, which is the worst case: the engine has yet to notice.
 */
export async function measureBackAfterKill(
  stage: Stage,
  templates: readonly string[],
): Promise<{ figure: Figure; note: string }> {
  const runs = [];
  for (const template of templates.slice(0, RUNS)) runs.push(await killOnce(stage, template));
  const figure: Figure = { name: 'back-after-kill', value: median(runs.map((run) => run.again)), unit: 's', goal: GOAL_SECONDS };
  const ended = median(runs.map((run) => run.ended));
  const sinceKill = median(runs.map((run) => run.sinceKill));
  return {
    figure,
    note: `back-after-kill: operation ended after ${round(ended)} s; step again ${round(sinceKill)} s after the kill`,
  };
}

interface Recovery {
  /** Seconds from the new worker being ready to the step's next start. */
  again: number;
  /** The same to the operation's end. */
  ended: number;
  /** Seconds from the kill to the step's next start. */
  sinceKill: number;
}

async function killOnce({ lab, api, registry, connect }: Stage, template: string): Promise<Recovery> {
  registry.setFaults([{ kind: 'throttle', path: '/archive', bytesPerSecond: SLOW_BYTES_PER_SECOND }]);
  const victim = await lab.startWorker();
  const id = await api.install('back-after-kill', template);
  await api.waitFor(id, (operation) => stepOf(operation)?.state === 'running');
  await sleep(UNDER_WAY_MS);
  await victim.kill();
  const killedAt = Date.now();
  registry.setFaults([]);
  const worker = await lab.startWorker();
  const readyAt = Date.now();
  const operation = await api.ended(id);
  await worker.stop();
  const again = await secondStart(connect(), id);
  if (operation.state !== 'succeeded' || again === undefined)
    throw new Error(`the killed operation did not go on as expected: ${JSON.stringify(operation)}`);
  return {
    // The engine may give the step to the new worker a moment before that has said that it is ready.
    again: Math.max(0, again - readyAt) / 1_000,
    ended: (Date.parse(operation.endedAt ?? '') - readyAt) / 1_000,
    sinceKill: (again - killedAt) / 1_000,
  };
}

/** When the step's second attempt was given to a worker, milliseconds since the epoch. */
async function secondStart(engine: Engine, id: string): Promise<number | undefined> {
  const events = await historyOf(engine, id);
  const scheduled = events.find((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === STEP);
  const started = events.find(
    ({ activityTaskStartedEventAttributes: attributes }) =>
      attributes?.attempt === 2 && String(attributes.scheduledEventId) === String(scheduled?.eventId),
  );
  return started && millis(started.eventTime);
}

function stepOf(operation: OperationView) {
  return operation.steps.find((step) => step.name === STEP);
}
