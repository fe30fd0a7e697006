/** Starting and ending the processes of a local cluster. They outlive whoever started them; the state file says which they are. */
import { chmodSync, mkdirSync, realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { DataDirectory } from '../../src/embedded/data-dir.ts';
import {
  CLUSTER_PARTS,
  type ClusterPart,
  type LocalClusterState,
  readLocalCluster,
  runningParts,
  writeLocalCluster,
} from '../../src/embedded/local-cluster.ts';
import { endOrphans, findMarked } from '../../src/embedded/orphans.ts';
import { type Environment, logTail, spawnPart } from '../../src/embedded/part-process.ts';
import { identityOf, type ProcessIdentity } from '../../src/embedded/process-identity.ts';
import { tryProcessLock } from '../../src/embedded/process-lock.ts';
import { partCommand } from './parts.ts';

/** A start or stop takes seconds; a holder that needs longer is stuck. */
const LOCK_TIMEOUT_MS = 120_000;
const LOCK_POLL_MS = 100;
const WATCH_MS = 100;

/** The cluster's folder (mode 0700, made if absent), absolute and without symbolic links: processes are found by it. */
export function openClusterDirectory(directory: string): string {
  mkdirSync(directory, { recursive: true });
  // It holds tokens, and etcd's socket, which asks for none.
  chmodSync(directory, 0o700);
  return realpathSync(directory);
}

/** Runs `action` while nobody else starts or ends this cluster. Fails with `data_directory_in_use` after 2 minutes of waiting. */
export async function withClusterLock<Result>(directory: string, action: () => Promise<Result>): Promise<Result> {
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  for (;;) {
    const attempt = await tryProcessLock(`${directory}/lock`);
    if ('lock' in attempt) return action().finally(() => attempt.lock.release());
    if (Date.now() > deadline) {
      const { pid, since } = attempt.holder;
      throw new ChandleryError(
        'data_directory_in_use',
        `process ${pid} starts or ends the cluster in ${directory} since ${since}`,
      );
    }
    await sleep(LOCK_POLL_MS);
  }
}

/** Ends all processes of a cluster, recorded or not, and answers how many there were. `SIGKILL`: at once, without writing anything. */
export async function endClusterProcesses(directory: string, signal: 'SIGINT' | 'SIGKILL' = 'SIGINT'): Promise<number> {
  const state = readLocalCluster(directory);
  const parts = state ? runningParts(state) : new Map<ClusterPart, ProcessIdentity>();
  const known = new Set([...parts.values()].map(({ pid }) => pid));
  // A start that was killed may not have come to write down its last child.
  const marked = findMarked(directory).filter(({ pid }) => !known.has(pid));
  const etcd = parts.get('etcd');
  parts.delete('etcd');
  const others = await endOrphans([...parts.values(), ...marked], signal);
  // Last: an API server whose etcd is gone takes its whole time to end.
  return others.length + (await endOrphans(etcd ? [etcd] : [], signal)).length;
}

/** The folder as the engine's parts know theirs, except that it is not held: the children outlive us. */
function asDataDirectory(directory: string, recordChild: DataDirectory['recordChild'] = () => {}): DataDirectory {
  return { path: directory, recordChild, close: async () => {} };
}

/** Starts one part and writes down its process before anything else happens. */
export function startPart(part: ClusterPart, directory: string, state: LocalClusterState, env: Environment): void {
  const data = asDataDirectory(directory, (_name, pid) => {
    const identity = identityOf(pid);
    if (!identity) return;
    state.processes[part] = identity;
    writeLocalCluster(directory, state);
  });
  const child = spawnPart(data, part, partCommand(part, directory, state), env);
  // It is to outlive us, and its failure to start shows in its log or as a missing process.
  child.once('error', () => undefined).unref();
}

/** Fails with `cluster_unavailable`, saying which part ended and what it last wrote, as soon as one of `parts` no longer runs. */
export async function failWhenPartEnds(
  directory: string,
  state: LocalClusterState,
  parts: readonly ClusterPart[],
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    const running = runningParts(state);
    const ended = parts.find((part) => !running.has(part));
    if (ended !== undefined) {
      const tail = logTail(asDataDirectory(directory), ended);
      throw new ChandleryError('cluster_unavailable', `${ended} ended while the cluster in ${directory} started:\n${tail}`);
    }
    await sleep(WATCH_MS, undefined, { signal });
  }
}

/** Parts that do not run although they were started. */
export function missingParts(state: LocalClusterState): ClusterPart[] {
  const running = runningParts(state);
  return CLUSTER_PARTS.filter((part) => !running.has(part));
}
