import type { DeploymentRecord, RevisionRecord } from '../domain/deployment.ts';
import type { DeploymentKey, DeploymentStore } from '../domain/deployment-store.ts';
import { ChandleryError } from '../domain/errors.ts';
import { installId, LOCAL_CLUSTER, parseDeploymentId } from '../domain/operation.ts';

/** Deployments and revisions as the API shows them, and how a request names them. */

export function deploymentBody({ cluster, origin, requester, ...record }: DeploymentRecord) {
  const id = installId({ cluster, namespace: record.namespace, name: record.name });
  const self = `/api/v1/deployments/${id}`;
  const below = ['resources', 'events', 'outputs', 'revisions', 'operations'].map((part) => [part, `${self}/${part}`]);
  return {
    id,
    ...record,
    // Reference 1's name for it.
    source: origin,
    requester: requester.user,
    links: { self, ...Object.fromEntries(below) },
  };
}

export function revisionBody({
  parameters: _parameters,
  values: _values,
  inventory: _inventory,
  claims: _claims,
  rendered: _rendered,
  ...shown
}: RevisionRecord) {
  return shown;
}

export function revisionDetailBody(revision: RevisionRecord) {
  return {
    ...revisionBody(revision),
    parameters: revision.parameters,
    objects: revision.inventory.map(({ ref, uid, wave, existed }) => ({
      ...ref,
      ...(uid !== undefined && { uid }),
      wave,
      existed,
    })),
  };
}

/** Fails with deployment_not_found when the text is no deployment's id. */
export function deploymentKeyOf(id: string): DeploymentKey {
  const target = parseDeploymentId(id);
  if (target) return { cluster: target.cluster, namespace: target.namespace, name: target.name };
  throw new ChandleryError(
    'deployment_not_found',
    `"${id.slice(0, 200)}" is no deployment id; it is written ${LOCAL_CLUSTER}.NAMESPACE.NAME`,
  );
}

/** Fails with deployment_not_found. */
export async function existingDeployment(
  deployments: Pick<DeploymentStore, 'get'>,
  key: DeploymentKey,
): Promise<DeploymentRecord> {
  const record = await deployments.get(key);
  if (record) return record;
  throw new ChandleryError('deployment_not_found', `there is no deployment ${key.name} in namespace ${key.namespace}`);
}

/** The revision whose objects are in the cluster, or are on their way there: the newest that was not taken back. */
export function presentRevision(revisions: readonly RevisionRecord[]): RevisionRecord | undefined {
  return revisions.find(({ state }) => state === 'pending' || state === 'current' || state === 'failed');
}
