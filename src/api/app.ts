import { randomUUID } from 'node:crypto';
import type { Express, RequestHandler } from 'express';
import express from 'express';
import helmet from 'helmet';
import type { Catalog } from '../catalog/index.ts';
import type { RegistryManager } from '../catalog/manager.ts';
import type { OperationsClient } from '../client/index.ts';
import type { RoleBinding } from '../domain/access.ts';
import type { ArchiveReader } from '../domain/archive.ts';
import { auditObject } from '../domain/audit.ts';
import type { Cluster } from '../domain/cluster.ts';
import { ChandleryError, ERROR_CATALOGUE, isErrorCode } from '../domain/errors.ts';
import type { HelmdeckCatalog } from '../domain/helmdeck.ts';
import type { Metrics } from '../domain/metrics.ts';
import type { RegistryPlugin, RegistrySet } from '../domain/registry.ts';
import type { SignatureVerifier } from '../domain/signature.ts';
import type { SourceRegistries } from '../domain/sources/for-user.ts';
import type { SourceFetcher } from '../domain/sources/items.ts';
import type { Store } from '../domain/store.ts';
import type { TemplateCounter } from '../domain/template-metrics.ts';
import type { StatusThresholds } from '../domain/validation-score.ts';
import { createAccess } from './access.ts';
import { createAuditRouter } from './audit.ts';
import { type Authenticator, createAuthenticator, identityOf, type TokenReview } from './auth.ts';
import { createCatalogRouter } from './catalog.ts';
import { createDeploymentReadsRouter } from './deployment-reads.ts';
import { createDeploymentsRouter } from './deployments.ts';
import { createEventsRouter } from './events.ts';
import { createArkRouter } from './facades/ark/router.ts';
import { packProblems } from './facades/helmdeck/problems.ts';
import { createHelmdeckRouter } from './facades/helmdeck/router.ts';
import type { HealthChecks } from './health.ts';
import { createHealthRouter } from './health.ts';
import { honourIdempotencyKey } from './idempotency.ts';
import type { InstalledCache } from './installed-cache.ts';
import { createInstallsRouter } from './installs.ts';
import { createMetricsRouter, requestMetrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';
import { createOperationsRouter } from './operations.ts';
import { createPlansRouter } from './plans.ts';
import { notFoundMiddleware, problemMiddleware } from './problem.ts';
import { createPublishedTemplatesRouter } from './published-templates.ts';
import { createPublishingRouter } from './publishing.ts';
import { createRegistriesRouter } from './registries.ts';
import { createRegistryProtocolRouter } from './registry-protocol.ts';
import { createTemplateMetricsRouter } from './template-metrics.ts';
import { createTemplateReportRouter } from './template-report.ts';
import { createTokensRouter } from './tokens.ts';
import { createVulnerabilitiesRouter } from './vulnerabilities.ts';
import { createWhoamiRouter } from './whoami.ts';

/** JSON bodies are small; archives are no JSON. */
const MAX_BODY = '256kb';

export interface ApiLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface AppDeps {
  operations: OperationsClient;
  store: Store;
  registries: RegistrySet;
  /** All of them as one. */
  catalog: Catalog;
  /** Changes which ones there are. */
  registryManager: RegistryManager;
  /** What this server publishes itself. */
  local: RegistryPlugin;
  /** Guards what is published. */
  archive: ArchiveReader;
  /** What signatures are worth that are published with it; none is taken when left out. */
  signatures?: SignatureVerifier;
  installed: InstalledCache;
  /** Of publishing: what reports hold a scan against; the usual ones when left out. */
  thresholds?: StatusThresholds;
  limits: { stepAttempts: number; retryInitialMs: number; operationMs: number };
  /** The same for plans and changes of deployments. */
  deployLimits: { stepAttempts: number; retryInitialMs: number; operationMs: number };
  /** Absent where none is configured: whatever needs one answers cluster_unavailable. */
  cluster?: Cluster | undefined;
  /** Fetches what the sources of a namespace name. */
  sourceFetcher: SourceFetcher;
  /** The same as registries, for references to what they offer. */
  sources?: SourceRegistries;
  /** The one pack catalog of the helmdeck face. */
  packs: HelmdeckCatalog;
  registryRead: 'token' | 'open';
  metrics: Metrics;
  /** Anyone who reaches the port may read the metrics. */
  metricsOpen?: boolean;
  /** Counts what happens to templates; nobody does when left out. */
  counter?: TemplateCounter;
  /** Roles of users and groups besides those of their tokens. */
  roleBindings?: readonly RoleBinding[] | undefined;
  /** Absent = bearers that are none of ours are refused. */
  tokenReview?: TokenReview | undefined;
  checks: HealthChecks;
  stopping: AbortSignal;
  log: ApiLog;
}

/** The HTTP face: it starts workflows and tells how they go; everything that takes time happens elsewhere. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet(), requestId(), requestLog(deps.log), requestMetrics(deps.metrics));
  // Before the access check, whose refusals have words of their own on these paths.
  app.use('/api/v1/marketplace', packProblems());
  const authenticator = createAuthenticator({
    tokens: deps.store.tokens,
    changes: deps.store.changes,
    bindings: deps.roleBindings,
    review: deps.tokenReview,
    stopping: deps.stopping,
  });
  const { registryRead, metricsOpen = false } = deps;
  app.use(createAccess({ authenticator, audit: deps.store.audit, registryRead, metricsOpen }));
  app.use(createHealthRouter(deps.checks, deps.stopping), createMetricsRouter(deps.metrics));
  app.get('/openapi.json', (_request, response) => {
    response.json(openApiDocument());
  });
  app.get('/errors/:code', (request, response) => {
    response.json(explain(request.params.code));
  });
  app.use('/api/v1', createApiRouter(deps, authenticator));
  app.use(notFoundMiddleware());
  app.use(
    problemMiddleware({
      onInternal: (error, request) =>
        deps.log.error({ err: error, path: request.path }, 'a request failed in a way nobody foresaw'),
    }),
  );
  return app;
}

function createApiRouter(deps: AppDeps, authenticator: Authenticator) {
  const { operations, store, registries, local, installed, limits, deployLimits, cluster, stopping, log } = deps;
  const changes = { operations, store, registries, sources: deps.sources, cluster, limits: deployLimits, log };
  const router = express.Router();
  const protocol = createRegistryProtocolRouter({
    source: local,
    onArchiveRead: ({ name, version, digest }, request) =>
      store.audit.append({
        actor: identityOf(request)?.user ?? 'anonymous',
        action: 'read-archive',
        object: auditObject.template(name, version),
        outcome: 'allowed',
        detail: { registry: local.name, digest },
      }),
    // Counted beside the answer, which has gone out.
    onArchiveSent({ name, version }) {
      deps.counter?.count({ name, registry: local.name, metric: 'download' });
      store.published
        .countDownload(name, version)
        .catch((error: unknown) => log.warn({ err: error, name, version }, 'a download could not be counted'));
    },
  });
  // Before the parser of bodies: these frozen paths have their own answer to one that is not JSON.
  router.use('/namespaces/:namespace', createArkRouter({ cluster, fetcher: deps.sourceFetcher, audit: store.audit, log }));
  router.use('/marketplace', createHelmdeckRouter(deps.packs, store.audit));
  // Archives come as forms, which are read as streams.
  const { archive, signatures } = deps;
  router.use(
    '/templates',
    createPublishingRouter({ operations, store, registries, archive, limits, ...(signatures && { signatures }) }),
  );
  router.use('/vulnerabilities', createVulnerabilitiesRouter(store));
  router.use(express.json({ limit: MAX_BODY }));
  router.use('/templates', createTemplateMetricsRouter({ catalog: deps.catalog, metrics: store.templateMetrics }));
  router.use('/templates', createTemplateReportRouter({ registries, store, thresholds: deps.thresholds }));
  router.use('/templates', createPublishedTemplatesRouter({ store, local }));
  router.use(['/installs', '/operations', '/deployments'], honourIdempotencyKey({ keys: store.requestKeys, operations, log }));
  router.use('/installs', createInstallsRouter({ ...store, operations, limits, cluster }));
  router.use('/operations', createOperationsRouter({ ...changes, audit: store.audit, stopping }));
  router.use('/plans', createPlansRouter(changes));
  router.use('/deployments', createDeploymentsRouter(changes), createDeploymentReadsRouter(changes));
  router.use('/registries', createRegistriesRouter({ catalog: deps.catalog, manager: deps.registryManager, audit: store.audit }));
  router.use('/tokens', createTokensRouter({ ...store, forget: authenticator.forget }));
  router.use('/whoami', createWhoamiRouter());
  router.use('/audit', createAuditRouter({ ...store, stopping }));
  router.use('/events', createEventsRouter(store));
  router.use(createCatalogRouter({ catalog: deps.catalog, installed, stopping }));
  router.use(protocol);
  return router;
}

/** What a problem's `type` leads to. */
function explain(code: string) {
  if (!isErrorCode(code)) throw new ChandleryError('not_found', `there is no error code "${code.slice(0, 100)}"`);
  const { status, title, guidance } = ERROR_CATALOGUE[code];
  return { code, status, title, guidance };
}

function requestId(): RequestHandler {
  return (request, response, next) => {
    const given = request.get('x-request-id');
    response.locals.requestId = given !== undefined && /^[\w.:-]{1,128}$/.test(given) ? given : randomUUID();
    response.set('X-Request-Id', response.locals.requestId);
    next();
  };
}

function requestLog(log: ApiLog): RequestHandler {
  return (request, response, next) => {
    const startedAt = performance.now();
    response.on('finish', () => {
      const ms = Math.round(performance.now() - startedAt);
      log.info(
        {
          method: request.method,
          path: request.originalUrl.split('?')[0],
          status: response.statusCode,
          ms,
          requestId: response.locals.requestId,
        },
        'request',
      );
    });
    next();
  };
}
