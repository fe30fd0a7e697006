import express, { Router } from 'express';
import { auditObject } from '../domain/audit.ts';
import type { AuditStore } from '../domain/store.ts';
import type { VulnerabilityStore } from '../domain/vulnerabilities/database.ts';
import { VULNERABILITY_LIMITS } from '../domain/vulnerabilities/database.ts';
import { requesterOf } from './auth.ts';
import { parseWith } from './problem.ts';
import {
  batchPathSchema,
  importPathSchema,
  vulnerabilityBatchSchema,
  vulnerabilityCompleteSchema,
  vulnerabilityImportRequestSchema,
} from './schemas/vulnerabilities.ts';

export interface VulnerabilitiesRouterDeps {
  vulnerabilities: VulnerabilityStore;
  audit: AuditStore;
}

/** Bodies other than batches are a few words. */
const MAX_BODY = '16kb';

/**
 * Import and state of vulnerability data; who may come here: domain/access-table.ts. To be mounted before the common parser of bodies,
 * whose limit is too small for a batch.
 */
export function createVulnerabilitiesRouter({ vulnerabilities, audit }: VulnerabilitiesRouterDeps): Router {
  const router = Router();
  const small = express.json({ limit: MAX_BODY });

  router.get('/', async (_request, response) => {
    response.json({ sources: await vulnerabilities.sources() });
  });

  router.post('/imports', small, async (request, response) => {
    const file = parseWith(vulnerabilityImportRequestSchema, request.body ?? {}, 'body');
    const begun = await vulnerabilities.begin({ ...file, importedBy: requesterOf(request).user });
    if ('importedAt' in begun) response.json({ inUse: begun });
    else response.status(201).location(`/api/v1/vulnerabilities/imports/${begun.id}`).json({ import: begun });
  });

  router.put(
    '/imports/:id/batches/:number',
    express.json({ limit: VULNERABILITY_LIMITS.batchBytes }),
    async (request, response) => {
      const { id, number } = parseWith(batchPathSchema, request.params, 'path');
      const { advisories } = parseWith(vulnerabilityBatchSchema, request.body ?? {}, 'body');
      response.json({ import: await vulnerabilities.append(id, number, advisories) });
    },
  );

  router.post('/imports/:id/complete', small, async (request, response) => {
    const { id } = parseWith(importPathSchema, request.params, 'path');
    const expected = parseWith(vulnerabilityCompleteSchema, request.body ?? {}, 'body');
    const actor = requesterOf(request).user;
    const source = await vulnerabilities.complete(id, expected, ({ name, file, digest, entries, newest }) =>
      audit.append({
        ...{ actor, action: 'import-vulnerabilities', object: auditObject.vulnerabilities(name), outcome: 'allowed' },
        detail: { file, digest, entries, newest },
      }),
    );
    response.json(source);
  });

  return router;
}
