import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Fields of a small valid template; `files` come on top of template.yaml. */
export interface TemplateFixture {
  name: string;
  version: string;
  description?: string;
  displayName?: string;
  category?: string;
  license?: string;
  tags?: string[];
  dependencies?: Array<{ name: string; version: string }>;
  /** More members of `spec`, or others than the fixture's own. */
  spec?: Record<string, unknown>;
  files?: Record<string, string>;
}

export interface RegistryFolder {
  dir: string;
  add(template: TemplateFixture): Promise<string>;
  /** Writes any file, by its path in the folder. */
  write(path: string, content: string | Buffer): Promise<void>;
  remove(): Promise<void>;
}

/** The text of a valid template.yaml. JSON is YAML, so no quoting can go wrong. */
export function manifestText(template: TemplateFixture): string {
  const {
    name,
    version,
    description = `A template named ${name} for tests.`,
    displayName,
    category,
    license,
    tags,
    dependencies,
    spec,
  } = template;
  return JSON.stringify({
    apiVersion: 'chandlery.dev/v1',
    kind: 'Template',
    metadata: { name, version, description, displayName, category, license, tags },
    spec: { ...(!spec?.workload && { type: 'manifests', content: { path: 'manifests' } }), dependencies, ...spec },
  });
}

/** A folder of templates in the system's temporary directory. */
export async function createRegistryFolder(templates: readonly TemplateFixture[] = []): Promise<RegistryFolder> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-registry-'));
  const write = async (path: string, content: string | Buffer): Promise<void> => {
    const file = join(dir, path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, content);
  };
  const add = async (template: TemplateFixture): Promise<string> => {
    const base = `${template.name}/${template.version}`;
    const files = { 'manifests/config.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n', ...template.files };
    for (const [path, content] of Object.entries(files)) await write(`${base}/${path}`, content);
    await write(`${base}/template.yaml`, manifestText(template));
    return join(dir, base);
  };
  for (const template of templates) await add(template);
  return { dir, add, write, remove: () => rm(dir, { recursive: true, force: true }) };
}
