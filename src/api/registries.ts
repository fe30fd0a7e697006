import { Router } from 'express';
import type { Catalog } from '../catalog/index.ts';
import type { RegistryManager } from '../catalog/manager.ts';
import { auditObject } from '../domain/audit.ts';
import type { AuditStore } from '../domain/store.ts';
import { requesterOf } from './auth.ts';
import { parseWith } from './problem.ts';
import { createRegistryChangesRouter, tagOf } from './registry-changes.ts';
import { registryNamePathSchema } from './schemas/registries.ts';

export interface RegistriesRouterDeps {
  catalog: Catalog;
  /** Adds, changes and removes them. */
  manager: RegistryManager;
  audit: AuditStore;
}

/** Registries as they are and do; never a credential's value. */
export function createRegistriesRouter({ catalog, manager, audit }: RegistriesRouterDeps): Router {
  const router = Router();
  const nameOf = (params: unknown) => parseWith(registryNamePathSchema, params, 'path').name;

  router.get('/', async (_request, response) => {
    response.json({ registries: await catalog.registries() });
  });

  router.get('/:name', async (request, response) => {
    const view = await catalog.registry(nameOf(request.params));
    // The tag is of what was configured, and the answer tells more: it must not be answered from a cache.
    response.set({ ...tagOf(view), 'Cache-Control': 'no-store' }).json(view);
  });

  router.get('/:name/health', async (request, response) => {
    response.json(await catalog.health(nameOf(request.params)));
  });

  router.post('/:name/test', async (request, response) => {
    const name = nameOf(request.params);
    const tested = await catalog.test(name);
    const { user } = requesterOf(request);
    await audit.append({ actor: user, action: 'test-registry', object: auditObject.registry(name), outcome: 'allowed' });
    response.json(tested);
  });

  router.post('/:name/refresh', async (request, response) => {
    const name = nameOf(request.params);
    const refreshed = await catalog.refresh(name);
    const { user } = requesterOf(request);
    await audit.append({ actor: user, action: 'refresh-registry', object: auditObject.registry(name), outcome: 'allowed' });
    response.status(refreshed.state === 'running' ? 202 : 200).json(refreshed);
  });

  router.use(createRegistryChangesRouter({ catalog, manager, audit }));
  return router;
}
