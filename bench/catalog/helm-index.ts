import { monitorEventLoopDelay } from 'node:perf_hooks';
import { HELM_INDEX_LIMITS } from '../../src/adapters/registries/helm-index-parts.ts';
import type { Figure } from '../figures.ts';
import { round } from '../figures.ts';
import { measurePairs } from '../pairs.ts';
import type { LateStage } from './late-stage.ts';

const GOALS = { pauseMs: 50, unchanged: 1.5 };
const PAIRS = { rounds: 100, warmUp: 10 };
/** How finely pauses are looked for, milliseconds. */
const RESOLUTION_MS = 2;
const NS_PER_MS = 1e6;
const ACCEPT = 'application/yaml, application/x-yaml, text/yaml, text/plain, application/json, */*;q=0.5';

/** An index of 50 MB and 50,000 charts: how long it holds up everything else while it is read, and what it costs to hear that it is unchanged. */
export async function measureHelmIndex(stage: LateStage): Promise<{ figures: Figure[]; notes: string[] }> {
  const read = await longestPause(async () => {
    let listed = 0;
    const listing = await stage.plugin(stage.helm).list();
    if (listing.unchanged) throw new Error('an index that was never read cannot be unchanged');
    for await (const batch of listing.templates) listed += batch.length;
    return listed;
  });
  const { catalog } = stage.catalog([stage.helm]);
  const loaded = await longestPause(async () => (await catalog.refresh(stage.helm.name)).templates);
  const notes = [
    `helm-index-pause: ${read.result} charts were read in ${round(read.ms)} ms`,
    `read into the store in ${round(loaded.ms)} ms, longest pause ${round(loaded.pauseMs)} ms`,
  ];
  const pause: Figure = { name: 'helm-index-pause', value: read.pauseMs, unit: 'ms', goal: GOALS.pauseMs };
  return { figures: [pause, await measureUnchanged(stage, catalog)], notes };
}

async function measureUnchanged(stage: LateStage, catalog: ReturnType<LateStage['catalog']>['catalog']): Promise<Figure> {
  const url = `${stage.helm.url}/index.yaml`;
  const whole = await stage.client.request({
    url,
    method: 'HEAD',
    registry: stage.helm.name,
    maxBytes: HELM_INDEX_LIMITS.maxBytes,
  });
  const headers = { accept: ACCEPT, 'if-none-match': whole.headers.etag ?? '' };
  await whole.discard();
  const ours = async () => {
    const { state } = await catalog.refresh(stage.helm.name);
    if (state !== 'unchanged') throw new Error(`the unchanged index was ${state}`);
  };
  const peer = async () => {
    const answer = await stage.client.request({ url, registry: stage.helm.name, headers, accept: [304] });
    await answer.discard();
    if (answer.status !== 304) throw new Error(`the unchanged index was answered with ${answer.status}`);
  };
  const paired = await measurePairs({ ours: () => timed(ours), peer: () => timed(peer), ...PAIRS });
  const compared = { value: paired.peer, ratio: paired.ratio };
  return { name: 'unchanged-refresh', value: paired.ours, unit: 'ms', peer: compared, goal: GOALS.unchanged };
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

async function longestPause<T>(work: () => Promise<T>): Promise<{ result: T; ms: number; pauseMs: number }> {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  const startedAt = performance.now();
  const result = await work();
  const ms = performance.now() - startedAt;
  delays.disable();
  return { result, ms, pauseMs: Math.max(0, delays.max / NS_PER_MS - RESOLUTION_MS) };
}
