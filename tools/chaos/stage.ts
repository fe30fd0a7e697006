import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { findMarked } from '../../src/embedded/orphans.ts';
import type { ProcessIdentity } from '../../src/embedded/process-identity.ts';
import { identityOf, isRunning } from '../../src/embedded/process-identity.ts';
import { startRegistryServer } from '../../src/registry.ts';
import type { FaultProxy } from '../../test/support/fault-proxy.ts';
import { startFaultProxy } from '../../test/support/fault-proxy.ts';
import type { TemplateFixture } from '../../test/support/registry-folder.ts';
import { createRegistryFolder } from '../../test/support/registry-folder.ts';
import type { ApiClient } from '../lab/api-client.ts';
import type { Lab } from '../lab/index.ts';
import { openLab } from '../lab/index.ts';
import type { Finding } from './findings.ts';
import type { TimedRead } from './registry-sink.ts';
import { WorkerPool } from './workers.ts';

const TOKEN = 'registry-token-of-the-chaos-run';
const WORKERS = 3;
/** Slow enough that a kill finds downloads under way: the large archives take three to five seconds. */
const ARCHIVE_BYTES_PER_SECOND = 150_000;
/** Every other request waits this long, so that the short steps are hit too, milliseconds. */
const REQUEST_DELAY_MS = 120;

/** Everything a run needs, as real processes; the registry alone lives in this one, where its requests are counted. */
export interface Stage {
  api: ApiClient;
  databaseUrl: string;
  workers: WorkerPool;
  registry: FaultProxy;
  reads: readonly TimedRead[];
  /** Stops everything and tells what is still running. Safe to call twice. */
  close(): Promise<Finding[]>;
}

export async function openStage(templates: readonly TemplateFixture[], log: (line: string) => void): Promise<Stage> {
  const undo: Array<() => Promise<void>> = [];
  try {
    return await build(templates, log, undo);
  } catch (error) {
    await closeAll(undo);
    throw error;
  }
}

async function build(
  templates: readonly TemplateFixture[],
  log: (line: string) => void,
  undo: Array<() => Promise<void>>,
): Promise<Stage> {
  const reads: TimedRead[] = [];
  const folder = await createRegistryFolder(templates);
  undo.push(folder.remove);
  const server = await startRegistryServer(
    { port: 0, host: '127.0.0.1', templatesDir: folder.dir, token: TOKEN, name: 'main' },
    { log, onArchiveRead: (read) => void reads.push({ ...read, at: Date.now() }) },
  );
  undo.push(server.close);
  const registry = await startFaultProxy({ target: server.url });
  undo.push(registry.close);
  registry.setFaults([
    { kind: 'throttle', path: '/archive', bytesPerSecond: ARCHIVE_BYTES_PER_SECOND },
    { kind: 'delay', ms: REQUEST_DELAY_MS },
  ]);
  const lab = await openLab({ registries: [{ name: 'main', url: registry.url, default: true, token: TOKEN }], log });
  undo.push(() => lab.close());
  const { child, client } = await lab.startApi();
  const workers = new WorkerPool(lab);
  undo.push(() => workers.close());
  await workers.start(WORKERS);
  const survivors = await watchSurvivors(lab, child.pid, workers);
  const close = async () => {
    await closeAll(undo);
    return survivors();
  };
  return { api: client, databaseUrl: lab.engine.databaseUrl, workers, registry, reads, close };
}

async function closeAll(undo: Array<() => Promise<void>>): Promise<void> {
  for (let last = undo.pop(); last; last = undo.pop()) await last();
}

/** To be asked after the end: processes of the run that outlived it. */
async function watchSurvivors(lab: Lab, apiPid: number, workers: WorkerPool): Promise<() => Finding[]> {
  const dataDir = await realpath(join(lab.dir, 'data'));
  const first = [apiPid, ...lab.engine.parts().flatMap(({ pid }) => pid ?? [])].flatMap((pid) => identityOf(pid) ?? []);
  return () => {
    const known = [...first, ...workers.identities].filter(isRunning);
    const all = new Map<number, ProcessIdentity>([...known, ...findMarked(dataDir)].map((process) => [process.pid, process]));
    return [...all.keys()].map((pid) => ({ kind: 'orphaned', text: `process ${pid} still runs after the end` }));
  };
}
