import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine } from '../../src/client/engine.ts';
import type { InstallInput } from '../../workflows/messages.ts';
import { WORKFLOW_TYPES } from '../../workflows/names.ts';
import type { Figure } from '../figures.ts';
import { quantile, round } from '../figures.ts';
import { measurePairs } from '../pairs.ts';
import type { Stage } from '../stage.ts';
import { inNamespace, optionsFor } from '../stage.ts';

const GOAL = 1.2;
const ROUNDS = 50;
const WARM_UP = 20;
const SETTLE_MS = 20;

const QUEUE = 'bench-seven-steps';
const PEER = 'sevenActivities';
const WORKER = 'bench/processes/seven-steps-worker.js';

/** How many run at the same time, and how many a batch has. */
const AT_ONCE = 20;
const BATCH = 100;

/** Start to result of installTemplate with steps that do nothing, against seven bare activities in the same worker. */
export async function measureSevenSteps(stage: Stage, input: InstallInput): Promise<Figure> {
  const engine = stage.connect(QUEUE);
  const execute = (type: string) => async () => {
    const took = await executeOnce(engine, type, inNamespace(input, 'seven-steps'));
    await sleep(SETTLE_MS);
    return took;
  };
  const { ours, peer, ratio } = await measurePairs({
    ours: execute(WORKFLOW_TYPES.install),
    peer: execute(PEER),
    rounds: ROUNDS,
    warmUp: WARM_UP,
  });
  return { name: 'seven-steps', value: ours, unit: 'ms', peer: { value: peer, ratio }, goal: GOAL };
}

/** For information: how many a second when many run at once, and how long the slowest take. ABBA as well. */
export async function describeThroughput(stage: Stage, input: InstallInput): Promise<string[]> {
  const engine = stage.connect(QUEUE);
  const batches = { [WORKFLOW_TYPES.install]: [] as Batch[], [PEER]: [] as Batch[] };
  await runBatch(engine, PEER, input);
  for (const type of [WORKFLOW_TYPES.install, PEER, PEER, WORKFLOW_TYPES.install] as const)
    batches[type]?.push(await runBatch(engine, type, input));
  return Object.entries(batches).map(([type, both]) => describeBatches(type, both));
}

/** The worker both run in. */
export function startSevenStepsWorker({ lab }: Stage) {
  return lab.startWorker({ script: WORKER, env: { CHANDLERY_TASK_QUEUE: QUEUE } });
}

interface Batch {
  /** start to result of each, milliseconds */
  times: number[];
  /** the whole batch, milliseconds */
  tookMs: number;
}

async function runBatch(engine: Engine, type: string, input: InstallInput): Promise<Batch> {
  const times: number[] = [];
  let started = 0;
  const startedAt = performance.now();
  const lane = async (_: unknown, number: number) => {
    for (; started < BATCH; started += 1) times.push(await executeOnce(engine, type, inNamespace(input, `lane-${number}`)));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return { times, tookMs: performance.now() - startedAt };
}

async function executeOnce(engine: Engine, type: string, input: InstallInput): Promise<number> {
  const startedAt = performance.now();
  await engine.client.workflow.execute(type, optionsFor(engine, input));
  return performance.now() - startedAt;
}

function describeBatches(type: string, batches: readonly Batch[]): string {
  const times = batches.flatMap((batch) => batch.times);
  const perSecond = (times.length * 1_000) / batches.reduce((sum, batch) => sum + batch.tookMs, 0);
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
  return `${type}, ${AT_ONCE} at once: ${round(perSecond)}/s, p50 ${round(p50)} ms, p99 ${round(p99)} ms`;
}
