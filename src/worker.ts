import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { LogLevel } from '@temporalio/worker';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { ActivityDeps } from '../activities/deps.ts';
import { createActivities } from '../activities/index.ts';
import { createArchiveReader } from './adapters/archive/inspect.ts';
import { createMetrics } from './adapters/metrics/prometheus.ts';
import { createImageAttestations } from './adapters/oci/attestations.ts';
import { createImageSignatures } from './adapters/oci/image-signatures.ts';
import { createScannerCommand } from './adapters/scanner-command/index.ts';
import { createSecretMaker } from './adapters/secret-maker/index.ts';
import { createStore } from './adapters/store/index.ts';
import { createTemplateCounter } from './adapters/store/template-counter.ts';
import { dataConverter } from './client/codec.ts';
import { openCluster, openTokenReview, warmUp } from './cluster.ts';
import type { Config } from './config.ts';
import { PACKAGE_ROOT, readConfig, requireExternal } from './config.ts';
import type { Cluster } from './domain/cluster.ts';
import type { Metrics } from './domain/metrics.ts';
import type { Store } from './domain/store.ts';
import { createVulnerabilityValidator } from './domain/vulnerabilities/validator.ts';
import type { Logger } from './logger.ts';
import { createLogger } from './logger.ts';
import { openPolicies, type Policies, partsOf, publishPolicy } from './policies.ts';
import { runProcess } from './process.ts';
import { openRegistries } from './registries.ts';
import { openSigners, requireKeys, type Signers } from './signers.ts';
import { openValidation, openValidatorPlugins } from './validation.ts';
import { createOperationSinks, type MetricsServer, serveMetrics } from './worker-telemetry.ts';

/** Composition root of the worker: runs workflows and activities until it is told to stop. */

/** A step that is under way when the worker stops gets this long to end, milliseconds; then another worker does it again. */
const DRAIN_MS = 5_000;
/** Heartbeats are passed on at least this often, so that a cancellation is heard within a second or two. */
const HEARTBEAT_THROTTLE_MS = 1_000;
/** A killed worker's workflow is offered to the others after this long, milliseconds; Temporal's default is 10 s. */
const STICKY_TIMEOUT_MS = 1_000;
/** Steps wait on networks more than they compute. */
const CONCURRENT_ACTIVITIES = 100;
const CONCURRENT_WORKFLOW_TASKS = 40;

export interface WorkerServices {
  /** Those of the API in the same process, whose endpoint then shows both. */
  metrics?: Metrics;
  /** Those that were read before anything was started. */
  policies?: Policies;
  signatures?: Signers;
  databaseUrl: string;
  temporalAddress: string;
}

export interface RunningWorker {
  /** Rejects when the worker fails. */
  done: Promise<void>;
  stop(): Promise<void>;
}

/** For tests and recordings. */
export interface WorkerExtras {
  /** Called at each moment of each step. */
  onMoment?: NonNullable<ActivityDeps['onMoment']>;
  /** 0 replays a workflow's history at every task. */
  maxCachedWorkflows?: number;
}

/** Starts a worker; resolves when it polls. */
export async function startWorker(
  config: Config,
  services: WorkerServices,
  log: Logger,
  { onMoment, maxCachedWorkflows }: WorkerExtras = {},
): Promise<RunningWorker> {
  installRuntime(log);
  const signatures = services.signatures ?? (await openSigners(config));
  const policies = services.policies ?? (await openPolicies(config));
  requireKeys(policies.book, signatures);
  const store = createStore({
    url: services.databaseUrl,
    onIdleError: (error) => log.warn({ err: error }, 'a store connection broke'),
    verdictMs: config.cache.validationMs,
  });
  // Whoever of API and worker comes first brings the store to its form.
  await store.migrate();
  const registries = openRegistries(config, log, store);
  await registries.reload();
  const { openImages: open } = registries;
  const cluster = openCluster(config, log);
  const plugins = openValidatorPlugins(config.validatorPlugins, (err) => log.warn({ err }, 'a validator plugin failed'));
  // So that one which cannot be loaded is told of now, and not by the first install.
  for (const plugin of plugins.validators) void plugin.data();
  const connection = await NativeConnection.connect({ address: services.temporalAddress });
  const activities = createActivities({
    store,
    registries: registries.set,
    sources: registries.sources,
    archive: createArchiveReader(),
    validation: openValidation({
      ...partsOf(policies.book),
      validators: [
        publishPolicy(policies),
        createVulnerabilityValidator({ data: store.vulnerabilities, images: createImageAttestations({ open }) }),
        ...(config.scanner ? [createScannerCommand(config.scanner)] : []),
        ...plugins.validators,
      ],
    }),
    secrets: createSecretMaker(),
    transport: registries.client,
    ...(cluster && { cluster }),
    policies,
    signatures,
    images: createImageSignatures({ open, verifier: signatures }),
    log,
    ...(onMoment && { onMoment }),
  });
  const metrics = services.metrics ?? createMetrics();
  const counter = createTemplateCounter(store.templateMetrics);
  const worker = await Worker.create({
    connection,
    namespace: config.temporalNamespace,
    taskQueue: config.taskQueue,
    activities,
    sinks: createOperationSinks(metrics, counter),
    ...dataConverter(config.codecKey),
    ...workflowSource(),
    ...(maxCachedWorkflows !== undefined && { maxCachedWorkflows }),
    shutdownGraceTime: DRAIN_MS,
    stickyQueueScheduleToStartTimeout: STICKY_TIMEOUT_MS,
    maxHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_MS,
    defaultHeartbeatThrottleInterval: HEARTBEAT_THROTTLE_MS,
    maxConcurrentActivityTaskExecutions: CONCURRENT_ACTIVITIES,
    maxConcurrentWorkflowTaskExecutions: CONCURRENT_WORKFLOW_TASKS,
  });
  const stopping = new AbortController();
  const told = services.metrics
    ? undefined
    : await tellMetrics(config, { metrics, store, cluster, stopping: stopping.signal }, log);
  const done = worker.run().finally(async () => {
    stopping.abort();
    await told?.close();
    await counter.close();
    plugins.close();
    await Promise.allSettled([store.close(), policies.engine.close(), registries.close(), cluster?.close(), connection.close()]);
  });
  warmUp(cluster);
  return {
    done,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await done;
    },
  };
}

/** A worker of its own has no other endpoint; an API in the same process has one for both. */
async function tellMetrics(
  config: Config,
  { metrics, store, cluster, stopping }: { metrics: Metrics; store: Store; cluster: Cluster | undefined; stopping: AbortSignal },
  log: Logger,
): Promise<MetricsServer | undefined> {
  const { workerPort: port, open } = config.metrics;
  if (port === undefined) return undefined;
  const tokenReview = openTokenReview(config, cluster);
  const deps = { metrics, open, store, roleBindings: config.roleBindings, tokenReview, stopping };
  const server = await serveMetrics(deps, { host: config.host, port });
  log.info({ url: `${server.url}/metrics` }, "the worker's metrics are served");
  return server;
}

/** The bundle made by the build where there is one; the sources, bundled at start, otherwise. */
function workflowSource() {
  const bundle = join(PACKAGE_ROOT, 'dist', 'workflow-bundle.js');
  if (existsSync(bundle)) return { workflowBundle: { codePath: bundle } };
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return { workflowsPath: fileURLToPath(new URL(`../workflows/index.${extension}`, import.meta.url)) };
}

let runtimeInstalled = false;

/** The SDK's own log lines go where ours go. Once a process. */
function installRuntime(log: Logger): void {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) =>
      log[pinoLevel(level)]({ ...meta, part: 'temporal' }, message),
    ),
    // The process has its own order of stopping; the SDK must not start its own.
    shutdownSignals: [],
  });
}

function pinoLevel(level: LogLevel): 'debug' | 'info' | 'warn' | 'error' {
  if (level === 'ERROR') return 'error';
  if (level === 'WARN') return 'warn';
  return level === 'INFO' ? 'info' : 'debug';
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel);
  await runProcess(log, async () => {
    const worker = await startWorker(config, requireExternal(config), log);
    process.stdout.write('worker ready\n');
    return { failed: worker.done, stop: () => worker.stop() };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
