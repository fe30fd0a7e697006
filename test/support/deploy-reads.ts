import { readFile } from 'node:fs/promises';
import type { DeploymentRecord, Plan, PlannedObject, RevisionRecord } from '../../src/domain/deployment.ts';
import type { OperationView, StepView } from '../../src/domain/operation.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import type { DeployLab } from './deploy-lab.ts';

/** What tests of deployments ask the API and the cluster for. */

/** Fails with the whole answer unless the plan was made at once. */
export async function planned(api: ApiClient, body: Record<string, unknown>): Promise<Plan> {
  const answer = await api.call('POST', '/api/v1/plans', body);
  if (answer.status !== 201) throw new Error(`not planned: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** `create ConfigMap/notes`, sorted. */
export function actionsOf({ objects }: Pick<Plan, 'objects'>): string[] {
  return objects.map(({ action, ref }) => `${action} ${ref.kind}/${ref.name}`).sort();
}

export function plannedObject({ objects }: Plan, kind: string, name: string): PlannedObject | undefined {
  return objects.find(({ ref }) => ref.kind === kind && ref.name === name);
}

export const deploymentPath = (namespace: string, name: string) => `/api/v1/deployments/local.${namespace}.${name}`;

export async function deploymentOf(
  api: ApiClient,
  namespace: string,
  name: string,
): Promise<DeploymentRecord & { source: string; dependents: unknown[] }> {
  const { status, body } = await api.get(deploymentPath(namespace, name));
  if (status !== 200) throw new Error(`${status} ${JSON.stringify(body)}`);
  return body;
}

/** Newest first. */
export async function revisionsOf(api: ApiClient, namespace: string, name: string): Promise<RevisionRecord[]> {
  return (await api.get(`${deploymentPath(namespace, name)}/revisions`)).body.revisions;
}

/** By name, as this user sees them. */
export async function outputsOf(api: ApiClient, namespace: string, name: string): Promise<Record<string, string | undefined>> {
  const { outputs } = (await api.get(`${deploymentPath(namespace, name)}/outputs`)).body;
  return Object.fromEntries(outputs.map((output: { name: string; value?: string }) => [output.name, output.value]));
}

export function stepOf(operation: OperationView, name: string): StepView | undefined {
  return operation.steps.find((step) => step.name === name);
}

const PLURALS: Record<string, string> = {
  ConfigMap: 'api/v1/configmaps',
  Secret: 'api/v1/secrets',
  Pod: 'api/v1/pods',
  ResourceQuota: 'api/v1/resourcequotas',
  PersistentVolumeClaim: 'api/v1/persistentvolumeclaims',
  Deployment: 'apis/apps/v1/deployments',
  Job: 'apis/batch/v1/jobs',
  RoleBinding: 'apis/rbac.authorization.k8s.io/v1/rolebindings',
};

/** Path of an object of one of the kinds these tests look into, or of their collection. */
export function clusterPath(kind: string, namespace: string, name?: string): string {
  const plural = PLURALS[kind] ?? '';
  const at = plural.lastIndexOf('/');
  return `/${plural.slice(0, at)}/namespaces/${namespace}${plural.slice(at)}${name === undefined ? '' : `/${name}`}`;
}

/** As the cluster's administrator; undefined when it is not there. */
export async function objectOf(lab: DeployLab, kind: string, namespace: string, name: string) {
  const { status, body } = await lab.cluster.api.request('GET', clusterPath(kind, namespace, name));
  // biome-ignore lint/suspicious/noExplicitAny: objects are looked into freely by tests
  return status === 404 ? undefined : (body as any);
}

/** The entries of a Secret, decoded; undefined when it is not there. */
export async function secretOf(lab: DeployLab, namespace: string, name: string): Promise<Record<string, string> | undefined> {
  const object = await objectOf(lab, 'Secret', namespace, name);
  const data: Record<string, string> | undefined = object?.data;
  return data && Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]));
}

/** Names of the Secrets that are there. */
export async function secretNames(lab: DeployLab, namespace: string): Promise<string[]> {
  const { items } = (await lab.cluster.api.expect('GET', clusterPath('Secret', namespace))) as {
    items: Array<{ metadata: { name: string } }>;
  };
  return items.map(({ metadata }) => metadata.name).sort();
}

interface RawAuditEvent {
  verb: string;
  user: { username: string };
  impersonatedUser?: { username: string; groups?: string[] };
  objectRef?: { resource: string; namespace?: string; name?: string };
  requestURI: string;
  requestObject?: unknown;
}

/** Every request about the namespace, as the API server wrote it down. */
export async function auditEvents(lab: DeployLab, namespace: string): Promise<RawAuditEvent[]> {
  const lines = (await readFile(lab.cluster.auditLog, 'utf8')).split('\n');
  return lines
    .filter((line) => line.includes(`"namespace":"${namespace}"`) && line.endsWith('}'))
    .map((line) => JSON.parse(line) as RawAuditEvent);
}
