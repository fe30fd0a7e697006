// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the format's own notation for a parameter
import type { KubeObject } from '../../src/domain/cluster.ts';
import type { TemplateFixture } from './registry-folder.ts';

/** Templates that end-to-end tests of deployments deploy. */

type Written = Pick<KubeObject, 'apiVersion' | 'kind'> & { metadata: { name: string; [member: string]: unknown } } & Record<
    string,
    unknown
  >;

/** Objects as the one file of a template of type `manifests`; JSON is YAML. */
export function manifestFiles(...objects: Written[]): Record<string, string> {
  return { 'manifests/config.yaml': objects.map((object) => JSON.stringify(object)).join('\n---\n') };
}

export function configMap(name: string, data: Record<string, unknown>): Written {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}

/** A Deployment of one container, whose pods have the label `app: <name>`. */
export function deploymentOf(name: string, image: string, spec: Record<string, unknown> = {}): Written {
  const container = {
    ...{ name, image, ports: [{ name: 'http', containerPort: 8080 }] },
    env: [{ name: 'MESSAGE', value: '${message}' }],
    resources: { requests: { cpu: '100m', memory: '64Mi' } },
  };
  return {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name } },
    spec: {
      ...spec,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [container] } },
    },
  };
}

export const NOTES_PARAMETERS = {
  type: 'object',
  additionalProperties: false,
  properties: {
    image: { type: 'string', default: 'example.org/notes:1' },
    replicas: { type: 'integer', minimum: 0, maximum: 5, default: 1 },
    message: { type: 'string', maxLength: 300, default: 'hello' },
    zone: { type: 'string', enum: ['a', 'b'], default: 'a', 'x-chandlery': { immutable: true } },
    password: { type: 'string', minLength: 12, 'x-chandlery': { generated: 'password' } },
    token: { type: 'string', minLength: 8, 'x-chandlery': { secret: true } },
  },
};

const service: Written = {
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'notes' } },
  spec: { selector: { app: 'notes' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
};
const secret: Written = {
  ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'notes' } },
  stringData: { password: '${password}', token: '${token}' },
};
const volume: Written = {
  ...{ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'notes-data' } },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
};

/** Of these objects only the first two change when the message does. */
const common = [
  configMap('notes', { message: '${message}', zone: '${zone}' }),
  deploymentOf('notes', '${image}', { replicas: '${replicas}' }),
  service,
  secret,
];

const outputs = [
  { name: 'address', from: 'service', port: 'http', scheme: 'http' },
  { name: 'greeting', from: 'value', value: 'says ${message}' },
  { name: 'password', from: 'secret', key: 'password', secret: true },
];

function notes(version: string, ...more: Written[]): TemplateFixture {
  const spec = { parameters: NOTES_PARAMETERS, outputs };
  return { name: 'notes', version, spec, files: manifestFiles(...common, ...more) };
}

/** Four objects that stay; 1.0.0 has a ConfigMap and a volume that 1.1.0 drops, which has another ConfigMap. */
export const NOTES: TemplateFixture[] = [
  notes('1.0.0', configMap('notes-old', { of: '1.0.0' }), volume),
  notes('1.1.0', configMap('notes-new', { of: '1.1.0' })),
];

function service80(name: string, dependencies: TemplateFixture['dependencies'] = []): TemplateFixture {
  const workload = { image: `example.org/${name}:1`, ports: [{ name: 'http', port: 80 }] };
  return { name, version: '1.0.0', dependencies, spec: { type: 'workload', workload } };
}

/** `shop` and `blog` need `cache`. */
export const SHOP_AND_BLOG: TemplateFixture[] = [
  service80('cache'),
  service80('shop', [{ name: 'cache', version: '^1.0.0' }]),
  service80('blog', [{ name: 'cache', version: '^1.0.0' }]),
];
