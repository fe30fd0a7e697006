import { fileURLToPath } from 'node:url';
import { NativeConnection, Worker } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createStep } from '../../activities/step.ts';
import { createArchiveReader } from '../../src/adapters/archive/inspect.ts';
import { createSecretMaker } from '../../src/adapters/secret-maker/index.ts';
import { createStore } from '../../src/adapters/store/index.ts';
import { readConfig, requireExternal } from '../../src/config.ts';
import type { Lock } from '../../src/domain/lock.ts';
import { createLogger } from '../../src/logger.ts';
import { runProcess } from '../../src/process.ts';
import { openRegistries } from '../../src/registries.ts';

/** A worker whose install steps keep every rule for effects on the real store and do nothing themselves; the bare workflow runs beside. */

/** As the product's worker has them (src/worker.ts). */
const CONCURRENT_ACTIVITIES = 100;
const CONCURRENT_WORKFLOW_TASKS = 40;

const DIGEST = `sha256:${'0'.repeat(64)}`;
/** What a small template without dependencies resolves to. */
const LOCK: Lock = {
  root: 'tiny',
  templates: [
    { registry: 'main', name: 'tiny', version: '1.0.0', digest: DIGEST, size: 1_000, dependencies: [], requiredBy: [] },
  ],
};
const OUTCOME = { changed: true, installed: [{ name: 'tiny', version: '1.0.0', digest: DIGEST, changed: true }] };

function createIdleActivities(deps: ActivityDeps) {
  const idle = <Value>(value: Value, takesFence = false) => createStep(deps, { takesFence, run: async () => value });
  return {
    preValidate: idle({ cluster: 'absent' }, true),
    resolveDependencies: idle({ lock: LOCK }),
    authenticate: idle({ registries: [] }),
    download: idle({ digests: [DIGEST], bytes: 1_000, fetched: 0 }),
    scan: idle({ verdicts: [] }),
    install: idle(OUTCOME),
    updateCache: idle({ names: ['tiny'] }),
    doNothing: async () => undefined,
  };
}

const config = readConfig(process.env);
const log = createLogger(config.logLevel);
await runProcess(log, async () => {
  const { databaseUrl, temporalAddress } = requireExternal(config);
  const store = createStore({ url: databaseUrl, onIdleError: (error) => log.warn({ err: error }, 'a store connection broke') });
  const registries = openRegistries(config, log);
  const connection = await NativeConnection.connect({ address: temporalAddress });
  const worker = await Worker.create({
    connection,
    namespace: config.temporalNamespace,
    taskQueue: config.taskQueue,
    activities: createIdleActivities({
      store,
      registries: registries.set,
      archive: createArchiveReader(),
      secrets: createSecretMaker(),
      log,
    }),
    workflowsPath: fileURLToPath(new URL('../workflows.js', import.meta.url)),
    maxConcurrentActivityTaskExecutions: CONCURRENT_ACTIVITIES,
    maxConcurrentWorkflowTaskExecutions: CONCURRENT_WORKFLOW_TASKS,
  });
  const done = worker.run().finally(() => Promise.allSettled([store.close(), registries.close(), connection.close()]));
  process.stdout.write('worker ready\n');
  return {
    failed: done,
    async stop() {
      worker.shutdown();
      await done;
    },
  };
});
