import { Router } from 'express';
import { ChandleryError } from '../../../domain/errors.ts';
import type { HelmdeckCatalog } from '../../../domain/helmdeck.ts';

/**
 * The frozen face of the pack catalog, below `/marketplace` (reference 5). No request has a body that is looked at: `refresh` takes none,
 * whatever a client sends along.
 */
export function createHelmdeckRouter(catalog: HelmdeckCatalog): Router {
  const router = Router();
  router.get('/catalog', (_request, response) => {
    response.json(catalog.snapshot());
  });
  router.post('/refresh', async (_request, response) => {
    response.json(await catalog.refresh());
  });
  router.get('/packs/:name', async (request, response) => {
    const { entry, manifest, warnings } = await catalog.pack(request.params.name);
    response.json({ entry, manifest, ...(warnings.length > 0 && { warnings }) });
  });
  router.use((request) => {
    throw new ChandleryError(
      'not_found',
      `There is nothing at ${request.method} ${request.baseUrl}${request.path.slice(0, 200)}`,
    );
  });
  return router;
}
