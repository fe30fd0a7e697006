/** Where a local cluster (`npm run cluster`) says what it is: how other processes find it, and what the next start has to end. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isRunning, type ProcessIdentity } from './process-identity.ts';

/** The parts of a cluster, in the order in which they need each other. */
export const CLUSTER_PARTS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'] as const;
export type ClusterPart = (typeof CLUSTER_PARTS)[number];

const identity = z.object({ pid: z.number().int().positive(), started: z.string() });
const stateSchema = z.object({
  /** Paths of the programs it runs. */
  programs: z.object({ kubernetes: z.string(), etcd: z.string(), kwok: z.string() }),
  ports: z.object({ apiserver: z.number().int(), kubelet: z.number().int() }),
  /** False where etcd may lose its last writes in a power cut, which tests do not mind. */
  fsync: z.boolean(),
  /** ISO time; absent until the cluster can be used. */
  readyAt: z.string().optional(),
  processes: z.partialRecord(z.enum(CLUSTER_PARTS), identity),
});
export type LocalClusterState = z.infer<typeof stateSchema>;

const STATE_FILE = 'cluster.json';

/** The folder of the local cluster that belongs to a data directory. */
export function localClusterDirectory(dataDir: string): string {
  return join(dataDir, 'cluster');
}

/** The kubeconfig of one of the users a local cluster knows: `chandlery` (what Chandlery runs as), `admin`, `dev` or `viewer`. */
export function localClusterKubeconfig(directory: string, user: string): string {
  return join(directory, `${user}.kubeconfig`);
}

/** What stands in a cluster's state file; undefined where there is none, or one that cannot be read. */
export function readLocalCluster(directory: string): LocalClusterState | undefined {
  try {
    return stateSchema.parse(JSON.parse(readFileSync(join(directory, STATE_FILE), 'utf8')));
  } catch {
    // Absent, or of another version of ours: its processes are then found by their environment.
    return undefined;
  }
}

/** Replaces the state file at once: a reader sees the old or the new one. */
export function writeLocalCluster(directory: string, state: LocalClusterState): void {
  const file = join(directory, STATE_FILE);
  writeFileSync(`${file}.tmp`, JSON.stringify(state, undefined, 2), { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

/** Removes the state file, once the processes it names have ended. */
export function forgetLocalCluster(directory: string): void {
  rmSync(join(directory, STATE_FILE), { force: true });
}

/** The recorded processes that still run, and not others that got their pids. */
export function runningParts(state: LocalClusterState): Map<ClusterPart, ProcessIdentity> {
  const running = CLUSTER_PARTS.flatMap((name) => {
    const process = state.processes[name];
    return process && isRunning(process) ? [[name, process] as const] : [];
  });
  return new Map(running);
}

/** Chandlery's kubeconfig of the local cluster of a data directory, if there is one and its API server runs. */
export function findLocalCluster(dataDir: string): { kubeconfig: string } | undefined {
  const directory = localClusterDirectory(dataDir);
  const state = readLocalCluster(directory);
  if (state?.readyAt === undefined || !runningParts(state).has('kube-apiserver')) return undefined;
  return { kubeconfig: localClusterKubeconfig(directory, 'chandlery') };
}
