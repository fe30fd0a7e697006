import type { Request } from 'express';
import { Router } from 'express';
import type { OperationsClient } from '../client/index.ts';
import type { ArchiveReader } from '../domain/archive.ts';
import { ChandleryError } from '../domain/errors.ts';
import { findRegistry } from '../domain/find-registry.ts';
import { LOCAL_CLUSTER } from '../domain/operation.ts';
import { checkCandidate, LOCAL_REGISTRY } from '../domain/published.ts';
import type { RegistrySet } from '../domain/registry.ts';
import type { Store } from '../domain/store.ts';
import { sendAccepted } from './accepted.ts';
import { callerOwnsName, requireName } from './access.ts';
import { requesterOf } from './auth.ts';
import { parseWith } from './problem.ts';
import type { StoredArchive } from './publishing-upload.ts';
import { readUpload, storeArchive } from './publishing-upload.ts';
import { publishQuerySchema } from './schemas/publishing.ts';

export interface PublishingDeps {
  operations: Pick<OperationsClient, 'publish'>;
  store: Pick<Store, 'blobs' | 'published' | 'audit'>;
  registries: RegistrySet;
  archive: ArchiveReader;
  limits: { stepAttempts: number; retryInitialMs: number; operationMs: number };
}

/** Takes archives in; to be mounted before the parser of JSON bodies. */
export function createPublishingRouter(deps: PublishingDeps): Router {
  const { operations, store, limits } = deps;
  const router = Router();

  router.post('/', async (request, response) => {
    const query = parseWith(publishQuerySchema, request.query, 'query');
    // Before a byte is stored, where the query says it.
    if (query.registry !== undefined) await refuseForeign(deps, request, query.registry);
    const { result, fields } = await readUpload(request, (archive) =>
      storeArchive({ blobs: store.blobs, archive: deps.archive }, archive),
    );
    const { registry = query.registry } = parseWith(publishQuerySchema, registryField(fields), 'body');
    if (registry !== undefined) await refuseForeign(deps, request, registry);
    const { name, version } = result.manifest.metadata;
    await requireName(request, name);
    const byScope = callerOwnsName(request, name);
    await refuseTaken(deps, request, result, byScope);
    const { digest, size } = result;
    const accepted = await operations.publish({
      target: { kind: 'publish', cluster: LOCAL_CLUSTER, namespace: LOCAL_REGISTRY, name },
      requester: requesterOf(request),
      limits,
      request: { version, digest, size, ...(byScope && { byScope }) },
    });
    sendAccepted(response, accepted, { name, version, digest });
  });

  return router;
}

function registryField({ registry }: Record<string, string>) {
  return registry === undefined || registry === '' ? {} : { registry };
}

/** Archives can be published to this server only: of others it is a reader. */
async function refuseForeign({ registries, store }: PublishingDeps, request: Request, name: string): Promise<void> {
  if (name === LOCAL_REGISTRY) return;
  const { type, kind } = await findRegistry(registries, name);
  const why = type === 'official' ? 'is an official registry, which is curated by its owners' : `is another registry (${kind})`;
  await store.audit.append({
    actor: requesterOf(request).user,
    action: 'publish-template',
    object: `registry/${name}`,
    outcome: 'denied',
    code: 'registry_read_only',
  });
  throw new ChandleryError('registry_read_only', `${name} ${why}: nothing can be published there from here`, { registry: name });
}

/** Told at once; the operation decides again, in its transaction. */
async function refuseTaken(
  { store: { published, audit } }: PublishingDeps,
  request: Request,
  { manifest: { metadata }, digest }: StoredArchive,
  byScope: boolean,
): Promise<void> {
  const { name, version } = metadata;
  const publisher = requesterOf(request).user;
  try {
    const [owners, there] = await Promise.all([published.owners(name), published.find(name, version)]);
    checkCandidate({ name, version, digest, publisher, byScope }, owners, there);
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'not_owner')
      await audit.append({
        ...{ actor: publisher, action: 'publish-template', object: `template/${name}`, outcome: 'denied', code: error.code },
        detail: { version, digest },
      });
    throw error;
  }
}
