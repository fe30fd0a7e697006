import { Router } from 'express';
import type { Catalog } from '../catalog/index.ts';
import type { RegistryManager } from '../catalog/manager.ts';
import { auditObject } from '../domain/audit.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { RegistryConfig } from '../domain/registries-config.ts';
import { registryEntrySchema } from '../domain/registry-entry.ts';
import type { AuditEntry, AuditStore } from '../domain/store.ts';
import { requesterOf } from './auth.ts';
import { parseWith } from './problem.ts';
import { changedRegistrySchema, registryNamePathSchema, registryTestQuerySchema } from './schemas/registries.ts';

export interface RegistryChangesDeps {
  catalog: Catalog;
  manager: RegistryManager;
  audit: AuditStore;
}

/** Adding, changing and removing registries. Only administrators come here; what they send as a secret is never told again. */
export function createRegistryChangesRouter({ catalog, manager, audit }: RegistryChangesDeps): Router {
  const router = Router();

  router.post('/', async (request, response) => {
    const by = requesterOf(request).user;
    const entry = parseWith(registryEntrySchema, request.body ?? {}, 'body');
    const { test } = parseWith(registryTestQuerySchema, request.query, 'query');
    await audited(audit, { actor: by, action: 'create-registry', object: auditObject.registry(entry.name) }, (allowed) =>
      manager.add(entry, { by, test, allowed: (config) => allowed(shown(config, entry.default)) }),
    );
    const { name } = entry;
    const view = await catalog.registry(name);
    response
      .status(201)
      .set({ Location: `/api/v1/registries/${name}`, ...tagOf(view) })
      .json(view);
  });

  router.patch('/:name', async (request, response) => {
    const by = requesterOf(request).user;
    const { name } = parseWith(registryNamePathSchema, request.params, 'path');
    const change = parseWith(changedRegistrySchema, request.body ?? {}, 'body');
    const { test } = parseWith(registryTestQuerySchema, request.query, 'query');
    const revision = revisionOf(request.get('if-match'));
    const members = Object.keys(change).toSorted();
    await audited(audit, { actor: by, action: 'change-registry', object: auditObject.registry(name) }, (allowed) =>
      manager.change(name, change, {
        ...{ by, test, revision },
        allowed: (config) => allowed({ ...shown(config, change.default), changed: members }),
      }),
    );
    const view = await catalog.registry(name);
    response.set(tagOf(view)).json(view);
  });

  router.delete('/:name', async (request, response) => {
    const actor = requesterOf(request).user;
    const { name } = parseWith(registryNamePathSchema, request.params, 'path');
    const revision = revisionOf(request.get('if-match'));
    await audited(audit, { actor, action: 'remove-registry', object: auditObject.registry(name) }, (allowed) =>
      manager.remove(name, { revision, allowed: () => allowed({}) }),
    );
    response.status(204).end();
  });

  return router;
}

/** The ETag of a registry that can be changed here. */
export function tagOf({ revision }: { revision?: string }): { ETag?: string } {
  return revision === undefined ? {} : { ETag: `"${revision}"` };
}

/** Undefined for every state: no header, or `*`. What is no ETag of ours is one that does not match. */
function revisionOf(header: string | undefined): string | undefined {
  const text = header?.trim();
  if (text === undefined || text === '*') return undefined;
  return /^(?:W\/)?"([^"]*)"$/.exec(text)?.[1] ?? text;
}

/** What the audit log says of a registry: no member that is, or may hold, a secret. */
function shown({ kind, type, url, credentials, ca }: RegistryConfig, isDefault: boolean | null | undefined) {
  return {
    ...{ kind, type, url, credential: credentials?.type ?? 'none' },
    ...(ca !== undefined && { ca: true }),
    ...(isDefault && { default: true }),
  };
}

type Allowed = (detail: Record<string, unknown>) => Promise<void>;

/** Written down before it is done, because what cannot be recorded is not done; and when it is refused, with the reason. */
async function audited(
  audit: AuditStore,
  entry: Pick<AuditEntry, 'actor' | 'action' | 'object'>,
  change: (allowed: Allowed) => Promise<void>,
): Promise<void> {
  try {
    await change((detail) => audit.append({ ...entry, outcome: 'allowed', detail }));
  } catch (error) {
    if (error instanceof ChandleryError && error.code !== 'store_unavailable')
      await audit.append({ ...entry, outcome: 'denied', code: error.code });
    throw error;
  }
}
