import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createCluster, type KubernetesCluster, type KubernetesSession } from '../../src/adapters/kubernetes/index.ts';
import type { KubeObject } from '../../src/domain/cluster.ts';
import { refOf } from '../../src/domain/object-ref.ts';
import { diffObjects } from '../../src/domain/plan/diff.ts';
import { resolveTokens, tokenKeys } from '../../src/domain/render/index.ts';
import type { Rendered } from '../../src/domain/rendered.ts';
import {
  render,
  requiredSecrets,
  requiredValues,
  type ShippedTemplate,
  shippedTemplates,
  workloadTemplate,
} from '../domain/render/support.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster, sharedCluster } from '../support/cluster.ts';

const USER = 'render-user';
/** Values that switch on what a template has by default not. */
const OPTIONAL = {
  ...{ host: 'app.example.org', maxReplicas: 5, page: '<b>$(HOME)</b>', storageClass: 'standard' },
  ...{ spot: true, owner: 'Ada Example <ada@example.org>' },
};

/** Every part of a WorkloadSpec at once. */
const EVERYTHING = {
  image: 'example.org/notes:1.4.0',
  command: ['sh', '-c', 'exec notes'],
  args: ['--verbose'],
  env: [
    { name: 'A', value: 'x' },
    { name: 'B', secretRef: { name: 's', key: 'k', optional: true } },
    { name: 'C', configRef: { name: 'c', key: 'k' } },
    { name: 'D', parameter: 'password' },
    { name: 'TLS_KEY', parameter: 'tls' },
  ],
  ports: [
    { name: 'http', port: 8080, servicePort: 80 },
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'metrics', port: 9090, expose: false },
  ],
  replicas: 2,
  resources: { requests: { cpu: '0.5', memory: '64Mi' }, limits: { memory: '1Gi' } },
  probes: {
    startup: { grpc: { port: 9000, service: 'health' }, failureThreshold: 30 },
    readiness: {
      http: { path: '/ready', port: 'http', scheme: 'HTTPS' },
      initialDelaySeconds: 0,
      periodSeconds: 5,
      successThreshold: 1,
    },
    liveness: { exec: { command: ['true'] }, timeoutSeconds: 1 },
  },
  volumes: [
    { name: 'data', path: '/data', persistent: { size: '1Gi', storageClass: 'standard', perReplica: true } },
    { name: 'shared', path: '/shared', subPath: 'x', readOnly: true, persistent: { size: '1Gi', accessMode: 'ReadWriteMany' } },
    { name: 'tmp', path: '/tmp', empty: { sizeLimit: '1Gi', medium: 'Memory' } },
    { name: 'secret', path: '/secret', secret: { name: 's', items: { key: 'file' } } },
    { name: 'tls', path: '/tls', secret: { parameter: 'tls' } },
    { name: 'config', path: '/config', config: { name: 'c' } },
    { name: 'files', path: '/files', files: { 'index.html': '<b>', 'sub/x.conf': 'x' } },
  ],
  security: { runAsUser: 1, runAsGroup: 1, fsGroup: 1, runAsNonRoot: true, readOnlyRootFilesystem: true },
  placement: {
    nodeSelector: { disk: 'ssd' },
    zones: ['a', 'b'],
    spread: 'zone',
    tolerations: [
      { key: 'k', operator: 'Equal', value: 'v', effect: 'NoExecute', tolerationSeconds: 30 },
      { operator: 'Exists' },
    ],
    spot: true,
  },
  domains: [
    { host: 'a.example.org', tls: true, className: 'nginx' },
    { host: 'b.example.org', path: '/b', tls: { secretName: 's', issuer: 'letsencrypt' } },
  ],
  scaling: { min: 1, max: 5, cpu: 70, memory: 80 },
  observability: { metrics: { port: 'metrics' }, logFormat: 'json' },
  owner: 'Ada Example <ada@example.org>',
};
const PROPERTIES = {
  password: { type: 'string', 'x-chandlery': { generated: 'password' } },
  tls: { 'x-chandlery': { generated: 'certificate' } },
};

describeCluster('what templates render to', () => {
  let cluster: KubernetesCluster;
  let session: KubernetesSession;
  let namespace: string;

  beforeAll(async () => {
    const own = await sharedCluster();
    cluster = createCluster({ kubeconfig: { file: own.kubeconfigFor('chandlery') } });
    session = cluster.as({ user: USER, groups: [] });
    // `admin`, not `edit`: one of the samples has a role.
    namespace = await own.namespace(USER, 'admin');
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => cluster?.close());

  function renderShipped({ manifest, files }: ShippedTemplate, more: Record<string, unknown> = {}): Rendered {
    const declared = Object.keys((manifest.spec.parameters?.properties ?? {}) as object);
    const parameters = {
      ...requiredValues(manifest),
      ...Object.fromEntries(Object.entries(more).filter(([name]) => declared.includes(name))),
    };
    const deployment = { cluster: 'local', namespace, name: manifest.metadata.name };
    return render({ manifest, files, deployment, parameters, secretNames: requiredSecrets(manifest) });
  }

  const withValues = (object: KubeObject) =>
    resolveTokens(object, Object.fromEntries(tokenKeys(object).map((key) => [key, 'a-value-of-16-ch'])));

  async function refused(rendered: Rendered): Promise<string[]> {
    // A binding can be tried only when its role is there.
    for (const { object, ref } of rendered.objects) if (ref.kind === 'Role') await session.apply(object);
    const answers = rendered.objects.map(async ({ object, ref }) => {
      const answer = session.apply(withValues(object), { dryRun: true });
      return answer.then(
        () => [],
        (error: Error) => [`${ref.kind} ${ref.name}: ${error.message}`],
      );
    });
    return (await Promise.all(answers)).flat();
  }

  it.each(shippedTemplates().map((template) => [template.folder, template] as const))(
    '%s is accepted by the cluster',
    async (_folder, template) => {
      expect(await refused(renderShipped(template))).toEqual([]);
      expect(await refused(renderShipped(template, OPTIONAL))).toEqual([]);
    },
  );

  it.each([
    ['a StatefulSet', {}],
    [
      'a CronJob',
      {
        schedule: {
          cron: '0 3 * * *',
          timeZone: 'Europe/Berlin',
          concurrency: 'Forbid',
          suspend: false,
          startingDeadlineSeconds: 60,
          keepSucceeded: 3,
          keepFailed: 3,
        },
      },
    ],
    ['a Job', { runOnce: true, retries: 3, deadlineSeconds: 600 }],
  ])('every part of a workload as %s is accepted by the cluster', async (_kind, more) => {
    const runs = Object.keys(more).length > 0;
    const volumes = EVERYTHING.volumes.filter(({ name }) => !runs || name !== 'data');
    const manifest = workloadTemplate({ workload: { ...EVERYTHING, volumes, ...more }, properties: PROPERTIES });
    const rendered = render({ manifest, deployment: { cluster: 'local', namespace, name: 'everything' } });
    expect(rendered.objects.length).toBeGreaterThan(3);
    expect(await refused(rendered)).toEqual([]);
  });

  it.each(
    shippedTemplates()
      .filter(({ folder }) => folder.startsWith('templates/'))
      .map((template) => [template.folder, template] as const),
  )('%s applied again changes nothing', async (_folder, template) => {
    const { objects } = renderShipped(template, OPTIONAL);
    for (const { object } of objects) await session.apply(withValues(object));
    for (const { object } of objects) {
      const live = await session.get(refOf(object));
      expect(diffObjects(live, await session.apply(withValues(object), { dryRun: true })).changes).toEqual([]);
    }
  });
});
