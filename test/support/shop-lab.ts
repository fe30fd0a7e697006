import pg from 'pg';
import { createEngine, type Engine } from '../../src/client/engine.ts';
import { startRegistryServer } from '../../src/registry.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import type { Lab, LabRegistry } from '../../tools/lab/index.ts';
import { openLab } from '../../tools/lab/index.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { startFaultProxy } from './fault-proxy.ts';
import { CheckedClient } from './openapi-check.ts';
import type { RegistryFolder, TemplateFixture } from './registry-folder.ts';
import { createRegistryFolder } from './registry-folder.ts';

export const REGISTRY_TOKEN = 'registry-token-for-tests';

/** Of servers and workers that are started without another. */
export const TASK_QUEUE = 'chandlery';

/** `shop` needs `redis` and `web`; `docs` needs `web`: what most end-to-end tests install. */
export const SHOP: TemplateFixture[] = [
  {
    name: 'shop',
    version: '1.0.0',
    dependencies: [
      { name: 'redis', version: '^7.0.0' },
      { name: 'web', version: '^1.0.0' },
    ],
  },
  {
    name: 'shop',
    version: '1.1.0',
    dependencies: [
      { name: 'redis', version: '^7.0.0' },
      { name: 'web', version: '^1.0.0' },
    ],
  },
  { name: 'redis', version: '6.2.0' },
  { name: 'redis', version: '7.0.0' },
  { name: 'redis', version: '7.2.0' },
  { name: 'web', version: '1.0.0' },
  { name: 'web', version: '1.3.0' },
  { name: 'docs', version: '1.0.0', dependencies: [{ name: 'web', version: '^1.0.0' }] },
];

export interface ShopLab {
  lab: Lab;
  api: ApiClient;
  apiProcess: Awaited<ReturnType<Lab['startApi']>>['child'];
  /** The registry `main`, behind a proxy that counts and breaks. */
  registry: FaultProxy;
  /** The registry of this name, one of `more`, behind a proxy of its own. */
  proxy(name: string): FaultProxy;
  folder: RegistryFolder;
  /** A client whose answers are held against the document. */
  checked(): Promise<CheckedClient>;
  /** The store's tables. Closed with the lab, as is the next. */
  database(): Promise<pg.Client>;
  /** Temporal, as the server speaks with it. */
  temporal(): Engine;
  close(): Promise<void>;
}

/** Engine, store, API and a registry behind a fault proxy; workers are the test's own to start. */
export async function openShopLab(
  options: {
    templates?: TemplateFixture[];
    env?: Record<string, string>;
    /** Names under which the same templates are to be had once more, each behind a proxy of its own. */
    more?: string[];
    /** Registries besides. */
    registries?: LabRegistry[];
  } = {},
): Promise<ShopLab> {
  const folder = await createRegistryFolder(options.templates ?? SHOP);
  const server = await startRegistryServer({
    port: 0,
    host: '127.0.0.1',
    templatesDir: folder.dir,
    token: REGISTRY_TOKEN,
    name: 'main',
  });
  const registry = await startFaultProxy({ target: server.url });
  const proxies = new Map<string, FaultProxy>();
  for (const name of options.more ?? []) proxies.set(name, await startFaultProxy({ target: server.url }));
  const lab = await openLab({
    registries: [
      { name: 'main', url: registry.url, default: true, token: REGISTRY_TOKEN },
      ...[...proxies].map(([name, { url }]) => ({ name, url, token: REGISTRY_TOKEN })),
      ...(options.registries ?? []),
    ],
    ...(options.env && { env: options.env }),
  });
  const { child, client } = await lab.startApi();
  const opened: Array<() => Promise<unknown>> = [];
  return {
    lab,
    api: client,
    apiProcess: child,
    registry,
    proxy(name) {
      const found = proxies.get(name);
      if (!found) throw new Error(`no registry ${name} was asked for`);
      return found;
    },
    folder,
    checked: async () => new CheckedClient(client, (await client.get('/openapi.json')).body),
    async database() {
      const db = new pg.Client({ connectionString: lab.engine.databaseUrl });
      opened.push(() => db.end());
      await db.connect();
      return db;
    },
    temporal() {
      const engine = createEngine({ address: lab.engine.temporalAddress, namespace: 'default', taskQueue: TASK_QUEUE });
      opened.push(() => engine.connection.close());
      return engine;
    },
    async close() {
      for (const close of opened) await close();
      await lab.close();
      await registry.close();
      for (const proxy of proxies.values()) await proxy.close();
      await server.close();
      await folder.remove();
    },
  };
}

let lastNamespace = 0;

/** A namespace no other test uses. */
export function freshNamespace(): string {
  lastNamespace += 1;
  return `ns-${process.pid}-${lastNamespace}`;
}

/** What is installed in a namespace: names to versions. */
export async function versionsIn(api: Pick<ApiClient, 'get'>, namespace: string): Promise<Record<string, string>> {
  const { body } = await api.get(`/api/v1/installs?namespace=${namespace}`);
  return Object.fromEntries(body.installs.map((entry: { name: string; version: string }) => [entry.name, entry.version]));
}
