import type { Express } from 'express';
import express from 'express';
import helmet from 'helmet';
import type { RoleBinding } from '../domain/access.ts';
import type { Metrics } from '../domain/metrics.ts';
import type { Store } from '../domain/store.ts';
import { createAccess } from './access.ts';
import { createAuthenticator, type TokenReview } from './auth.ts';
import { createMetricsRouter } from './metrics.ts';
import { notFoundMiddleware, problemMiddleware } from './problem.ts';

export interface MetricsAppDeps {
  metrics: Metrics;
  /** Without a token. */
  open: boolean;
  store: Pick<Store, 'tokens' | 'changes' | 'audit'>;
  roleBindings?: readonly RoleBinding[] | undefined;
  tokenReview?: TokenReview | undefined;
  stopping: AbortSignal;
}

/** All that a worker serves over HTTP: its metrics, by the same rules as those of the API. */
export function createMetricsApp({ metrics, open, store, roleBindings, tokenReview, stopping }: MetricsAppDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(helmet());
  const router = createMetricsRouter(metrics);
  if (open) app.use(router);
  const { tokens, changes, audit } = store;
  const authenticator = createAuthenticator({ tokens, changes, bindings: roleBindings, review: tokenReview, stopping });
  app.use(createAccess({ authenticator, audit, registryRead: 'token' }), router);
  app.use(notFoundMiddleware(), problemMiddleware());
  return app;
}
