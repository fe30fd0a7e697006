import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StepMoment } from '../../activities/deps.ts';
import { readConfig } from '../../src/config.ts';
import { createLogger } from '../../src/logger.ts';
import type { RunningWorker } from '../../src/worker.ts';
import { startWorker } from '../../src/worker.ts';
import type { ShopLab } from '../../test/support/shop-lab.ts';
import { openShopLab, SHOP } from '../../test/support/shop-lab.ts';
import type { ApiClient } from '../lab/api-client.ts';
import { startCluster } from '../local-cluster/start.ts';
import { DEPLOY_TEMPLATES } from './deploy-templates.ts';

type OnMoment = (step: string, moment: StepMoment) => Promise<void>;

/** A lab whose worker keeps no workflow in memory (maxCachedWorkflows: 0), so that every task of a recording was itself a replay. */
export interface Studio {
  shop: ShopLab;
  client: ApiClient;
  /** A client whose operations are given only so long, milliseconds. */
  hurried(operationMs: number): Promise<ApiClient>;
  /** Makes a namespace in the cluster. */
  namespace(name: string): Promise<void>;
  /** Runs the scene with a worker in this process. */
  withWorker<T>(scene: () => Promise<T>, onMoment?: OnMoment): Promise<T>;
  /** A worker process that kills itself in the middle of the step. */
  doomedWorker(step: string): Promise<{ exited: Promise<unknown> }>;
  close(): Promise<void>;
}

/** Plays one scene and answers the id of the operation whose history is kept. */
export type Take = (studio: Studio) => Promise<string>;

export async function openStudio(log: (line: string) => void): Promise<Studio> {
  const directory = await mkdtemp(join(tmpdir(), 'chandlery-studio-'));
  const { cluster } = await startCluster({
    directory,
    cacheDir: readConfig(process.env).cacheDir,
    env: process.env,
    log,
    fsync: false,
  });
  const shop = await openShopLab({
    templates: [...SHOP, ...DEPLOY_TEMPLATES],
    env: { KUBECONFIG: cluster.kubeconfigFor('chandlery') },
  });
  log(`studio in ${shop.lab.dir}`);
  const config = readConfig({ ...shop.lab.env, CHANDLERY_LOG_LEVEL: 'error' });
  const start = (onMoment?: OnMoment): Promise<RunningWorker> =>
    startWorker(config, shop.lab.engine, createLogger('error'), { maxCachedWorkflows: 0, ...(onMoment && { onMoment }) });
  return {
    shop,
    client: shop.api,
    hurried: async (operationMs) =>
      (
        await shop.lab.startApi({
          env: { CHANDLERY_INSTALL_TIMEOUT_MS: String(operationMs), CHANDLERY_DEPLOY_TIMEOUT_MS: String(operationMs) },
        })
      ).client,
    async namespace(name) {
      await cluster.api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, 'namespaces');
    },
    async withWorker(scene, onMoment) {
      const worker = await start(onMoment);
      try {
        return await scene();
      } finally {
        await worker.stop();
      }
    },
    async doomedWorker(step) {
      const dir = join(shop.lab.dir, `doomed-${step}`);
      await mkdir(dir);
      const env = { KILL_MOMENT: 'between', KILL_STEPS: step, KILL_DIR: dir, MAX_CACHED_WORKFLOWS: '0' };
      return shop.lab.startWorker({ script: 'test/support/processes/killable-worker.js', env });
    },
    async close() {
      await shop.close();
      await cluster.stop({ purge: true });
    },
  };
}
