import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { startRegistryServer } from '../../src/registry.ts';
import type { FaultProxy } from '../../test/support/fault-proxy.ts';
import { startFaultProxy } from '../../test/support/fault-proxy.ts';
import { openLab } from '../lab/index.ts';
import { failUndoReplay } from './chapters/fail-and-replay.ts';
import { installThroughKill } from './chapters/install-through-kill.ts';
import { refusedUninstall } from './chapters/refused-uninstall.ts';
import { searchFirst } from './chapters/search-first.ts';
import type { DemoReport } from './stage.ts';
import { Stage } from './stage.ts';

/** Longer than a bearer token needs to be; the registry is closed with the demo. */
const REGISTRY_TOKEN = 'demo-registry-token';

export interface DemoOptions {
  say(line: string): void;
  /** Leaves data directory and logs behind. */
  keep: boolean;
}

/** Starts everything, tells the story chapter by chapter, stops everything. Never throws: what went wrong is in the report. */
export async function runDemo({ say, keep }: DemoOptions): Promise<DemoReport> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-demo-'));
  const stage = new Stage(say);
  const closers: Array<() => Promise<unknown>> = [];
  try {
    stage.chapter('Starting: PostgreSQL, Temporal, a registry, the API and a worker, each a process of its own');
    const registry = await openRegistry(closers);
    const lab = await openLab({
      dir,
      registries: [{ name: 'demo', url: registry.url, default: true, token: REGISTRY_TOKEN }],
      log: (line) => say(`  ${line}`),
    });
    closers.push(() => lab.close({ keep: true }));
    const { client } = await lab.startApi();
    const worker = await lab.startWorker();
    stage.detail(`API ${client.url}, registry ${registry.url}, engine ${lab.engine.temporalAddress}, worker pid ${worker.pid}`);
    const set = { lab, client, registry, worker };
    await searchFirst(stage, set);
    await installThroughKill(stage, set);
    await failUndoReplay(stage, set);
    await refusedUninstall(stage, set);
  } catch (error) {
    stage.fail(error instanceof Error ? error.message : String(error));
  }
  stage.chapter('Stopping everything');
  for (const close of closers.toReversed()) await close().catch((error: unknown) => stage.fail(`stopping: ${String(error)}`));
  if (keep) stage.detail(`kept: ${dir}`);
  else await rm(dir, { recursive: true, force: true });
  return stage.report();
}

/** The sample templates, served over the registry protocol, behind a proxy that can slow it down and break it. */
async function openRegistry(closers: Array<() => Promise<unknown>>): Promise<FaultProxy> {
  const templatesDir = join(PACKAGE_ROOT, 'samples', 'registry');
  const server = await startRegistryServer({ port: 0, host: '127.0.0.1', templatesDir, token: REGISTRY_TOKEN, name: 'demo' });
  const proxy = await startFaultProxy({ target: server.url });
  closers.push(
    () => server.close(),
    () => proxy.close(),
  );
  return proxy;
}
