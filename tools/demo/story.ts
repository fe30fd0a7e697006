import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { localClusterKubeconfig } from '../../src/embedded/local-cluster.ts';
import { startRegistryServer } from '../../src/registry.ts';
import type { FaultProxy } from '../../test/support/fault-proxy.ts';
import { startFaultProxy } from '../../test/support/fault-proxy.ts';
import { ApiClient } from '../lab/api-client.ts';
import { openLab } from '../lab/index.ts';
import { stopCluster } from '../local-cluster/cluster.ts';
import { deployThroughKill } from './chapters/deploy-through-kill.ts';
import { destroyAll } from './chapters/destroy.ts';
import { failUndoReplay } from './chapters/fail-and-replay.ts';
import { failedUpgrade } from './chapters/failed-upgrade.ts';
import { installThroughKill } from './chapters/install-through-kill.ts';
import { planFirst } from './chapters/plan-first.ts';
import { refusedUninstall } from './chapters/refused-uninstall.ts';
import { showRunning } from './chapters/running.ts';
import { searchFirst } from './chapters/search-first.ts';
import { upgrade } from './chapters/upgrade.ts';
import { makeRoomForUser, NAMESPACE, startDemoCluster } from './cluster.ts';
import { ClusterView } from './cluster-view.ts';
import type { DeploySet } from './deploy-set.ts';
import type { Closer, DemoOptions, Scene } from './scene.ts';
import { playScene } from './scene.ts';
import type { DemoReport, DemoSet, Stage } from './stage.ts';

/** Longer than a bearer token needs to be; the registry is closed with the demo. */
const REGISTRY_TOKEN = 'demo-registry-token';

/** Of the ordinary user's token: Chandlery lets him deploy anywhere, so that it is the cluster which refuses. */
const ROLES = [{ role: 'operator', namespace: '*' }];

/** Starts everything, tells the story chapter by chapter, stops everything. Never throws: what went wrong is in the report. */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  return (await playScene(options, tell)).report();
}

async function tell(stage: Stage, scene: Scene): Promise<void> {
  const set = await open(stage, scene);
  await searchFirst(stage, set);
  await installThroughKill(stage, set);
  await failUndoReplay(stage, set);
  await refusedUninstall(stage, set);
  const deploySet = await openCluster(stage, scene, set);
  const plan = await planFirst(stage, deploySet);
  await deployThroughKill(stage, deploySet, plan);
  await showRunning(stage, deploySet);
  await upgrade(stage, deploySet);
  await failedUpgrade(stage, deploySet);
  await destroyAll(stage, deploySet);
}

async function open(stage: Stage, { dir, closers }: Scene): Promise<DemoSet> {
  stage.chapter('Starting: PostgreSQL, Temporal, a registry, the API and a worker, each a process of its own');
  const registry = await openRegistry(closers);
  const lab = await openLab({
    dir,
    registries: [{ name: 'demo', url: registry.url, default: true, token: REGISTRY_TOKEN }],
    // Never the cluster that somebody's own KUBECONFIG names. This one is read at the first request, and comes later.
    env: { KUBECONFIG: localClusterKubeconfig(clusterDirectory(dir), 'chandlery') },
    log: (line) => stage.detail(line),
  });
  closers.push(() => lab.close({ keep: true }));
  const { client } = await lab.startApi();
  const worker = await lab.startWorker();
  stage.detail(`API ${client.url}, registry ${registry.url}, engine ${lab.engine.temporalAddress}, worker pid ${worker.pid}`);
  return { lab, client, registry, worker };
}

function clusterDirectory(dir: string): string {
  return join(dir, 'cluster');
}

/** A cluster with an ordinary user in it, and the API as that user. */
async function openCluster(stage: Stage, { dir, keep, closers, signal }: Scene, set: DemoSet): Promise<DeploySet> {
  stage.chapter('A Kubernetes: real API server, controllers and scheduler; simulated nodes, so no image is really run');
  const directory = clusterDirectory(dir);
  // Before it is up: a start that is broken off is waited for and cleaned up too.
  closers.push(() => stopCluster(directory, { purge: !keep }));
  const since = performance.now();
  const cluster = await startDemoCluster(directory, (line) => stage.detail(line), signal);
  const seconds = Math.round((performance.now() - since) / 100) / 10;
  const { gitVersion: version } = (await cluster.api.expect('GET', '/version')) as { gitVersion: string };
  stage.deployment.cluster = { server: cluster.server, version, seconds };
  stage.detail(`Kubernetes ${version} at ${cluster.server}, ready after ${seconds} s`);
  stage.detail("Chandlery's own credential may do nothing there but act as somebody else");
  const who = await makeRoomForUser(cluster);
  const { status, body } = await set.client.call('POST', '/api/v1/tokens', { ...who, name: 'demo', roles: ROLES });
  if (status !== 201) throw new Error(`no token: ${status} ${JSON.stringify(body)}`);
  stage.deployment.actsAs = { ...who, namespace: NAMESPACE };
  stage.detail(
    `from here on it acts as ${who.user} (group ${who.groups.join(', ')}), who may edit namespace ${NAMESPACE} and nothing else`,
  );
  return Object.assign(set, {
    cluster,
    view: new ClusterView(cluster, NAMESPACE),
    user: new ApiClient(set.client.url, body.token),
  });
}

/** The sample templates, served over the registry protocol, behind a proxy that can slow it down and break it. */
async function openRegistry(closers: Closer[]): Promise<FaultProxy> {
  const templatesDir = join(PACKAGE_ROOT, 'samples', 'registry');
  const server = await startRegistryServer({ port: 0, host: '127.0.0.1', templatesDir, token: REGISTRY_TOKEN, name: 'demo' });
  const proxy = await startFaultProxy({ target: server.url });
  closers.push(
    () => server.close(),
    () => proxy.close(),
  );
  return proxy;
}
