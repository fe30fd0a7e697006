/** A real Kubernetes for tests: one for all files of a run of Jest, or one of a test's own where it is to be broken. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe } from '@jest/globals';
import { identityOf, type ProcessIdentity } from '../../src/embedded/process-identity.ts';
import { collectionPath } from '../../tools/local-cluster/api.ts';
import { type LocalCluster, openCluster } from '../../tools/local-cluster/cluster.ts';
import { waitForRight, waitForServiceAccount } from '../../tools/local-cluster/setup.ts';

const HOOKS = new URL('../embedded/support/typescript-hooks.mjs', import.meta.url).href;
const KEEPER = new URL('./processes/cluster-keeper.ts', import.meta.url).pathname;
const RIGHTS_TIMEOUT_MS = 10_000;

/** For `beforeAll` of a file that uses a cluster: its start on two busy cores, not the first build of its programs. */
export const CLUSTER_TIMEOUT_MS = 120_000;

export interface TestCluster extends LocalCluster {
  /** A namespace of its own, in which this user may edit (or view, or administer) and pods can be made; answers its name. */
  namespace(user?: string, role?: 'view' | 'edit' | 'admin'): Promise<string>;
}

/** The process that stands for the whole run: Jest itself, whether this file runs in it or in a worker. */
function jestRun(): ProcessIdentity {
  const worker = process.argv[1]?.includes('jest-worker') ?? false;
  const identity = identityOf(worker ? process.ppid : process.pid);
  if (!identity) throw new Error('Jest has ended');
  return identity;
}

/** Starts (or finds) the cluster of a folder, whose life ends with the run. */
async function keepCluster(directory: string): Promise<TestCluster> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const log = join(directory, 'keeper.log');
  // A file: Jest waits until nobody can write to its workers any more, and the keeper until Jest has ended.
  const stderr = openSync(log, 'a', 0o600);
  const keeper = spawn(process.execPath, ['--import', HOOKS, KEEPER, directory, JSON.stringify(jestRun())], {
    // A Ctrl-C ends Jest, and then the keeper ends the cluster.
    detached: true,
    stdio: ['ignore', 'pipe', stderr],
  });
  closeSync(stderr);
  await new Promise((resolve, reject) => {
    const { stdout } = keeper;
    if (stdout) createInterface({ input: stdout }).once('line', resolve);
    keeper.once('exit', () => reject(new Error(`no cluster could be started:\n${readFileSync(log, 'utf8')}`)));
  });
  keeper.removeAllListeners('exit').unref();
  keeper.stdout?.destroy();
  return withNamespaces(openCluster(directory, process.env));
}

function withNamespaces(cluster: LocalCluster): TestCluster {
  const namespace: TestCluster['namespace'] = async (user, role = 'edit') => {
    const name = `test-${randomBytes(5).toString('hex')}`;
    const signal = AbortSignal.timeout(RIGHTS_TIMEOUT_MS);
    await cluster.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, 'namespaces');
    await waitForServiceAccount(cluster.api, name, signal);
    if (user !== undefined) await bind(cluster, name, user, role, signal);
    return name;
  };
  // Not a copy: the methods of the cluster live on its prototype.
  return Object.assign(Object.create(cluster), { namespace });
}

async function bind(cluster: LocalCluster, namespace: string, user: string, role: string, signal: AbortSignal): Promise<void> {
  const group = 'rbac.authorization.k8s.io';
  const binding = {
    ...{ apiVersion: `${group}/v1`, kind: 'RoleBinding', metadata: { name: 'test-user', namespace } },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: group, kind: 'User', name: user }],
  };
  await cluster.api.expect('POST', collectionPath(binding.apiVersion, 'rolebindings', namespace), binding);
  await waitForRight(cluster.api, { user, groups: [] }, { verb: 'list', resource: 'pods', namespace }, signal);
}

/** The cluster that all files of this run share: never stop it or one of its parts. Use `CLUSTER_TIMEOUT_MS`. */
export function sharedCluster(): Promise<TestCluster> {
  const { pid } = jestRun();
  return keepCluster(join(tmpdir(), `chandlery-test-cluster-${pid}`));
}

/** A cluster for tests that break it. Stop it in `afterAll` with `{ purge: true }`; at the end of the run it goes anyway. */
export function ownCluster(): Promise<TestCluster> {
  const { pid } = jestRun();
  return keepCluster(join(tmpdir(), `chandlery-test-cluster-${pid}-${randomBytes(4).toString('hex')}`));
}

function hasGo(): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'go'), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** `describe` for what needs a cluster: without Go it says loudly that nothing is tested, except in CI, where it fails. */
export function describeCluster(name: string, tests: () => void): void {
  if (hasGo() || process.env.CI) return void describe(name, tests);
  process.stderr.write(`\nNOT TESTED: ${name}: a Kubernetes cluster needs Go on PATH (https://go.dev/dl)\n`);
  describe.skip(name, tests);
}
