import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { createGuardedClient } from './adapters/http/guarded-client.ts';
import { createSourceFetcher, SOURCE_TIMEOUTS } from './adapters/http/source-fetcher.ts';
import { createHelmdeckCatalog } from './adapters/registries/helmdeck-catalog.ts';
import { createStore } from './adapters/store/index.ts';
import { ensureAdminToken } from './admin-token.ts';
import { createApp } from './api/app.ts';
import type { HealthChecks } from './api/health.ts';
import { createInstalledCache } from './api/installed-cache.ts';
import { createCatalog } from './catalog/index.ts';
import { createEngine, type Engine, registerSearchAttributes } from './client/engine.ts';
import { createOperationsClient } from './client/index.ts';
import { openCluster, warmUp } from './cluster.ts';
import type { Config } from './config.ts';
import { readConfig, requireExternal } from './config.ts';
import { ChandleryError } from './domain/errors.ts';
import type { Logger } from './logger.ts';
import { createLogger } from './logger.ts';
import { runProcess } from './process.ts';
import { openRegistries } from './registries.ts';

/** Composition root of the API. */

/** Requests under way get this long when the server stops, milliseconds. */
const DRAIN_MS = 3_000;

/** Pause before an engine that is away is asked again, milliseconds. */
const ENGINE_RETRY_MS = 2_000;

export interface ApiServices {
  databaseUrl: string;
  temporalAddress: string;
  /** Health of what this process supervises besides. */
  checks?: HealthChecks;
}

export interface RunningApi {
  url: string;
  adminTokenFile: string;
  stop(): Promise<void>;
}

/** Starts the API; resolves when it listens. The store must be there; the engine may come later. */
export async function startApi(config: Config, services: ApiServices, log: Logger): Promise<RunningApi> {
  const store = createStore({
    url: services.databaseUrl,
    onIdleError: (error) => log.warn({ err: error }, 'a store connection broke'),
  });
  await store.migrate();
  await ensureAdminToken(store.tokens, config.adminTokenFile, config.admin);
  const engine = createEngine({
    address: services.temporalAddress,
    namespace: config.temporalNamespace,
    taskQueue: config.taskQueue,
    codecKey: config.codecKey,
  });
  const registries = openRegistries(config, log);
  const cluster = openCluster(config, log);
  // Not the registries' client: in development that one lets loopback through, and these addresses come from users.
  const sources = createGuardedClient({ development: false, allow: config.outboundAllow, timeouts: SOURCE_TIMEOUTS });
  const operations = createOperationsClient(engine, store);
  const { set, catalog: listed, problems } = registries;
  const catalog = createCatalog({ set, registries: listed, problems, store: store.catalog, log });
  const installed = createInstalledCache(store);
  const stopping = new AbortController();
  await prepareEngine(engine, stopping.signal, log);
  const packClient = createGuardedClient({ development: config.environment === 'development', allow: config.outboundAllow });
  const packs = createHelmdeckCatalog({
    ...config.marketplace,
    client: packClient,
    onFailure: (error) => log.warn({ err: error }, 'the pack catalog cannot be fetched'),
    onProblem: (problem) => log.warn({ ...problem }, 'a pack cannot be listed'),
  });
  const app = createApp({
    operations,
    store,
    registries: registries.set,
    catalog,
    local: registries.local,
    installed,
    ...(cluster && { cluster }),
    limits: config.limits,
    deployLimits: config.deployLimits,
    sourceFetcher: createSourceFetcher(sources),
    packs,
    registryRead: config.registryRead,
    checks: {
      store: () => store.ping().then(() => undefined),
      engine: () => operations.ping().then(() => undefined),
      // Told, not counted: without the cluster, catalog and installs go on.
      ...(cluster && { cluster: () => cluster.version().catch((error: Error) => `away: ${error.message}`) }),
      ...services.checks,
    },
    stopping: stopping.signal,
    log,
  });
  const server = await listen(createServer(app), config);
  warmUp(cluster);
  catalog.warm();
  return {
    url: urlOf(server, config.host),
    adminTokenFile: config.adminTokenFile,
    async stop() {
      stopping.abort();
      await drain(server);
      installed.close();
      packs.close();
      await Promise.allSettled([
        store.close(),
        registries.close(),
        sources.close(),
        packClient.close(),
        cluster?.close(),
        engine.connection.close(),
      ]);
    },
  };
}

/** Operations cannot start before the engine knows their search attributes. An engine that is away is asked again until it is there. */
async function prepareEngine(engine: Engine, stopping: AbortSignal, log: Logger): Promise<void> {
  try {
    await registerSearchAttributes(engine);
  } catch (error) {
    if (stopping.aborted) return;
    log.warn({ err: error }, 'the engine is not ready; it is asked again');
    setTimeout(() => void prepareEngine(engine, stopping, log), ENGINE_RETRY_MS).unref();
  }
}

function listen(server: Server, { host, port }: Config): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken =
        error.code === 'EADDRINUSE'
          ? `port ${port} on ${host} is taken; set CHANDLERY_PORT to another one (0 = any free one)`
          : error.message;
      reject(new ChandleryError('config_invalid', `the API cannot listen: ${taken}`, {}, { cause: error }));
    });
    server.listen(port, host, () => resolve(server));
  });
}

function urlOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  // An address that means "every interface" is none to call.
  const callable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${callable.includes(':') ? `[${callable}]` : callable}:${port}`;
}

async function drain(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(force);
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel);
  await runProcess(log, async () => {
    const api = await startApi(config, requireExternal(config), log);
    process.stdout.write(`ready ${api.url} token-file ${api.adminTokenFile}\n`);
    return { stop: () => api.stop() };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
