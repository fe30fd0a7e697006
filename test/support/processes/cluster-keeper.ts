/**
 * Keeps one cluster for a run of Jest: starts it, says where it is, and ends it when the run has ended, however it ended. A process
 * of its own, because no worker of Jest lives as long as the run. Also ends clusters of runs whose keeper was killed.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, type ProcessIdentity } from '../../../src/embedded/process-identity.ts';
import { stopCluster } from '../../../tools/local-cluster/cluster.ts';
import { startCluster } from '../../../tools/local-cluster/start.ts';

const PREFIX = 'chandlery-test-cluster-';
/** Whose cluster it is. */
const RUN_FILE = 'run.json';
const POLL_MS = 200;

function runOf(directory: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(join(directory, RUN_FILE), 'utf8'));
  } catch {
    return undefined;
  }
}

async function sweep(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(PREFIX))) {
    const directory = join(tmpdir(), name);
    const run = runOf(directory);
    if (run && !isRunning(run)) await stopCluster(directory, { purge: true });
  }
}

const [directory = '', run = '{}'] = process.argv.slice(2);
const owner: ProcessIdentity = JSON.parse(run);
writeFileSync(join(directory, RUN_FILE), run);
await sweep();
const cacheDir = process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
const { already } = await startCluster({
  directory,
  cacheDir,
  env: process.env,
  fsync: false,
  log: (line) => console.error(line),
});
console.log(JSON.stringify({ directory }));
// Two workers may ask at the same time; whoever started it keeps it. A test may remove its own.
if (!already) {
  while (isRunning(owner) && existsSync(directory)) await sleep(POLL_MS);
  await stopCluster(directory, { purge: true });
}
process.exit(0);
