import { Router } from 'express';
import { ChandleryError } from '../../../domain/errors.ts';
import type { HelmdeckCatalog } from '../../../domain/helmdeck.ts';
import type { AuditStore } from '../../../domain/store.ts';
import { requesterOf } from '../../auth.ts';

/** The one catalog, as the audit log names it. */
const PACKS = 'packs/catalog';

/**
 * The frozen face of the pack catalog, below `/marketplace` (reference 5). No request has a body that is looked at: `refresh` takes none,
 * whatever a client sends along.
 */
export function createHelmdeckRouter(catalog: HelmdeckCatalog, audit: AuditStore): Router {
  const router = Router();
  router.get('/catalog', (_request, response) => {
    response.json(catalog.snapshot());
  });
  router.post('/refresh', async (request, response) => {
    const refreshed = await catalog.refresh();
    const { user } = requesterOf(request);
    await audit.append({ actor: user, action: 'refresh-packs', object: PACKS, outcome: 'allowed' });
    response.json(refreshed);
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
