import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { ActivityDeps } from '../../activities/deps.ts';
import { createDownload } from '../../activities/download.ts';
import { createInstall } from '../../activities/install.ts';
import { createResolveDependencies } from '../../activities/resolve-dependencies.ts';
import { createScan } from '../../activities/scan.ts';
import { createArchiveReader } from '../../src/adapters/archive/inspect.ts';
import { createStore, type PostgresStore } from '../../src/adapters/store/index.ts';
import type { StepRequest } from '../../src/domain/effects.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import type { RegistryPlugin } from '../../src/domain/registry.ts';
import type { InstallRecord } from '../../src/domain/store.ts';
import { startEmbedded } from './postgres.ts';
import { fenced, operationOn } from './stores.ts';

/** The SDK would print every failure that a test provokes. */
const QUIET = new DefaultLogger('ERROR', () => undefined);

export interface ActivityLab {
  store: PostgresStore;
  deps: ActivityDeps;
  /** Resolves, downloads, scans and installs by the real activities. Rejects with the failure of the step that fails. */
  install(namespace: string, name: string, range?: string): Promise<{ record: InstallRecord; warnings: string[] }>;
  close(): Promise<void>;
}

/** The steps of an install on a real store, each in Temporal's own environment for activities, without an engine. */
export async function openActivityLab(registry: RegistryPlugin): Promise<ActivityLab> {
  const server = await startEmbedded();
  const store = createStore({ url: server.url, onIdleError: () => undefined });
  await store.migrate();
  const ignore = () => undefined;
  const deps: ActivityDeps = {
    store,
    registries: { all: [registry], default: registry, local: undefined, get: () => registry },
    archive: createArchiveReader(),
    secrets: { make: () => Promise.reject(new Error('no deployment is made here')) },
    log: { info: ignore, warn: ignore, error: ignore },
  };
  const lab = { store } as Parameters<typeof fenced>[0];
  return {
    store,
    deps,
    async install(namespace, name, range) {
      const operation = operationOn(namespace, name);
      const { target } = operation;
      const step = async <Input, Answer>(
        word: string,
        activity: (request: StepRequest<Input>) => Promise<Answer>,
        input: Input,
      ) => {
        const context = await fenced(lab, operation, word);
        return (await new MockActivityEnvironment({ attempt: 1 }, { logger: QUIET }).run(activity, { context, input })) as Answer;
      };
      const request = { name, ...(range === undefined ? {} : { range }) };
      const { lock } = (await step('resolve-dependencies', createResolveDependencies(deps), { target, request })).value;
      const { templates } = lock;
      await step('download', createDownload(deps), { templates });
      const { warnings = [] } = await step('scan', createScan(deps), { templates, acceptUnsigned: true });
      await step('install', createInstall(deps), { target, lock, requester: 'ann', force: false });
      const record = await store.installs.get(LOCAL_CLUSTER, namespace, name);
      if (record === undefined) throw new Error(`${name} is not there after its install`);
      return { record, warnings };
    },
    async close() {
      await store.close();
      await server.close();
    },
  };
}
