import type { KubeObject } from '../../src/domain/cluster.ts';
import type { TemplateFixture } from '../../test/support/registry-folder.ts';

/** The same objects three times: as a template of type `manifests`, as a Helm chart, and as they are sent by hand. */

export interface Shape {
  /** of the template and of the chart */
  name: string;
  /** Each with a Service of its own. */
  deployments: number;
  configMaps: number;
}

export const THREE: Shape = { name: 'bench-3', deployments: 1, configMaps: 1 };
export const FIFTY: Shape = { name: 'bench-50', deployments: 10, configMaps: 30 };

/** What stands in every object; an upgrade changes it, and with it every object and every pod. */
export const FIRST_TEXT = 'one';
export const SECOND_TEXT = 'two';

export interface Wording {
  /** First part of every object's name. */
  name: string;
  text: string;
}

/** An object without the members that a template's renderer, Helm or a namespace adds. */
export function benchObjects({ deployments, configMaps }: Shape, words: Wording): KubeObject[] {
  const numbers = (count: number) => Array.from({ length: count }, (_, at) => at);
  return [
    ...numbers(configMaps).map((at) => configMap(words, at)),
    ...numbers(deployments).flatMap((at) => [service(words, at), deployment(words, at)]),
  ];
}

function configMap({ name, text }: Wording, at: number): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${name}-${at}` }, data: { text } };
}

function service({ name, text }: Wording, at: number): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: `${name}-${at}`, annotations: { 'bench.example/text': text } },
    spec: { selector: { app: `${name}-${at}` }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  };
}

function deployment({ name, text }: Wording, at: number): KubeObject {
  const labels = { app: `${name}-${at}` };
  const container = {
    name: 'web',
    image: 'registry.example/web:1.0.0',
    env: [{ name: 'TEXT', value: text }],
    ports: [{ name: 'http', containerPort: 8080 }],
    resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { memory: '32Mi' } },
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `${name}-${at}` },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  };
}

/** JSON is YAML, so nothing has to be quoted; one file an object, as people write them. */
function files(shape: Shape, words: Wording, folder: string): Record<string, string> {
  const entries = benchObjects(shape, words).map(
    ({ ...object }) =>
      [
        `${folder}/${object.kind.toLowerCase()}-${object.metadata.name.replace(/^.*-/, '')}.yaml`,
        JSON.stringify(object),
      ] as const,
  );
  return Object.fromEntries(entries);
}

/** Its parameters: `instance`, the first part of names, and `text`. */
export function templateOf(shape: Shape): TemplateFixture {
  const properties = {
    instance: { type: 'string', description: 'First part of the names.' },
    text: { type: 'string', description: 'What stands in every object.', default: FIRST_TEXT },
  };
  return {
    name: shape.name,
    version: '1.0.0',
    // Not the folder in which every fixture has an object of its own.
    spec: {
      content: { path: 'objects' },
      parameters: { type: 'object', additionalProperties: false, required: ['instance'], properties },
    },
    files: files(shape, { name: `\${instance}`, text: `\${text}` }, 'objects'),
  };
}

/** The chart's files by path; the release's name is the first part of names, the value `text` is the text. */
export function chartOf(shape: Shape): Record<string, string> {
  return {
    'Chart.yaml': JSON.stringify({ apiVersion: 'v2', name: shape.name, version: '1.0.0' }),
    'values.yaml': JSON.stringify({ text: FIRST_TEXT }),
    ...files(shape, { name: '{{ .Release.Name }}', text: '{{ .Values.text }}' }, 'templates'),
  };
}
