// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the template format's own notation for a parameter
import type { TemplateFixture } from '../../test/support/registry-folder.ts';

/** What the recordings of deployments deploy: `front` needs `cache`; its second version has one object less. */

const PASSWORD = { type: 'string', minLength: 8, 'x-chandlery': { generated: 'password', secret: true } };
const IMAGE = { type: 'string', default: 'registry.example/front:1.0.0' };

function parameters(properties: Record<string, unknown>) {
  return { type: 'object', additionalProperties: false, properties };
}

const WEB = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'front' },
  spec: {
    selector: { matchLabels: { app: 'front' } },
    template: {
      metadata: { labels: { app: 'front' } },
      spec: { containers: [{ name: 'front', image: '${image}' }] },
    },
  },
};
const settings = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { level: '${level}' } });

function front(version: string, configs: string[]): TemplateFixture {
  const objects = [WEB, ...configs.map(settings)];
  return {
    name: 'front',
    version,
    dependencies: [{ name: 'cache', version: '^1.0.0' }],
    spec: { parameters: parameters({ image: IMAGE, level: { type: 'string', default: 'info' } }) },
    files: { 'manifests/config.yaml': objects.map((object) => JSON.stringify(object)).join('\n---\n') },
  };
}

export const DEPLOY_TEMPLATES: TemplateFixture[] = [
  {
    name: 'cache',
    version: '1.0.0',
    spec: {
      type: 'workload',
      parameters: parameters({ password: PASSWORD }),
      workload: {
        image: 'registry.example/cache:1.0.0',
        ports: [{ name: 'cache', port: 6379 }],
        env: [{ name: 'PASSWORD', parameter: 'password' }],
      },
    },
  },
  front('1.0.0', ['front-one', 'front-two']),
  front('1.1.0', ['front-one']),
];
