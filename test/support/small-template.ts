import type { TemplateFixture } from './registry-folder.ts';

/** A template of six objects in four waves with a generated secret, quick to get ready; its second version changes some and takes one away. */

export const SMALL = 'small';

/** `<Kind>.<name>` of the first version's objects. */
export const SMALL_OBJECTS = [
  'ServiceAccount.web',
  'ConfigMap.settings',
  'Secret.access',
  'Service.web',
  'Deployment.web',
  'Job.init',
];

const PARAMETERS = {
  type: 'object',
  additionalProperties: false,
  properties: {
    image: { type: 'string', default: 'example.org/web:1' },
    token: { type: 'string', 'x-chandlery': { generated: 'password' } },
  },
};

/** In place of a parameter in the template's files. */
function parameter(name: string): string {
  return `\${${name}}`;
}

export function smallTemplates(name = SMALL): TemplateFixture[] {
  return ([1, 2] as const).map((version) => ({
    name,
    version: `${version}.0.0`,
    spec: { parameters: PARAMETERS },
    files: {
      // In place of the fixture's own.
      'manifests/config.yaml': manifests(version)
        .map((manifest) => JSON.stringify(manifest))
        .join('\n---\n'),
    },
  }));
}

function manifests(version: number): object[] {
  const pod = (image: string) => ({ terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image }] });
  const labels = { app: 'web' };
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'web' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { version: `v${version}` } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'access' }, stringData: { token: parameter('token') } },
    {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'web' } },
      spec: { selector: labels, ports: [{ port: 79 + version }] },
    },
    {
      ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' } },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod(parameter('image')) } },
    },
    ...(version === 1
      ? [
          {
            ...{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'init' } },
            spec: { template: { spec: { ...pod('example.org/init:1'), restartPolicy: 'Never' } } },
          },
        ]
      : []),
  ];
}
