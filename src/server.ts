import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pathToFileURL } from 'node:url';
import { createArchiveReader } from './adapters/archive/inspect.ts';
import { createSourceClient } from './adapters/http/source-client.ts';
import { createSourceFetcher, SOURCE_TIMEOUTS } from './adapters/http/source-fetcher.ts';
import { createMetrics } from './adapters/metrics/prometheus.ts';
import { createHelmdeckCatalog } from './adapters/registries/helmdeck-catalog.ts';
import { createStore } from './adapters/store/index.ts';
import { createTemplateCounter } from './adapters/store/template-counter.ts';
import { ensureAdminToken } from './admin-token.ts';
import { createApp } from './api/app.ts';
import type { HealthChecks } from './api/health.ts';
import { createInstalledCache } from './api/installed-cache.ts';
import { type Catalog, createCatalog } from './catalog/index.ts';
import { createEngine, type Engine, registerSearchAttributes } from './client/engine.ts';
import { scheduleRegistryChecks } from './client/health-schedule.ts';
import { createOperationsClient } from './client/index.ts';
import { scheduleRecheck } from './client/recheck-schedule.ts';
import { scheduleSweep } from './client/sweep-schedule.ts';
import { openCluster, openTokenReview, warmUp } from './cluster.ts';
import type { Config } from './config.ts';
import { readConfig, requireExternal } from './config.ts';
import { ChandleryError } from './domain/errors.ts';
import type { Metrics } from './domain/metrics.ts';
import { LOCAL_REGISTRY } from './domain/operation.ts';
import type { SignatureVerifier } from './domain/signature.ts';
import type { Store } from './domain/store.ts';
import type { StatusThresholds } from './domain/validation-score.ts';
import type { Logger } from './logger.ts';
import { createLogger } from './logger.ts';
import { manageRegistries } from './managed-registries.ts';
import { checkPolicies } from './policies.ts';
import { runProcess } from './process.ts';
import { openRegistries } from './registries.ts';
import { openSigners } from './signers.ts';

/** Composition root of the API. */

/** Requests under way get this long when the server stops, milliseconds. */
const DRAIN_MS = 3_000;

/** Pause before an engine that is away is asked again, milliseconds. */
const ENGINE_RETRY_MS = 2_000;

export interface ApiServices {
  databaseUrl: string;
  temporalAddress: string;
  /** Shared with a worker in the same process. */
  metrics?: Metrics;
  signatures?: SignatureVerifier;
  /** Of publishing, where the policies say others than the usual ones. */
  thresholds?: StatusThresholds;
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
  const signatures = services.signatures ?? (await openSigners(config));
  const store = createStore({
    url: services.databaseUrl,
    onIdleError: (error) => log.warn({ err: error }, 'a store connection broke'),
    verdictMs: config.cache.validationMs,
  });
  await store.migrate();
  await ensureAdminToken(store.tokens, config.adminTokenFile, config.admin);
  const engine = createEngine({
    address: services.temporalAddress,
    namespace: config.temporalNamespace,
    taskQueue: config.taskQueue,
    codecKey: config.codecKey,
  });
  const registries = openRegistries(config, log, store);
  const cluster = openCluster(config, log);
  const tokenReview = openTokenReview(config, cluster);
  // Not the registries' client: in development that one lets loopback through, and these addresses come from users.
  const sources = createSourceClient({ allow: config.outboundAllow, timeouts: SOURCE_TIMEOUTS });
  const operations = createOperationsClient(engine, store);
  const { set } = registries;
  const metrics = services.metrics ?? createMetrics();
  const counter = createTemplateCounter(store.templateMetrics);
  const { searchMs, templateMs, catalogMs } = config.cache;
  const catalog = createCatalog({
    set,
    registries: await registries.catalog(),
    problems: registries.problems(),
    store: store.catalog,
    details: store.details,
    health: store.health,
    observer: metrics,
    counter,
    limits: { searchMs, templateMs, catalogMs },
    log,
  });
  metrics.watchRegistries(() => catalog.gauges());
  const registryManager = await manageRegistries(registries, catalog, store);
  const installed = createInstalledCache(store);
  const stopping = new AbortController();
  await prepareEngine(engine, config.healthIntervalMs, stopping.signal, log);
  const packs = createHelmdeckCatalog({
    ...config.marketplace,
    client: registries.client,
    onFailure: (error) => log.warn({ err: error }, 'the pack catalog cannot be fetched'),
    onProblem: (problem) => log.warn({ ...problem }, 'a pack cannot be listed'),
  });
  const app = createApp({
    operations,
    store,
    registries: registries.set,
    catalog,
    registryManager,
    local: registries.local,
    archive: createArchiveReader(),
    signatures,
    installed,
    ...(cluster && { cluster }),
    limits: config.limits,
    deployLimits: config.deployLimits,
    sourceFetcher: createSourceFetcher(sources),
    sources: registries.sources,
    packs,
    ...(services.thresholds && { thresholds: services.thresholds }),
    registryRead: config.registryRead,
    metrics,
    metricsOpen: config.metrics.open,
    counter,
    roleBindings: config.roleBindings,
    tokenReview,
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
  const unfollow = followPublished(store, catalog);
  return {
    url: urlOf(server, config.host),
    adminTokenFile: config.adminTokenFile,
    async stop() {
      stopping.abort();
      await drain(server);
      unfollow();
      installed.close();
      packs.close();
      await counter.close();
      await Promise.allSettled([store.close(), registries.close(), sources.close(), cluster?.close(), engine.connection.close()]);
    },
  };
}

/** What was published, here or elsewhere, by this server or another one of this installation, is listed again at once. */
function followPublished({ changes }: Store, catalog: Catalog): () => void {
  return changes.subscribe((event) => {
    if (event.type === 'published.changed') catalog.expire(event.registry ?? LOCAL_REGISTRY);
    if (event.type === 'resync') catalog.expire(LOCAL_REGISTRY);
  });
}

/** Operations cannot start before the engine knows their search attributes; for what it starts by the clock nobody waits. */
async function prepareEngine(engine: Engine, healthMs: number, stopping: AbortSignal, log: Logger): Promise<void> {
  await untilThere(() => registerSearchAttributes(engine), stopping, log);
  const schedules = () =>
    [scheduleRegistryChecks(engine, healthMs), scheduleSweep(engine), scheduleRecheck(engine)].map((made) => orWarned(made, log));
  void untilThere(() => Promise.all(schedules()), stopping, log);
}

/** Resolves after the first try; an engine that is away is asked again until it is there. */
async function untilThere(ask: () => Promise<unknown>, stopping: AbortSignal, log: Logger): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (stopping.aborted) return;
    log.warn({ err: error }, 'the engine is not ready; it is asked again');
    setTimeout(() => void untilThere(ask, stopping, log), ENGINE_RETRY_MS).unref();
  }
}

/** An engine that is there and takes no Schedule will take none in two seconds either; everything else works without. */
async function orWarned(made: Promise<void>, log: Logger): Promise<void> {
  try {
    await made;
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'engine_unavailable') throw error;
    log.warn({ err: error }, 'the engine takes no Schedule; what it would start by the clock does not run');
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
    const { publish: thresholds } = await checkPolicies(config);
    const api = await startApi(config, { ...requireExternal(config), ...(thresholds && { thresholds }) }, log);
    process.stdout.write(`ready ${api.url} token-file ${api.adminTokenFile}\n`);
    return { stop: () => api.stop() };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
