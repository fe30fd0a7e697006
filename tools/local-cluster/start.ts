import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { ChandleryError } from '../../src/domain/errors.ts';
import {
  CLUSTER_PARTS,
  type ClusterPart,
  type LocalClusterState,
  localClusterKubeconfig,
  readLocalCluster,
  writeLocalCluster,
} from '../../src/embedded/local-cluster.ts';
import { freePort } from '../../src/embedded/ports.ts';
import { ClusterApi } from './api.ts';
import { type LocalCluster, openCluster, serverUrl } from './cluster.ts';
import { dropOldCertificate, waitForCertificate } from './keys.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { kwokConfigFile, partKubeconfig, podLogFile } from './parts.ts';
import {
  endClusterProcesses,
  failWhenPartEnds,
  missingParts,
  openClusterDirectory,
  startPart,
  withClusterLock,
} from './processes.ts';
import { acquireClusterPrograms, type ProgramOptions } from './programs.ts';
import { setUpCluster, waitForApi } from './setup.ts';
import { type CLUSTER_USERS, ensureTokens, type Tokens } from './users.ts';

export interface StartClusterOptions extends ProgramOptions {
  /** Everything of the cluster: state, keys, kubeconfigs, logs. Made if absent. */
  directory: string;
  /** False lets etcd skip flushing to disk: for clusters that are thrown away. */
  fsync?: boolean;
}

export interface StartedCluster {
  cluster: LocalCluster;
  /** True when it was running before. */
  already: boolean;
}

/** Longest start seen on two busy cores: 15 s. */
const START_TIMEOUT_MS = 120_000;
/** In the format of container runtimes, which is what kwok reads: time, stream, F for a full line. */
const POD_LOG = ['simulated container', 'listening on port 8080', 'ready']
  .map(
    (line, second) => `2026-01-01T00:00:0${second}.000000000Z stdout F ${line}
`,
  )
  .join('');

/**
 * Starts a local cluster and resolves when it can be used: the API is ready, nodes take pods, users have their rights. The cluster
 * outlives this process; what a killed start left behind is ended first. A cluster that runs already is answered as it is.
 * Fails with `tool_unavailable` (programs), `cluster_unavailable` (a part does not come up) or `cancelled`; then nothing runs.
 */
export async function startCluster(options: StartClusterOptions): Promise<StartedCluster> {
  const directory = openClusterDirectory(options.directory);
  return withClusterLock(directory, async () => {
    const running = readLocalCluster(directory);
    if (running?.readyAt !== undefined && missingParts(running).length === 0)
      return { cluster: openCluster(directory, options.env), already: true };
    const { cacheDir, env, log, signal } = options;
    const programs = await acquireClusterPrograms({ cacheDir, env, log, signal });
    const leftOver = await endClusterProcesses(directory);
    if (leftOver > 0) options.log(`ended ${leftOver} process(es) that an earlier start left behind`);
    const ports = { apiserver: await freePort(), kubelet: await freePort() };
    const state: LocalClusterState = { programs, ports, fsync: options.fsync ?? true, processes: {} };
    try {
      await startParts(directory, state, options);
    } catch (error) {
      await endClusterProcesses(directory, 'SIGKILL');
      throw options.signal?.aborted ? new ChandleryError('cancelled', 'the start of the cluster was stopped') : error;
    }
    return { cluster: openCluster(directory, options.env), already: false };
  });
}

async function startParts(directory: string, state: LocalClusterState, options: StartClusterOptions): Promise<void> {
  const done = new AbortController();
  const given = options.signal ? [options.signal] : [];
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(START_TIMEOUT_MS), ...given]);
  const started: ClusterPart[] = [];
  const start = (part: ClusterPart): void => {
    startPart(part, directory, state, options.env);
    started.push(part);
  };
  const watch = failWhenPartEnds(directory, state, started, signal);
  try {
    await Promise.race([bringUp(directory, state, start, signal), watch]);
    state.readyAt = new Date().toISOString();
    writeLocalCluster(directory, state);
  } catch (error) {
    const late = signal.aborted && !given.some(({ aborted }) => aborted);
    throw late
      ? new ChandleryError('cluster_unavailable', `the cluster in ${directory} was not usable in ${START_TIMEOUT_MS / 1000} s`)
      : error;
  } finally {
    done.abort();
    await watch.catch(() => undefined);
  }
}

async function bringUp(
  directory: string,
  state: LocalClusterState,
  start: (part: ClusterPart) => void,
  signal: AbortSignal,
): Promise<void> {
  const tokens = ensureTokens(directory);
  dropOldCertificate(directory);
  start('etcd');
  start('kube-apiserver');
  // Made by the API server in its first half second; everybody else checks it.
  const ca = await waitForCertificate(directory, signal);
  writeKubeconfigs(directory, { server: serverUrl(state), ca, tokens });
  writePodLog(directory);
  for (const part of CLUSTER_PARTS.slice(2)) start(part);
  const api = new ClusterApi({ server: serverUrl(state), ca, token: tokens.admin });
  await waitForApi(api, signal);
  await setUpCluster(api, state.ports.kubelet, signal);
}

function writeKubeconfigs(directory: string, access: { server: string; ca: string; tokens: Tokens }): void {
  const { tokens, ...server } = access;
  for (const user of ['admin', 'chandlery', 'dev', 'viewer'] as const)
    writeKubeconfig({ ...server, file: localClusterKubeconfig(directory, user), user, token: tokens[user] });
  for (const part of ['kube-controller-manager', 'kube-scheduler', 'kwok'] as const) {
    const user = `system:${part}` as keyof typeof CLUSTER_USERS;
    writeKubeconfig({ ...server, file: partKubeconfig(directory, part), user, token: tokens[user] });
  }
}

/** All simulated containers have printed the same. */
function writePodLog(directory: string): void {
  writeFileSync(podLogFile(directory), POD_LOG, { mode: 0o600 });
  const config = {
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind: 'ClusterLogs',
    metadata: { name: 'all' },
    spec: { logs: [{ logsFile: podLogFile(directory), previousLogsFile: podLogFile(directory), follow: false }] },
  };
  writeFileSync(kwokConfigFile(directory), stringify(config), { mode: 0o600 });
}
