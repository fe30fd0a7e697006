import { openLab } from '../../lab/index.ts';
import type { DemoOptions, Scene } from '../scene.ts';
import { playScene } from '../scene.ts';
import type { Stage } from '../stage.ts';
import { bringBack, installThree, killOne, searchAll, searchMistyped, showChart, showRegistries } from './chapters.ts';
import { openParts } from './parts.ts';
import type { RegistriesReport } from './report.ts';
import type { RegistriesSet } from './set.ts';

/** Long enough that the registries' own answers are not asked for with every request, short enough to wait for, milliseconds. */
const FRESH_MS = 4_000;

/** One catalog over registries of all six kinds, one of which dies and comes back. Never throws: what went wrong is in the report. */
export async function runRegistriesDemo(options: DemoOptions): Promise<RegistriesReport> {
  const found: RegistriesSet['report'] = { registries: [], installs: [] };
  const stage = await playScene(options, async (told, scene) => {
    const set = await open(told, scene, found);
    await showRegistries(told, set);
    await killOne(told, set, FRESH_MS);
    await searchAll(told, set);
    await searchMistyped(told, set);
    await showChart(told, set);
    await installThree(told, set);
    await bringBack(told, set);
  });
  const { ok, problems, seconds } = stage.report();
  return { ok, ...found, problems, seconds };
}

async function open(stage: Stage, scene: Scene, report: RegistriesSet['report']): Promise<RegistriesSet> {
  const { dir, closers } = scene;
  stage.chapter('Starting: a registry of each kind, then PostgreSQL, Temporal, the API and a worker');
  const parts = await openParts(stage, scene);
  const lab = await openLab({
    dir,
    registries: parts.all.map(({ registry }) => registry),
    // Nobody's cluster: installing needs none.
    env: { KUBECONFIG: '', KUBERNETES_SERVICE_HOST: '', CHANDLERY_CACHE_SEARCH: `${FRESH_MS / 1_000}s` },
    log: (line) => stage.detail(line),
  });
  closers.push(() => lab.close({ keep: true }));
  const { client } = await lab.startApi();
  const worker = await lab.startWorker();
  stage.detail(`API ${client.url}, engine ${lab.engine.temporalAddress}, worker pid ${worker.pid}`);
  return { client, parts, report };
}
