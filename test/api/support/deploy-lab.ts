import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Express } from 'express';
import { createArchiveReader } from '../../../src/adapters/archive/inspect.ts';
import { createMetrics } from '../../../src/adapters/metrics/prometheus.ts';
import { createFolderRegistry } from '../../../src/adapters/registries/folder.ts';
import { createStore, type PostgresStore } from '../../../src/adapters/store/index.ts';
import { type AppDeps, createApp } from '../../../src/api/app.ts';
import { createInstalledCache } from '../../../src/api/installed-cache.ts';
import { openApiDocument } from '../../../src/api/openapi.ts';
import { createCatalog } from '../../../src/catalog/index.ts';
import type { OperationsClient } from '../../../src/client/index.ts';
import { startMark } from '../../../src/client/start-mark.ts';
import { PACKAGE_ROOT } from '../../../src/config.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import type { OperationKind, OperationView, Target } from '../../../src/domain/operation.ts';
import { operationId } from '../../../src/domain/operation.ts';
import type { RegistrySet } from '../../../src/domain/registry.ts';
import type { AuditEntry } from '../../../src/domain/store.ts';
import { ApiClient } from '../../../tools/lab/api-client.ts';
import { fixedRegistries } from '../../support/fixed-registries.ts';
import { noPacks } from '../../support/no-packs.ts';
import { CheckedClient } from '../../support/openapi-check.ts';
import { startEmbedded } from '../../support/postgres.ts';
import { createRegistryFolder, type TemplateFixture } from '../../support/registry-folder.ts';
import { FakeCluster } from './fake-cluster.ts';

/** The API on a real store and real folders of templates; what it starts is written down instead of run. */

export const DEV = { user: 'dev', groups: ['shop-devs', 'system:authenticated'] };
export const ADMIN = { user: 'ada', groups: ['chandlery:admins'] };

export interface Started {
  kind: OperationKind | 'replay';
  id: string;
  // biome-ignore lint/suspicious/noExplicitAny: looked into freely by tests
  input: any;
}

export interface DeployLab {
  store: PostgresStore;
  /** The application itself, as the server with a cluster runs it. */
  app: Express;
  cluster: FakeCluster;
  /** What was started, oldest first. */
  started: Started[];
  /** Targets of starts that carried a mark, oldest first. */
  aimed: Array<{ mark: string; target: Target }>;
  /** Operations that the engine finds by their mark. */
  marked: Map<string, string>;
  databaseUrl: string;
  /** What the next starts do. */
  next: {
    joined: boolean;
    /** Secret with the values of the one that is joined. */
    inputs?: string | undefined;
    /** Before the target is written down. */
    beforeAim?: () => Promise<void>;
    failure?: Error;
    markedFailure?: Error;
    settled?: Partial<OperationView> | undefined;
    operation?: Partial<OperationView>;
  };
  /** Everything that was logged. */
  logged: string[];
  audited: AuditEntry[];
  /** As dev, as an administrator, and as dev of a server without a cluster; every answer is held against the document. */
  dev: CheckedClient;
  admin: CheckedClient;
  clusterless: CheckedClient;
  close(): Promise<void>;
}

/** `more`: in place of what the application is given otherwise. */
export async function openDeployLab(templates: TemplateFixture[], more: Partial<AppDeps> = {}): Promise<DeployLab> {
  const postgres = await startEmbedded();
  const store = createStore({ url: postgres.url, onIdleError: () => undefined });
  await store.migrate();
  await store.tokens.add('dev-token', 'dev', DEV, { roles: [{ role: 'operator', namespace: '*' }] });
  await store.tokens.add('admin-token', 'admin', ADMIN);
  const folder = await createRegistryFolder(templates);
  const local = createFolderRegistry({ name: 'local', type: 'private', directories: [join(PACKAGE_ROOT, 'templates')] });
  const main = createFolderRegistry({ name: 'main', type: 'community', directories: [folder.dir] });
  const registries = {
    all: [local, main],
    default: main,
    local,
    get(name: string) {
      const found = [local, main].find((registry) => registry.name === name);
      if (!found) throw new ChandleryError('registry_not_found', `no registry ${name}`);
      return found;
    },
  };
  const cluster = new FakeCluster();
  const started: Started[] = [];
  const aimed: DeployLab['aimed'] = [];
  const marked = new Map<string, string>();
  const next: DeployLab['next'] = { joined: false };
  const logged: string[] = [];
  const audited: AuditEntry[] = [];
  const audit = {
    append: (entry: AuditEntry) => {
      audited.push(entry);
      return store.audit.append(entry);
    },
  };
  const log = (fields: Record<string, unknown>, message: string) => {
    const { err } = fields;
    logged.push(`${message} ${JSON.stringify(fields)} ${err instanceof Error ? `${err.stack} ${JSON.stringify(err)}` : ''}`);
  };
  const installed = createInstalledCache(store);
  const deps = {
    operations: fakeOperations({ started, next, aimed, marked }),
    store: { ...store, audit },
    registries,
    catalog: folderCatalog(registries, store),
    local,
    archive: createArchiveReader(),
    installed,
    limits: { stepAttempts: 3, retryInitialMs: 100, operationMs: 1_000 },
    deployLimits: { stepAttempts: 3, retryInitialMs: 100, operationMs: 2_000 },
    registryRead: 'token' as const,
    metrics: createMetrics(),
    checks: {},
    stopping: new AbortController().signal,
    packs: noPacks(),
    registryManager: fixedRegistries(),
    sourceFetcher: { fetch: async () => ({ items: '[]' }) },
    log: { info: log, warn: log, error: log },
    ...more,
  };
  const app = createApp({ ...deps, cluster });
  const withCluster = await listen(app);
  const without = await listen(createApp(deps));
  const client = ({ url }: { url: string }, token: string) =>
    new CheckedClient(new ApiClient(url, token), JSON.parse(JSON.stringify(openApiDocument())));
  return {
    store,
    app,
    cluster,
    started,
    aimed,
    marked,
    databaseUrl: postgres.url,
    next,
    logged,
    audited,
    dev: client(withCluster, 'dev-token'),
    admin: client(withCluster, 'admin-token'),
    clusterless: client(without, 'dev-token'),
    async close() {
      for (const { server } of [withCluster, without]) await new Promise((resolve) => server.close(resolve));
      installed.close();
      await store.close();
      await postgres.close();
      await folder.remove();
    },
  };
}

function folderCatalog(set: RegistrySet, store: PostgresStore) {
  const registries = set.all.map((plugin) => ({
    plugin,
    scope: 'f0',
    url: 'folder',
    credential: 'none',
    isFolder: true,
    isDefault: plugin === set.default,
  }));
  return createCatalog({ set, registries, store: store.catalog, log: { warn: () => undefined } });
}

function fakeOperations({
  started,
  next,
  aimed,
  marked,
}: Pick<DeployLab, 'started' | 'next' | 'aimed' | 'marked'>): OperationsClient {
  const start = (kind: OperationKind) => async (input: { target: Target }) => {
    const mark = startMark();
    if (mark) aimed.push({ mark: mark.id, target: input.target });
    await next.beforeAim?.();
    await mark?.aim(input.target);
    const id = operationId(input.target, randomUUID());
    started.push({ kind, id, input: structuredClone(input) });
    if (next.failure) throw next.failure;
    return { id, joined: next.joined, ...(next.inputs !== undefined && { inputs: next.inputs }) };
  };
  const client: Partial<OperationsClient> = {
    plan: start('plan'),
    deploy: start('deploy'),
    upgrade: start('upgrade'),
    rollback: start('rollback'),
    destroy: start('destroy'),
    marked: async (_target, mark) => {
      if (next.markedFailure) throw next.markedFailure;
      return marked.get(mark);
    },
    settled: async (id) => (next.settled ? ({ id, ...next.settled } as OperationView) : undefined),
    get: async (id) => ({ id, ...next.operation }) as OperationView,
    cancel: async (id) => ({ id, links: { self: `/api/v1/operations/${id}` }, ...next.operation }) as OperationView,
    list: async (filter) => {
      started.push({ kind: 'plan', id: 'list', input: filter });
      return { operations: [] };
    },
    replay: async (id, input) => {
      started.push({ kind: 'replay', id, input: structuredClone(input) });
      if (next.failure) throw next.failure;
      const inputs = next.inputs !== undefined && { inputs: next.inputs };
      return { id, joined: next.joined, ...inputs, from: 'resolve', keeps: [] };
    },
  };
  return client as OperationsClient;
}

async function listen(app: ReturnType<typeof createApp>): Promise<{ server: Server; url: string }> {
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Templates with what the tests of deployments need: types, a secret, a generated password, an immutable parameter. */
export const TEMPLATES: TemplateFixture[] = [
  { name: 'plain', version: '1.0.0', spec: { parameters: parametersOf({}) } },
  { name: 'plain', version: '1.1.0', spec: { parameters: parametersOf({}) } },
  {
    name: 'vault',
    version: '2.0.0',
    spec: {
      parameters: {
        ...parametersOf({
          password: { type: 'string', minLength: 8, maxLength: 64, 'x-chandlery': { secret: true } },
          token: { type: 'string', 'x-chandlery': { generated: 'password' } },
        }),
        required: ['password'],
      },
    },
  },
];

function parametersOf(more: Record<string, unknown>) {
  return {
    type: 'object',
    additionalProperties: false,
    properties: {
      replicas: { type: 'integer', minimum: 1, maximum: 9, default: 1 },
      version: { type: 'string' },
      size: { enum: ['S', 'M', 'L', 'XL'], default: 'S' },
      spot: { type: 'boolean', default: false },
      owner: { type: 'string' },
      ...more,
    },
  };
}
