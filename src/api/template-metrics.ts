import { Router } from 'express';
import type { Catalog } from '../catalog/index.ts';
import { type TemplateMetricsStore, templateMetrics } from '../domain/template-metrics.ts';
import { parseWith } from './problem.ts';
import { catalogTemplateSchema } from './schemas/catalog.ts';
import { templatePathSchema } from './schemas/registry.ts';

export interface TemplateMetricsRouterDeps {
  catalog: Pick<Catalog, 'exists'>;
  metrics: TemplateMetricsStore;
}

/** What was counted of one template, by all servers together; seconds late. */
export function createTemplateMetricsRouter({ catalog, metrics }: TemplateMetricsRouterDeps): Router {
  const router = Router();
  router.get('/:name/metrics', async (request, response) => {
    const { name } = parseWith(templatePathSchema, request.params, 'path');
    const { registry } = parseWith(catalogTemplateSchema.pick({ registry: true }), request.query, 'query');
    await catalog.exists(name, registry);
    response.json(templateMetrics(name, registry, await metrics.of(name, registry)));
  });
  return router;
}
