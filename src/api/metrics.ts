import type { RequestHandler } from 'express';
import { Router } from 'express';
import { ACCESS_TABLE } from '../domain/access-table.ts';
import type { Metrics } from '../domain/metrics.ts';
import { createRuleFinder } from './access-routes.ts';

/** Label of requests that belong to no row of the access table. */
const NO_ROUTE = 'none';

/** Where Prometheus reads. Who may is the business of the access check in front of it. */
export function createMetricsRouter(metrics: Metrics): Router {
  const router = Router();
  router.get('/metrics', async (_request, response) => {
    const { contentType, text } = await metrics.exposition();
    response.set({ 'content-type': contentType, 'cache-control': 'no-store' }).send(text);
  });
  return router;
}

/** A path that cannot even be decoded belongs to no row; and nothing may fail here, where nobody would catch it. */
function routeOf(find: ReturnType<typeof createRuleFinder>, method: string, path: string): string {
  try {
    return find(method, path)?.rule.path ?? NO_ROUTE;
  } catch {
    return NO_ROUTE;
  }
}

/** Counts every request under the row of the access table that it belongs to; what belongs to none is one route together. */
export function requestMetrics(metrics: Metrics): RequestHandler {
  const find = createRuleFinder(ACCESS_TABLE);
  return (request, response, next) => {
    const startedAt = performance.now();
    const { method, path } = request;
    // Not `finish`: a client that goes away in the middle has been a request too.
    response.on('close', () => {
      const route = routeOf(find, method, path);
      const isStream = String(response.getHeader('content-type') ?? '').startsWith('text/event-stream');
      metrics.request({ method, route, status: response.statusCode, ms: performance.now() - startedAt, isStream });
    });
    next();
  };
}
