import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RenderInput, renderTemplate } from '../../../src/domain/render/index.ts';
import type { Rendered } from '../../../src/domain/rendered.ts';
import type { TemplateManifest } from '../../../src/domain/template.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

export const deployment = { cluster: 'local', namespace: 'shop', name: 'notes' };

export interface ShippedTemplate {
  folder: string;
  manifest: TemplateManifest;
  files: Map<string, string>;
}

function filesBelow(folder: string, path: string): Map<string, string> {
  const files = readdirSync(join(root, folder, path), { withFileTypes: true, recursive: true }).filter((entry) => entry.isFile());
  return new Map(
    files.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      return [file.slice(join(root, folder).length + 1), readFileSync(file, 'utf8')];
    }),
  );
}

/** Every template that is shipped: the built-in ones and the samples. */
export function shippedTemplates(): ShippedTemplate[] {
  return ['templates', 'samples/registry'].flatMap((base) =>
    readdirSync(join(root, base)).flatMap((name) =>
      readdirSync(join(root, base, name)).map((version) => {
        const folder = join(base, name, version);
        const manifest = parseTemplate(readFileSync(join(root, folder, 'template.yaml'), 'utf8'), join(folder, 'template.yaml'));
        const path = manifest.spec.content?.path;
        return { folder, manifest, files: path === undefined ? new Map() : filesBelow(folder, path) };
      }),
    ),
  );
}

/** Something for each plain parameter that must be given. */
export function requiredValues(manifest: TemplateManifest): Record<string, unknown> {
  const known: Record<string, unknown> = { image: 'ghcr.io/stefanprodan/podinfo:6.7.0', schedule: '*/15 * * * *' };
  const required = (manifest.spec.parameters?.required ?? []) as string[];
  return Object.fromEntries(required.filter((name) => name in known).map((name) => [name, known[name]]));
}

/** Names of the secret parameters that somebody must give. */
export function requiredSecrets(manifest: TemplateManifest): string[] {
  const required = (manifest.spec.parameters?.required ?? []) as string[];
  return required.filter((name) => name.toLowerCase().includes('password'));
}

export interface WorkloadParts {
  workload: Record<string, unknown>;
  properties?: Record<string, unknown>;
  spec?: Record<string, unknown>;
}

/** A template of type workload; goes through parseTemplate, so a test cannot render what no archive could hold. */
export function workloadTemplate({ workload, properties = {}, spec = {} }: WorkloadParts): TemplateManifest {
  return templateOf({ type: 'workload', parameters: { type: 'object', properties }, workload, ...spec });
}

/** A template of type manifests, its content in `manifests/`. */
export function manifestsTemplate(
  properties: Record<string, unknown> = {},
  spec: Record<string, unknown> = {},
): TemplateManifest {
  return templateOf({ type: 'manifests', parameters: { type: 'object', properties }, content: { path: 'manifests' }, ...spec });
}

function templateOf(spec: Record<string, unknown>): TemplateManifest {
  const metadata = { name: 'notes', version: '1.4.0', description: 'A small notebook on the web.' };
  return parseTemplate(JSON.stringify({ apiVersion: 'chandlery.dev/v1', kind: 'Template', metadata, spec }));
}

/** Renders with nothing given, but for what the test says. */
export function render(input: Partial<RenderInput> & Pick<RenderInput, 'manifest'>): Rendered {
  return renderTemplate({ files: new Map(), deployment, parameters: {}, secretNames: [], ...input });
}

/** The only object of a kind. */
export function objectOf(
  rendered: Rendered,
  kind: string,
  name?: string,
): Record<string, unknown> & { metadata: { name: string } } {
  const found = rendered.objects.filter(({ ref }) => ref.kind === kind && (name === undefined || ref.name === name));
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`expected one ${kind}, found ${found.length}`);
  return only.object;
}

export const image = 'example.org/notes:1.4.0';
export const http = { name: 'http', port: 8080, servicePort: 80 };

/** Renders a WorkloadSpec that has an image already. */
export function renderWorkload(
  workload: object,
  parameters: Record<string, unknown> = {},
  properties: Record<string, unknown> = {},
): Rendered {
  return render({ manifest: workloadTemplate({ workload: { image, ...workload }, properties }), parameters });
}

export interface PodTemplate {
  metadata: { labels: object; annotations?: object };
  spec: Record<string, unknown> & { containers: [Record<string, unknown>] };
}

/** The pods of a WorkloadSpec's Deployment. */
export function podOf(...input: Parameters<typeof renderWorkload>): PodTemplate {
  const { spec } = objectOf(renderWorkload(...input), 'Deployment') as unknown as { spec: { template: PodTemplate } };
  return spec.template;
}

export function containerOf(...input: Parameters<typeof renderWorkload>): Record<string, unknown> {
  return podOf(...input).spec.containers[0];
}
