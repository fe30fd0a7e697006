import { mkdtemp, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCluster } from '../../src/adapters/kubernetes/index.ts';
import type { LocalCluster } from '../../tools/local-cluster/cluster.ts';
import { waitForServiceAccount } from '../../tools/local-cluster/setup.ts';
import { startCluster } from '../../tools/local-cluster/start.ts';
import type { Cleanup } from '../cleanup.ts';
import type { Stage } from '../stage.ts';
import { openStage } from '../stage.ts';
import type { Chandlery } from './chandlery.ts';
import { openChandlery } from './chandlery.ts';
import type { Helm } from './helm.ts';
import { openHelm } from './helm.ts';
import type { Shape } from './objects.ts';
import { templateOf } from './objects.ts';
import type { Raw } from './raw.ts';
import { openRaw } from './raw.ts';
import { ReadyWatch } from './ready-watch.ts';

/** A namespace for each, so that nobody's watch sees another's objects. */
export const NAMESPACES = { ours: 'bench-chandlery', helm: 'bench-helm', raw: 'bench-raw' } as const;
/** As tools/local-cluster/parts.ts starts it, and `startOwnCluster` here. */
const FLAGS = 'controllers and scheduler --kube-api-qps=1000 --kube-api-burst=2000, etcd --unsafe-no-fsync';
const NAMESPACE_READY_MS = 30_000;
/** Whom the API's own token stands for; the raw patches are made as the same. */
const ADMIN = { user: 'chandlery-admin', groups: ['chandlery:admins'] };

export interface DeployStage {
  stage: Stage;
  cluster: LocalCluster;
  chandlery: Chandlery;
  helm: { plain: Helm; raised: Helm };
  raw: Raw;
  watch: ReadyWatch;
  /** Versions and the flags that matter here. */
  describeCluster(): Promise<string>;
}

/** A cluster of its own, a Chandlery with one worker beside it, Helm, and the templates installed and the charts on the disk. */
export async function openDeployStage(
  shapes: readonly Shape[],
  { log, cleanup }: { log: (line: string) => void; cleanup: Cleanup },
): Promise<DeployStage> {
  const directory = await mkdtemp(join(tmpdir(), 'chandlery-bench-'));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));
  const cluster = await startOwnCluster(join(directory, 'cluster'), log, cleanup);
  const helm = await openHelm({
    kubeconfig: cluster.kubeconfig,
    namespace: NAMESPACES.helm,
    shapes,
    directory: join(directory, 'helm'),
    log,
  });
  const stage = await openStage(shapes.map(templateOf), {
    log,
    cleanup,
    env: {
      KUBECONFIG: cluster.kubeconfigFor('chandlery'),
      CHANDLERY_ADMIN_USER: ADMIN.user,
      CHANDLERY_ADMIN_GROUPS: ADMIN.groups.join(','),
    },
  });
  await stage.lab.startWorker();
  for (const { name } of shapes) await stage.api.ended(await stage.api.install(NAMESPACES.ours, name));
  const chandlery = openChandlery(stage.api, NAMESPACES.ours);
  cleanup.add(chandlery.close);
  return { stage, cluster, helm, chandlery, ...openOwnEyes(cluster, cleanup) };
}

async function startOwnCluster(directory: string, log: (line: string) => void, cleanup: Cleanup): Promise<LocalCluster> {
  const cacheDir = process.env.CHANDLERY_CACHE_DIR ?? join(homedir(), '.cache', 'chandlery');
  // Nobody needs it tomorrow: what etcd would wait for the disk says nothing about either of the two.
  const { cluster } = await startCluster({ directory, cacheDir, env: process.env, log, fsync: false });
  cleanup.add(() => cluster.stop({ purge: true }));
  const signal = AbortSignal.timeout(NAMESPACE_READY_MS);
  for (const name of Object.values(NAMESPACES)) {
    await cluster.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, 'namespaces');
    await waitForServiceAccount(cluster.api, name, signal);
  }
  return cluster;
}

/** The bench's own connections to the cluster, the same kind as Chandlery's. */
function openOwnEyes(cluster: LocalCluster, cleanup: Cleanup): Pick<DeployStage, 'raw' | 'watch' | 'describeCluster'> {
  const own = createCluster({ kubeconfig: { file: cluster.kubeconfigFor('chandlery') } });
  cleanup.add(() => own.close());
  const closing = new AbortController();
  cleanup.add(() => closing.abort());
  const session = own.as(ADMIN);
  const watch = new ReadyWatch(session, closing.signal);
  return {
    watch,
    raw: openRaw(session, NAMESPACES.raw, watch),
    describeCluster: async () => `Kubernetes ${await own.version()} (${FLAGS})`,
  };
}
