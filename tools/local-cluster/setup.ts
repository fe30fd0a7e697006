/** What makes a cluster usable once its API answers: its objects, and the proof that they have taken effect. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { ChandleryError } from '../../src/domain/errors.ts';
import { type ApiAnswer, type ClusterApi, type ClusterObject, collectionPath } from './api.ts';
import { OBJECTS_FILE } from './parts.ts';
import { CLUSTER_USERS } from './users.ts';

/** The kinds of objects.yaml. */
const PLURALS: Readonly<Record<string, string>> = {
  Node: 'nodes',
  Namespace: 'namespaces',
  StorageClass: 'storageclasses',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  RoleBinding: 'rolebindings',
};
const POLL_MS = 25;
const PROBE = { name: 'local-cluster-probe', namespace: 'kube-system' } as const;

interface ObjectWithStatus {
  status?: { phase?: string; allowed?: boolean; conditions?: { type: string; status: string }[] };
}

/** Asks until the answer is as wanted; rejects when `signal` is aborted. */
async function pollApi(
  ask: () => Promise<ApiAnswer>,
  wanted: (answer: ApiAnswer) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    const answer = await ask().catch((error: unknown) => {
      // Not listening yet, or being restarted.
      if (error instanceof ChandleryError && error.code === 'cluster_unavailable') return undefined;
      throw error;
    });
    if (answer && wanted(answer)) return;
    await sleep(POLL_MS, undefined, { signal });
  }
}

/** Resolves when the API server says that it is ready to serve. */
export async function waitForApi(api: ClusterApi, signal: AbortSignal): Promise<void> {
  await pollApi(
    () => api.request('GET', '/readyz'),
    ({ status }) => status === 200,
    signal,
  );
}

/** Resolves when rules made a moment ago let this user do this. */
export async function waitForRight(
  api: ClusterApi,
  who: { user: string; groups: readonly string[] },
  right: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { ...who, resourceAttributes: right },
  };
  await pollApi(
    () => api.request('POST', collectionPath(review.apiVersion, 'subjectaccessreviews'), review),
    ({ body }) => (body as ObjectWithStatus).status?.allowed === true,
    signal,
  );
}

/** Resolves when pods can be made in a namespace: before, its service account is missing and they are refused. */
export async function waitForServiceAccount(api: ClusterApi, namespace: string, signal: AbortSignal): Promise<void> {
  await pollApi(
    () => api.request('GET', `${collectionPath('v1', 'serviceaccounts', namespace)}/default`),
    ({ status }) => status === 200,
    signal,
  );
}

/** One pod from nothing to Ready: the scheduler and the simulated nodes work. */
async function probeScheduling(api: ClusterApi, signal: AbortSignal): Promise<void> {
  await waitForServiceAccount(api, PROBE.namespace, signal);
  const pods = collectionPath('v1', 'pods', PROBE.namespace);
  const spec = { containers: [{ name: 'probe', image: 'probe' }] };
  await api.apply({ apiVersion: 'v1', kind: 'Pod', metadata: PROBE, spec }, 'pods');
  await pollApi(
    () => api.request('GET', `${pods}/${PROBE.name}`),
    ({ body }) => (body as ObjectWithStatus).status?.phase === 'Running',
    signal,
  );
  await api.expect('DELETE', `${pods}/${PROBE.name}?gracePeriodSeconds=0`);
}

/** Server-side apply leaves the status alone; a node without capacity takes no pods, and its port is another one in each life. */
async function setNodeStatus(api: ClusterApi, node: ClusterObject, kubeletPort: number): Promise<void> {
  const status = { ...Object(node.status), daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } } };
  await api.expect('PATCH', `/api/v1/nodes/${node.metadata.name}/status`, { status }, 'application/merge-patch+json');
}

/** Applies objects.yaml and resolves when the cluster can be used by everybody named there. */
export async function setUpCluster(api: ClusterApi, kubeletPort: number, signal: AbortSignal): Promise<void> {
  for (const document of parseAllDocuments(readFileSync(OBJECTS_FILE, 'utf8'))) {
    const object = document.toJS() as ClusterObject;
    await api.apply(object, PLURALS[object.kind] ?? '');
    if (object.kind === 'Node') await setNodeStatus(api, object, kubeletPort);
  }
  const member = (user: 'chandlery' | 'dev' | 'viewer') => ({ user, groups: CLUSTER_USERS[user] });
  await Promise.all([
    probeScheduling(api, signal),
    waitForServiceAccount(api, 'shop', signal),
    waitForRight(api, member('chandlery'), { verb: 'impersonate', resource: 'users' }, signal),
    waitForRight(api, member('dev'), { verb: 'create', resource: 'pods', namespace: 'shop' }, signal),
    waitForRight(api, member('viewer'), { verb: 'list', resource: 'pods', namespace: 'shop' }, signal),
  ]);
}
