import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { ChandleryError } from '../../src/domain/errors.ts';
import {
  forgetLocalCluster,
  type LocalClusterState,
  localClusterKubeconfig,
  readLocalCluster,
  runningParts,
} from '../../src/embedded/local-cluster.ts';
import { endOrphans } from '../../src/embedded/orphans.ts';
import type { Environment } from '../../src/embedded/part-process.ts';
import { ClusterApi } from './api.ts';
import { certificateFiles } from './keys.ts';
import { writeKubeconfig } from './kubeconfig.ts';
import { auditLogFile } from './parts.ts';
import { endClusterProcesses, startPart, withClusterLock } from './processes.ts';
import { waitForApi } from './setup.ts';
import { type ClusterUser, ensureTokens } from './users.ts';

/** A running local cluster, seen from any process: it is not ours, we only know where it is. */
export interface LocalCluster {
  readonly directory: string;
  /** https://127.0.0.1:port; the same after a restart of the API server. */
  readonly server: string;
  /** What signed the server's certificate, PEM. */
  readonly ca: string;
  /** Kubeconfig of `admin`, who may do everything. */
  readonly kubeconfig: string;
  /** One JSON object a line; a request is in it when its answer has come. */
  readonly auditLog: string;
  /** The API as `admin`. */
  readonly api: ClusterApi;
  token(user: ClusterUser): string;
  /** Path of the kubeconfig of somebody with a token of his own. */
  kubeconfigFor(user: ClusterUser): string;
  /** Path of a kubeconfig for anybody at all: Chandlery's identity, acting as him. */
  kubeconfigAs(user: string, groups?: readonly string[]): string;
  /** Ends the API server and resolves when it is gone; etcd and the others keep running. */
  stopApiserver(): Promise<void>;
  /** The same by SIGKILL: requests under way break off. */
  killApiserver(): Promise<void>;
  /** Starts the API server again, on its port, and resolves when it is ready. */
  startApiserver(): Promise<void>;
  restartApiserver(): Promise<void>;
  /** Ends the cluster; what is in it is kept unless `purge`, which removes the folder. */
  stop(options?: { purge?: boolean }): Promise<void>;
}

const API_START_TIMEOUT_MS = 60_000;

class LocalClusterHandle implements LocalCluster {
  readonly server: string;
  readonly ca: string;
  readonly kubeconfig: string;
  readonly auditLog: string;
  readonly api: ClusterApi;
  private readonly tokens: Readonly<Record<ClusterUser, string>>;

  constructor(
    readonly directory: string,
    state: LocalClusterState,
    private readonly env: Environment,
  ) {
    this.server = serverUrl(state);
    this.ca = readFileSync(certificateFiles(directory).certificate, 'utf8');
    this.kubeconfig = localClusterKubeconfig(directory, 'admin');
    this.auditLog = auditLogFile(directory);
    this.tokens = ensureTokens(directory);
    this.api = new ClusterApi({ server: this.server, ca: this.ca, token: this.tokens.admin });
  }

  token(user: ClusterUser): string {
    return this.tokens[user];
  }

  kubeconfigFor(user: ClusterUser): string {
    return localClusterKubeconfig(this.directory, user);
  }

  kubeconfigAs(user: string, groups: readonly string[] = []): string {
    const file = localClusterKubeconfig(this.directory, `as-${encodeURIComponent(user)}`);
    const { server, ca } = this;
    writeKubeconfig({ file, server, ca, user: 'chandlery', token: this.tokens.chandlery, as: { user, groups } });
    return file;
  }

  stopApiserver(): Promise<void> {
    return this.endApiserver('SIGINT');
  }

  killApiserver(): Promise<void> {
    return this.endApiserver('SIGKILL');
  }

  async startApiserver(): Promise<void> {
    const state = requireState(this.directory);
    if (!runningParts(state).has('kube-apiserver')) startPart('kube-apiserver', this.directory, state, this.env);
    await waitForApi(this.api, AbortSignal.timeout(API_START_TIMEOUT_MS));
  }

  async restartApiserver(): Promise<void> {
    await this.stopApiserver();
    await this.startApiserver();
  }

  async stop({ purge = false }: { purge?: boolean } = {}): Promise<void> {
    await stopCluster(this.directory, { purge });
  }

  private async endApiserver(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    const process = runningParts(requireState(this.directory)).get('kube-apiserver');
    if (process) await endOrphans([process], signal);
  }
}

/** https://host:port of a cluster's API server. */
export function serverUrl(state: LocalClusterState): string {
  return `https://127.0.0.1:${state.ports.apiserver}`;
}

function requireState(directory: string): LocalClusterState {
  const state = readLocalCluster(directory);
  if (state) return state;
  throw new ChandleryError(
    'cluster_unavailable',
    `there is no cluster in ${directory}; start one with \`npm run cluster -- up\``,
  );
}

/** The cluster that was started in a folder, by whatever process. Fails with `cluster_unavailable` when none was. */
export function openCluster(directory: string, env: Environment = {}): LocalCluster {
  const state = requireState(directory);
  return new LocalClusterHandle(realpathSync(directory), state, env);
}

/**
 * Ends whatever runs of the cluster in a folder, also what a killed start left behind; answers how many processes that were.
 * `purge` removes the folder too, and then loses no time with an orderly end.
 */
export async function stopCluster(directory: string, { purge = false }: { purge?: boolean } = {}): Promise<number> {
  if (!existsSync(directory)) return 0;
  const path = realpathSync(directory);
  const ended = await withClusterLock(path, async () => {
    const count = await endClusterProcesses(path, purge ? 'SIGKILL' : 'SIGINT');
    forgetLocalCluster(path);
    return count;
  });
  if (purge) await rm(path, { recursive: true, force: true });
  return ended;
}
