import type { ClusterApi } from '../../tools/local-cluster/api.ts';
import { collectionPath } from '../../tools/local-cluster/api.ts';
import type { TemplateFixture } from './registry-folder.ts';

/** A template of 20 objects over all waves. Its second version changes 17 of them, takes 3 away and brings 3 others. */

export const STACK = 'stack';

/** What names its cluster-wide object, so that several may be there at once. */
export type Suffix = string;

// biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects as they are written
type Manifest = any;

const RBAC = 'rbac.authorization.k8s.io';
const TOKEN = 'token';
const CLAIM = 'pile';
/** What the cluster makes for its StatefulSet: in no inventory, and not one of the 20. */
export const STACK_CLAIM = `${CLAIM}-store-0`;
const PARAMETERS = {
  type: 'object',
  additionalProperties: false,
  properties: { [TOKEN]: { type: 'string', 'x-chandlery': { generated: 'password' } } },
};

/** `<Kind>.<name>` of each object, in no particular order. */
export function stackObjects(version: 1 | 2, suffix: Suffix): string[] {
  return manifests(version, suffix).map(({ kind, metadata }) => `${kind}.${metadata.name}`);
}

/** The template of this suffix, `stack-<suffix>`, in both versions. */
export function stackTemplates(suffix: Suffix): TemplateFixture[] {
  return ([1, 2] as const).map((version) => ({
    name: `${STACK}-${suffix}`,
    version: `${version}.0.0`,
    spec: { parameters: PARAMETERS },
    files: {
      // In place of the fixture's own.
      'manifests/config.yaml': manifests(version, suffix)
        .map((manifest) => JSON.stringify(manifest))
        .join('\n---\n'),
    },
  }));
}

function manifests(version: 1 | 2, suffix: Suffix): Manifest[] {
  const definition = clusterWide(version, suffix);
  const both = [...definition, ...rbac(version), ...config(version), ...workloads(version), ...routing(version)];
  return [...both, ...(version === 1 ? onlyFirst() : onlySecond())];
}

function clusterWide(version: number, suffix: Suffix): Manifest[] {
  const labels = { version: `v${version}` };
  return [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `${STACK}-${suffix}-inner`, labels } }];
}

function rbac(version: number): Manifest[] {
  const verbs = version === 1 ? ['get'] : ['get', 'list'];
  const subjects = [{ kind: 'ServiceAccount', name: version === 1 ? 'runner' : 'default' }];
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'runner', labels: { version: `v${version}` } } },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'Role',
      metadata: { name: 'runner' },
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'runner' },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'runner' },
      subjects,
    },
  ];
}

function config(version: number): Manifest[] {
  const added = version === 1 ? {} : { added: 'by the second version' };
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { version: `v${version}`, ...added } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'texts', labels: { version: `v${version}` } },
      data: { text: 'same' },
    },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'access' },
      stringData: { token: `\${${TOKEN}}`, version: `v${version}` },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'inner' },
      spec: { podSelector: { matchLabels: { app: `v${version}` } }, policyTypes: ['Ingress'] },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'data', labels: { version: `v${version}` } },
      spec: claim('1Gi'),
    },
  ];
}

function claim(storage: string): Manifest {
  return { accessModes: ['ReadWriteOnce'], resources: { requests: { storage } } };
}

function workloads(version: number): Manifest[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 79 + version, targetPort: 8080 }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'store' },
      spec: { clusterIP: 'None', selector: { app: 'store' }, ports: [{ name: 'store', port: 5000 + version }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: { replicas: version, selector: { matchLabels: { app: 'web' } }, template: pod('web', version) },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'api' },
      spec: { selector: { matchLabels: { app: 'api' } }, template: pod('api', version) },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'store' },
      spec: {
        ...{ serviceName: 'store', selector: { matchLabels: { app: 'store' } }, template: pod('store', version) },
        volumeClaimTemplates: [{ metadata: { name: CLAIM }, spec: claim('1Gi') }],
      },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name: 'report' },
      spec: { schedule: `${version} 3 * * *`, jobTemplate: { spec: { template: job('report', version) } } },
    },
  ];
}

function routing(version: number): Manifest[] {
  const backend = { service: { name: 'web', port: { name: 'http' } } };
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web' },
      spec: { rules: [{ host: `v${version}.example.org`, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
    },
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'api' },
      spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' }, minReplicas: 1, maxReplicas: version },
    },
  ];
}

function onlyFirst(): Manifest[] {
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'page' }, data: { page: 'v1' } },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'web' },
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'web' } } },
    },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate-1' }, spec: { template: job('migrate', 1) } },
  ];
}

function onlySecond(): Manifest[] {
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'extra' }, data: { extra: 'v2' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'api' },
      spec: { selector: { app: 'api' }, ports: [{ name: 'http', port: 80 }] },
    },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'migrate-2' }, spec: { template: job('migrate', 2) } },
  ];
}

function pod(app: string, version: number): Manifest {
  const container = { name: app, image: `example.org/${app}:${version}`, resources: { requests: { cpu: '1m' } } };
  // Simulated pods take no time to end; 30 s of grace would only be waited for.
  return { metadata: { labels: { app } }, spec: { terminationGracePeriodSeconds: 0, containers: [container] } };
}

function job(app: string, version: number): Manifest {
  const { metadata, spec } = pod(app, version);
  return { metadata, spec: { ...spec, restartPolicy: 'Never' } };
}

/** Group of those who may make namespaces; the tester is otherwise nobody outside his own. */
export const NAMESPACE_MAKERS = 'namespace-makers';

export async function allowNamespaces(api: ClusterApi): Promise<void> {
  const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
  const metadata = { name: NAMESPACE_MAKERS };
  const rules = [{ apiGroups: [''], resources: ['namespaces'], verbs }];
  const roleRef = { apiGroup: RBAC, kind: 'ClusterRole', name: NAMESPACE_MAKERS };
  const subjects = [{ apiGroup: RBAC, kind: 'Group', name: NAMESPACE_MAKERS }];
  await api.apply({ apiVersion: `${RBAC}/v1`, kind: 'ClusterRole', metadata, rules }, 'clusterroles');
  await api.apply({ apiVersion: `${RBAC}/v1`, kind: 'ClusterRoleBinding', metadata, roleRef, subjects }, 'clusterrolebindings');
}

/** Objects of others: some bear marks like ours, of another deployment or without its id. All must outlive everything. */
export async function plantForeign(api: ClusterApi, namespace: string): Promise<void> {
  const marks = (deployment: string) => ({
    labels: { 'app.kubernetes.io/managed-by': 'chandlery', 'chandlery.dev/deployment': deployment },
  });
  const id = (deployment: string) => ({ annotations: { 'chandlery.dev/deployment-id': `local.${namespace}.${deployment}` } });
  const configMap = (name: string, metadata: object = {}) => ({
    ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...metadata }, data: { of: 'others' } },
  });
  const objects = [
    configMap('theirs'),
    configMap('another-deployments', { ...marks('other'), ...id('other') }),
    configMap('namesakes-without-id', marks(STACK)),
    configMap('of-the-same-name-elsewhere', {
      ...marks(STACK),
      annotations: { 'chandlery.dev/deployment-id': `local.elsewhere.${STACK}` },
    }),
    { ...configMap('secret-of-others'), kind: 'Secret', data: { key: 'dmFsdWU=' } },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'theirs', namespace, ...marks('other'), ...id('other') },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'theirs', namespace, ...marks('other'), ...id('other') },
      spec: { selector: { matchLabels: { app: 'theirs' } }, template: pod('theirs', 1) },
    },
  ];
  for (const object of objects) {
    const plural = object.kind === 'Deployment' ? 'deployments' : `${object.kind.toLowerCase()}s`;
    await api.expect('POST', collectionPath(object.apiVersion, plural, namespace), object);
  }
}
