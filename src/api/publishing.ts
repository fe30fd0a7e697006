import type { Request } from 'express';
import { Router } from 'express';
import type { OperationsClient } from '../client/index.ts';
import type { ArchiveReader } from '../domain/archive.ts';
import { auditObject } from '../domain/audit.ts';
import { ChandleryError } from '../domain/errors.ts';
import { findRegistry } from '../domain/find-registry.ts';
import { LOCAL_CLUSTER, LOCAL_REGISTRY } from '../domain/operation.ts';
import { checkCandidate } from '../domain/published.ts';
import { readOnlyRegistry, receiverOf } from '../domain/receiver.ts';
import type { RegistrySet } from '../domain/registry.ts';
import type { SignatureVerifier } from '../domain/signature.ts';
import type { Store } from '../domain/store.ts';
import { sendAccepted } from './accepted.ts';
import { callerOwnsName, requireName } from './access.ts';
import { requesterOf } from './auth.ts';
import { parseWith } from './problem.ts';
import { keepSignature } from './publishing-signature.ts';
import type { StoredArchive } from './publishing-upload.ts';
import { readUpload, storeArchive } from './publishing-upload.ts';
import { publishFieldsSchema, publishQuerySchema } from './schemas/publishing.ts';

export interface PublishingDeps {
  operations: Pick<OperationsClient, 'publish'>;
  store: Pick<Store, 'blobs' | 'published' | 'audit' | 'documents'>;
  /** What the signatures of archives are worth; without it none is taken. */
  signatures?: SignatureVerifier;
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
    if (query.registry !== undefined) await destinationOf(deps, request, query.registry);
    const { result, fields } = await readUpload(request, (archive, sent) =>
      storeArchive({ blobs: store.blobs, archive: deps.archive }, archive, sent.digest),
    );
    const { registry = query.registry, signature: bundle } = parseWith(publishFieldsSchema, fieldsOf(fields), 'body');
    const destination = await destinationOf(deps, request, registry);
    const { name, version } = result.manifest.metadata;
    await requireName(request, name);
    const byScope = callerOwnsName(request, name);
    // Whose a name is elsewhere, only the operation can ask there.
    if (destination === LOCAL_REGISTRY) await refuseTaken(deps, request, result, byScope);
    const { digest, size } = result;
    const signature = bundle === undefined ? undefined : await keepSignature(deps, requesterOf(request).user, result, bundle);
    const accepted = await operations.publish({
      target: { kind: 'publish', cluster: LOCAL_CLUSTER, namespace: destination, name },
      requester: requesterOf(request),
      limits,
      request: { version, digest, size, ...(byScope && { byScope }), ...(signature !== undefined && { signature }) },
    });
    sendAccepted(response, accepted, { name, version, digest, registry: destination });
  });

  return router;
}

/** A field that a form holds empty is one that it does not hold. */
function fieldsOf({ registry, digest, signature }: Record<string, string>) {
  return { ...(registry && { registry }), ...(digest && { digest }), ...(signature && { signature }) };
}

/**
 * The registry it is published to (DESIGN section 7): the one that is named; else the default one where that is another Chandlery that takes
 * templates; else this server. Fails with registry_not_found, registry_read_only.
 */
async function destinationOf({ registries, store }: PublishingDeps, request: Request, named?: string): Promise<string> {
  if (named === LOCAL_REGISTRY) return named;
  if (named === undefined) {
    const { default: standard } = registries;
    if (standard) return receiverOf(standard) ? standard.name : LOCAL_REGISTRY;
    // Here or elsewhere: taking the other one without a word would be a trap.
    throw new ChandleryError(
      'registry_not_found',
      `the default registry cannot be used; say where to publish (${LOCAL_REGISTRY}: here)`,
    );
  }
  const registry = await findRegistry(registries, named);
  if (receiverOf(registry)) return named;
  await store.audit.append({
    actor: requesterOf(request).user,
    action: 'publish-template',
    object: auditObject.registry(named),
    outcome: 'denied',
    code: 'registry_read_only',
  });
  throw readOnlyRegistry(registry);
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
        ...{
          actor: publisher,
          action: 'publish-template',
          object: auditObject.template(name, version),
          outcome: 'denied',
          code: error.code,
        },
        detail: { version, digest },
      });
    throw error;
  }
}
