import { randomUUID } from 'node:crypto';
import type { Express, RequestHandler } from 'express';
import express from 'express';
import helmet from 'helmet';
import type { Catalog } from '../catalog/index.ts';
import type { OperationsClient } from '../client/index.ts';
import type { Cluster } from '../domain/cluster.ts';
import { ChandleryError, ERROR_CATALOGUE, isErrorCode } from '../domain/errors.ts';
import type { HelmdeckCatalog } from '../domain/helmdeck.ts';
import type { RegistryPlugin, RegistrySet } from '../domain/registry.ts';
import type { SourceFetcher } from '../domain/sources/items.ts';
import type { Store } from '../domain/store.ts';
import { createAuthentication, identityOf } from './auth.ts';
import { createCatalogRouter } from './catalog.ts';
import { createDeploymentReadsRouter } from './deployment-reads.ts';
import { createDeploymentsRouter } from './deployments.ts';
import { createArkRouter } from './facades/ark/router.ts';
import { packProblems } from './facades/helmdeck/problems.ts';
import { createHelmdeckRouter } from './facades/helmdeck/router.ts';
import type { HealthChecks } from './health.ts';
import { createHealthRouter } from './health.ts';
import type { InstalledCache } from './installed-cache.ts';
import { createInstallsRouter } from './installs.ts';
import { openApiDocument } from './openapi.ts';
import { createOperationsRouter } from './operations.ts';
import { createPlansRouter } from './plans.ts';
import { notFoundMiddleware, problemMiddleware } from './problem.ts';
import { createRegistriesRouter } from './registries.ts';
import { createRegistryProtocolRouter } from './registry-protocol.ts';
import { createTokensRouter } from './tokens.ts';

/** Requests of this stage are small; archives come with publishing. */
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
  /** What this server publishes itself. */
  local: RegistryPlugin;
  installed: InstalledCache;
  limits: { stepAttempts: number; retryInitialMs: number; operationMs: number };
  /** The same for plans and changes of deployments. */
  deployLimits: { stepAttempts: number; retryInitialMs: number; operationMs: number };
  /** Absent where none is configured: whatever needs one answers cluster_unavailable. */
  cluster?: Cluster | undefined;
  /** Fetches what the sources of a namespace name. */
  sourceFetcher: SourceFetcher;
  /** The one pack catalog of the helmdeck face. */
  packs: HelmdeckCatalog;
  registryRead: 'token' | 'open';
  checks: HealthChecks;
  stopping: AbortSignal;
  log: ApiLog;
}

/** The HTTP face: it starts workflows and tells how they go; everything that takes time happens elsewhere. */
export function createApp(deps: AppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet(), requestId(), requestLog(deps.log));
  app.use(createHealthRouter(deps.checks, deps.stopping));
  app.get('/openapi.json', (_request, response) => {
    response.json(openApiDocument());
  });
  app.get('/errors/:code', (request, response) => {
    response.json(explain(request.params.code));
  });
  app.use('/api/v1', createApiRouter(deps));
  app.use(notFoundMiddleware());
  app.use(
    problemMiddleware({
      onInternal: (error, request) =>
        deps.log.error({ err: error, path: request.path }, 'a request failed in a way nobody foresaw'),
    }),
  );
  return app;
}

function createApiRouter(deps: AppDeps) {
  const { operations, store, registries, local, installed, limits, deployLimits, cluster, stopping, log } = deps;
  const changes = { operations, store, registries, cluster, limits: deployLimits, log };
  const router = express.Router();
  const authenticated = createAuthentication(store.tokens);
  const protocol = createRegistryProtocolRouter({
    source: local,
    onArchiveRead: ({ name, version, digest }, request) =>
      store.audit.append({
        actor: identityOf(request)?.user ?? 'anonymous',
        action: 'read-archive',
        object: `${local.name}/${name}@${version}`,
        outcome: 'allowed',
        detail: { digest },
      }),
  });
  // An open registry answers other servers without a token; everything else on these paths needs one.
  if (deps.registryRead === 'open') router.use(onlyLocalReads(protocol));
  router.use('/marketplace', packProblems());
  router.use(authenticated);
  // Before the parser of bodies: these frozen paths have their own answer to one that is not JSON.
  router.use('/namespaces/:namespace', createArkRouter({ cluster, fetcher: deps.sourceFetcher, audit: store.audit, log }));
  router.use('/marketplace', createHelmdeckRouter(deps.packs));
  router.use(express.json({ limit: MAX_BODY }));
  router.use('/installs', createInstallsRouter({ operations, installs: store.installs, limits }));
  router.use('/operations', createOperationsRouter({ ...changes, audit: store.audit, stopping }));
  router.use('/plans', createPlansRouter(changes));
  router.use('/deployments', createDeploymentsRouter(changes), createDeploymentReadsRouter(changes));
  router.use('/registries', createRegistriesRouter({ catalog: deps.catalog, audit: store.audit }));
  router.use('/tokens', createTokensRouter(store));
  router.use(createCatalogRouter({ catalog: deps.catalog, installed, stopping }));
  router.use(protocol);
  return router;
}

/** Requests that the registry protocol alone answers: other servers mark theirs with scope=local, and archives are always local. */
function onlyLocalReads(protocol: RequestHandler): RequestHandler {
  return (request, response, next) => {
    const ours =
      request.method === 'GET' && (request.query.scope === 'local' || /^\/templates\/[^/]+\/archive$/.test(request.path));
    return ours ? protocol(request, response, next) : next();
  };
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
