import { Router } from 'express';
import type { OperationsClient } from '../client/index.ts';
import type { Cluster } from '../domain/cluster.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { ArchiveFindings, InstallFindingStore } from '../domain/install-findings.ts';
import type { Target } from '../domain/operation.ts';
import { installId, LOCAL_CLUSTER, parseInstallId } from '../domain/operation.ts';
import { parseReference } from '../domain/reference.ts';
import { isSourceRegistry } from '../domain/sources/source-registry.ts';
import type { InstallRecord, InstallStore } from '../domain/store.ts';
import { sendAccepted } from './accepted.ts';
import { requireRole } from './access.ts';
import { requesterOf } from './auth.ts';
import { parseWith } from './problem.ts';
import { installQuerySchema, installRequestSchema } from './schemas/operations.ts';

export interface InstallsRouterDeps {
  operations: Pick<OperationsClient, 'install' | 'uninstall'>;
  installs: InstallStore;
  findings: Pick<InstallFindingStore, 'of'>;
  limits: { stepAttempts: number; retryInitialMs: number; operationMs: number };
  /** Where the sources of namespaces are. */
  cluster?: Cluster | undefined;
}

export function createInstallsRouter({ operations, installs, findings, limits, cluster }: InstallsRouterDeps): Router {
  const router = Router();

  router.post('/', async (request, response) => {
    const { namespace, ref, ...wishes } = parseWith(installRequestSchema, request.body ?? {}, 'body');
    await requireRole(request, 'installer', namespace);
    const reference = parseReference(ref);
    if (isSourceRegistry(reference.registry ?? '') && !cluster)
      throw new ChandleryError('cluster_unavailable', 'this server has no cluster, which is where the sources of namespaces are');
    const accepted = await operations.install({
      target: { kind: 'install', cluster: LOCAL_CLUSTER, namespace, name: reference.name },
      requester: requesterOf(request),
      limits,
      request: { ...reference, ...wishes },
    });
    sendAccepted(response, accepted);
  });

  router.get('/', async (request, response) => {
    const { namespace } = parseWith(installQuerySchema, request.query, 'query');
    const records = await installs.list(LOCAL_CLUSTER, namespace);
    response.json({ installs: records.map((record) => toBody(record)) });
  });

  router.get('/:id', async (request, response) => {
    const target = targetOf(request.params.id);
    const record = await existing(installs, target);
    const [dependents, looked] = await Promise.all([
      installs.dependents(target.cluster, target.namespace, target.name),
      findings.of([record.digest]),
    ]);
    response.json({
      ...toBody(record),
      ...(record.decision && { decision: record.decision }),
      dependents: dependents.map((dependent) => dependent.name),
      ...checkBody(looked.get(record.digest)),
    });
  });

  router.delete('/:id', async (request, response) => {
    const target = targetOf(request.params.id);
    await existing(installs, target);
    sendAccepted(response, await operations.uninstall({ target, requester: requesterOf(request), limits, request: {} }));
  });

  return router;
}

function targetOf(id: string): Target {
  const target = parseInstallId(id);
  if (!target)
    throw new ChandleryError(
      'install_not_found',
      `"${id.slice(0, 200)}" is no install id; it is written ${LOCAL_CLUSTER}.NAMESPACE.NAME`,
    );
  return target;
}

async function existing(installs: InstallStore, { cluster, namespace, name }: Target): Promise<InstallRecord> {
  const record = await installs.get(cluster, namespace, name);
  if (!record)
    throw new ChandleryError('install_not_found', `${name} is not installed in namespace ${namespace}`, { template: name });
  return record;
}

/** Without what is long: of many installs nobody reads it. */
function toBody({ cluster, manifest: _manifest, decision: _decision, ...record }: InstallRecord) {
  return { id: installId({ cluster, namespace: record.namespace, name: record.name }), ...record };
}

/** Nothing until a look at the archive was written down. */
function checkBody(looked: ArchiveFindings | undefined) {
  return looked && { check: { ...looked.check, findings: looked.findings } };
}
