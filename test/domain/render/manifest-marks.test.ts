import { describe, expect, it } from '@jest/globals';
import { isClusterScoped, waveOf } from '../../../src/domain/render/waves.ts';
import { WAVES } from '../../../src/domain/rendered.ts';
import { manifestsTemplate, objectOf, render } from './support.ts';

function rendered(...documents: object[]) {
  const text = documents.map((document) => JSON.stringify(document)).join('\n---\n');
  return render({ manifest: manifestsTemplate(), files: new Map([['manifests/a.yaml', text]]) });
}

const labels = {
  'app.kubernetes.io/name': 'notes',
  'app.kubernetes.io/instance': 'notes',
  'app.kubernetes.io/managed-by': 'chandlery',
  'app.kubernetes.io/version': '1.4.0',
  'chandlery.dev/deployment': 'notes',
};
const { 'app.kubernetes.io/version': _version, ...stable } = labels;
const annotations = { 'chandlery.dev/deployment-id': 'local.shop.notes' };

describe('marks', () => {
  it('leave what a selector may rely on, and say whose the object is', () => {
    const own = {
      'app.kubernetes.io/name': 'web',
      'app.kubernetes.io/managed-by': 'Helm',
      'chandlery.dev/deployment': 'somebody-else',
      app: 'x',
    };
    const pods = { selector: { matchLabels: { ...own } }, template: { metadata: { labels: own }, spec: {} } };
    const object = objectOf(
      rendered({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'a', labels: own, annotations: { x: 'y' } },
        spec: pods,
      }),
      'Deployment',
    );
    expect(object.metadata).toEqual({
      name: 'a',
      namespace: 'shop',
      labels: { ...labels, app: 'x', 'app.kubernetes.io/name': 'web' },
      annotations: { x: 'y', ...annotations },
    });
    expect(object.spec).toEqual({
      selector: { matchLabels: own },
      template: { metadata: { labels: { ...stable, ...own, 'chandlery.dev/deployment': 'notes' } }, spec: {} },
    });
  });

  it.each(['StatefulSet', 'DaemonSet', 'ReplicaSet'])('are on the pods of a %s', (kind) => {
    const object = objectOf(
      rendered({ apiVersion: 'apps/v1', kind, metadata: { name: 'a' }, spec: { template: { spec: {} } } }),
      kind,
    );
    expect(object.spec).toEqual({ template: { metadata: { labels: stable }, spec: {} } });
  });

  it('are on the pods of a CronJob, on volume claims, and not inside custom resources', () => {
    const job = { jobTemplate: { spec: { template: { spec: {} } } } };
    const cron = objectOf(rendered({ apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name: 'a' }, spec: job }), 'CronJob');
    expect(cron.spec).toEqual({ jobTemplate: { spec: { template: { metadata: { labels: stable }, spec: {} } } } });
    const claims = { volumeClaimTemplates: [{ metadata: { name: 'data' } }] };
    const set = objectOf(
      rendered({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'a' }, spec: claims }),
      'StatefulSet',
    );
    expect(set.spec).toEqual({ volumeClaimTemplates: [{ metadata: { name: 'data', labels: stable, annotations } }] });
    const custom = objectOf(
      rendered({ apiVersion: 'example.org/v1', kind: 'Job', metadata: { name: 'a' }, spec: { template: {} } }),
      'Job',
    );
    expect(custom.spec).toEqual({ template: {} });
  });
});

describe('namespaces', () => {
  it("are the deployment's unless the object names one or its kind has none", () => {
    const definition = { spec: { group: 'example.org', names: { kind: 'Fleet' }, scope: 'Cluster' }, status: { conditions: [] } };
    const { objects } = rendered(
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'b', namespace: 'other', creationTimestamp: null }, status: {} },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'c', namespace: 'shop' } },
      {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: 'fleets.example.org' },
        ...definition,
      },
      { apiVersion: 'example.org/v1', kind: 'Fleet', metadata: { name: 'd' } },
      { apiVersion: 'example.org/v1', kind: 'Ship', metadata: { name: 'e' } },
    );
    expect(Object.fromEntries(objects.map(({ ref }) => [ref.name, ref.namespace]))).toEqual({
      a: 'shop',
      b: 'other',
      c: undefined,
      'fleets.example.org': undefined,
      d: undefined,
      e: 'shop',
    });
    expect(objects.every(({ object, ref }) => object.metadata.namespace === ref.namespace && !('status' in object))).toBe(true);
    expect(objects.map(({ wave }) => WAVES[wave])).toEqual([
      'definitions',
      'definitions',
      'config',
      'config',
      'workloads',
      'workloads',
    ]);
  });

  it('of ServiceAccounts that get a role are filled in', () => {
    const subjects = [
      { kind: 'ServiceAccount', name: 'a' },
      { kind: 'ServiceAccount', name: 'b', namespace: 'other' },
      { kind: 'User', name: 'c' },
    ];
    const binding = rendered({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'a' },
      subjects,
    });
    expect(objectOf(binding, 'ClusterRoleBinding').subjects).toEqual([
      { kind: 'ServiceAccount', name: 'a', namespace: 'shop' },
      subjects[1],
      subjects[2],
    ]);
  });
});

describe('waveOf', () => {
  it.each([
    ['Namespace', '', 'namespaces'],
    ['ServiceAccount', '', 'rbac'],
    ['Role', 'rbac.authorization.k8s.io', 'definitions'],
    ['RoleBinding', 'rbac.authorization.k8s.io', 'rbac'],
    ['Secret', '', 'config'],
    ['Secret', 'example.org', 'workloads'],
    ['PersistentVolumeClaim', '', 'storage'],
    ['Service', '', 'workloads'],
    ['Cluster', 'postgresql.cnpg.io', 'workloads'],
    ['Ingress', 'networking.k8s.io', 'routing'],
    ['HTTPRoute', 'gateway.networking.k8s.io', 'routing'],
    ['HorizontalPodAutoscaler', 'autoscaling', 'routing'],
    ['toString', 'constructor', 'workloads'],
  ])('puts %s of "%s" into %s', (kind, group, wave) => {
    expect(WAVES[waveOf(kind, group)]).toBe(wave);
  });

  it('knows the kinds without a namespace', () => {
    expect([
      isClusterScoped('Namespace', ''),
      isClusterScoped('StorageClass', 'storage.k8s.io'),
      isClusterScoped('Role', 'rbac.authorization.k8s.io'),
      isClusterScoped('x', 'constructor'),
    ]).toEqual([true, true, false, false]);
  });
});
