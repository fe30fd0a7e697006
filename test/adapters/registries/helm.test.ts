import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createHelmRegistry } from '../../../src/adapters/registries/helm.ts';
import { PACKAGE_ROOT } from '../../../src/config.ts';
import { parseRegistriesConfig, type RegistryConfig } from '../../../src/domain/registries-config.ts';
import type { ArchiveStream, RegistryPlugin } from '../../../src/domain/registry.ts';
import { templateDetailSchema, templateSummarySchema, versionListSchema } from '../../../src/domain/registry-schemas.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import { type ChartRepository, createChartRepository, type FileServer, serveFiles } from '../../support/chart-repository.ts';
import { listAll } from '../../support/listing.ts';

let charts: ChartRepository;
let files: FileServer;
let client: GuardedClient;
let registry: RegistryPlugin;

const plugin = (config: Partial<RegistryConfig> = {}) =>
  createHelmRegistry({ name: 'charts', kind: 'helm', type: 'community', url: files.url, ...config }, client);

const listed = (from: RegistryPlugin = registry, validator?: string) => listAll(from, validator);

async function bytesOf(stream: ArchiveStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const sha256 = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
beforeAll(async () => {
  charts = await createChartRepository(
    {
      name: 'redis',
      version: '7.0.0',
      chart: { description: 'An older one.' },
    },
    {
      name: 'redis',
      version: '7.2.5',
      chart: {
        description: 'A store of keys and values.',
        home: 'https://redis.example.org',
        icon: 'https://redis.example.org/icon.svg',
        keywords: ['database', 'cache', 'database'],
        maintainers: [{ name: 'Ann', email: 'ann@example.org' }],
        annotations: { 'artifacthub.io/license': 'BSD-3-Clause', 'artifacthub.io/category': 'database' },
        kubeVersion: '>=1.25-0',
        dependencies: [{ name: 'common', version: '2.x.x', repository: 'https://charts.example.org' }],
      },
      values: '# How many copies\nreplicas: 3\nimage:\n  # -- Tag of the image\n  tag: "7.2"\n',
      files: { 'README.md': '# Redis\n' },
      packed: [{ name: 'common', version: '2.1.0', chart: { type: 'library' } }],
    },
    { name: 'redis', version: '8.0.0-rc.1' },
    {
      name: 'web',
      version: 'v1.4.0',
      schema: { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object', properties: { port: { type: 'integer' } } },
      values: 'port: 80\n',
    },
    { name: 'helpers', version: '0.3.0', chart: { type: 'library' } },
    { name: 'old', version: '1.0.0', chart: { deprecated: true } },
  );
}, 300_000);
afterAll(() => charts.remove());
beforeEach(async () => {
  files = await serveFiles(charts.dir);
  client = createGuardedClient({ development: true, allow: [], timeouts: { headers: 2_000, bodyIdle: 2_000 } });
  registry = plugin();
});
afterEach(async () => {
  await client.close();
  await files.close();
});

describe('a Helm repository made by real Helm', () => {
  it('lists every chart at its default version', async () => {
    const { templates, problems } = await listed();
    expect(problems).toEqual([]);
    expect(templates.map(({ name, version }) => `${name}@${version}`).sort()).toEqual([
      'helpers@0.3.0',
      'old@1.0.0',
      'redis@7.2.5',
      'web@1.4.0',
    ]);
    for (const template of templates) expect(templateSummarySchema.parse(template)).toEqual(template);
    expect(templates.find(({ name }) => name === 'redis')).toMatchObject({
      type: 'helm',
      registry: 'charts',
      description: 'A store of keys and values.',
      tags: ['database', 'cache'],
      license: 'BSD-3-Clause',
      category: 'database',
      homepage: 'https://redis.example.org/',
      icon: 'https://redis.example.org/icon.svg',
    });
    expect(templates.find(({ name }) => name === 'helpers')?.tags).toContain('helm-library');
    expect(templates.find(({ name }) => name === 'old')?.deprecated).toBe(true);
  });

  it('answers that nothing changed, by ETag and without one', async () => {
    const first = await listed();
    expect((await listed(registry, first.validator)).listing).toEqual({ unchanged: true });
    expect(files.seen.at(-1)).toMatchObject({ status: 304 });
    expect((await listed(plugin(), first.validator)).listing).toEqual({ unchanged: true });
    const index = await charts.read('index.yaml');
    files.override = (_request, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end(index);
    const bare = await listed(plugin());
    expect((await listed(plugin(), bare.validator)).listing).toEqual({ unchanged: true });
    expect((await listed(registry)).templates).toHaveLength(4);
  });

  it('lists versions newest first, with digests and packed dependencies', async () => {
    const versions = await registry.listVersions('redis');
    expect(versionListSchema.parse({ versions })).toEqual({ versions });
    expect(versions.map(({ version }) => version)).toEqual(['8.0.0-rc.1', '7.2.5', '7.0.0']);
    expect(versions[1]).toMatchObject({
      digest: sha256(await charts.read('redis-7.2.5.tgz')),
      dependencies: [{ name: 'common', version: '2.x.x', bundled: true }],
    });
    expect(versions[1]?.publishedAt).toMatch(/^\d{4}-/);
  });

  it('shows a chart with inferred parameters and its readme', async () => {
    const detail = await registry.getTemplate('redis');
    expect(templateDetailSchema.parse(detail)).toMatchObject({
      name: 'redis',
      version: '7.2.5',
      parametersFrom: 'inferred',
      readme: '# Redis\n',
      packedDependencies: [{ name: 'common', version: '2.x.x', bundled: true }],
    });
    // What is packed is nothing to install beside it.
    expect(detail.manifest.spec.dependencies).toBeUndefined();
    expect(detail.manifest.spec).toMatchObject({
      type: 'helm',
      content: { chart: 'redis' },
      requires: { kubernetes: '>=1.25.0-0' },
      parameters: {
        properties: {
          replicas: { type: ['integer', 'string'], default: 3, description: 'How many copies' },
          image: { properties: { tag: { type: ['string', 'number'], default: '7.2', description: 'Tag of the image' } } },
        },
      },
    });
    expect(parseTemplate(JSON.stringify(detail.manifest))).toEqual(detail.manifest);
    expect(detail.size).toBe((await charts.read('redis-7.2.5.tgz')).length);
  });

  it('shows a chart with the parameters of its schema, and finds it without its v', async () => {
    const detail = await registry.getTemplate('web', '1.4.0');
    expect(detail).toMatchObject({ version: '1.4.0', parametersFrom: 'schema', versions: ['1.4.0'] });
    expect(detail.manifest.spec.parameters).toMatchObject({ properties: { port: { type: 'integer', default: 80 } } });
  });

  it('downloads each archive once to show it', async () => {
    await registry.getTemplate('redis');
    await registry.getTemplate('redis');
    expect(files.seen.filter(({ path }) => path.endsWith('.tgz'))).toHaveLength(1);
    expect(files.seen.filter(({ path }) => path === '/index.yaml')).toHaveLength(1);
  });

  it('serves archives byte for byte, also from the middle', async () => {
    const bytes = await charts.read('redis-7.2.5.tgz');
    const whole = await registry.openArchive('redis', '7.2.5');
    expect(whole).toMatchObject({ offset: 0, size: bytes.length, digest: sha256(bytes) });
    expect(await bytesOf(whole)).toEqual(bytes);
    const rest = await registry.openArchive('redis', '7.2.5', { offset: 100, digest: sha256(bytes) });
    expect(rest.offset).toBe(100);
    expect(await bytesOf(rest)).toEqual(bytes.subarray(100));
    const other = await registry.openArchive('redis', '7.2.5', { offset: 100, digest: `sha256:${'0'.repeat(64)}` });
    expect(other.offset).toBe(0);
  });

  it('searches', async () => {
    const page = await registry.search({ q: 'keys values' });
    expect(page.templates.map(({ name }) => name)).toEqual(['redis']);
  });

  it('tells what is not there', async () => {
    await expect(registry.getTemplate('redsi')).rejects.toMatchObject({
      code: 'template_not_found',
      details: { alternatives: ['redis'] },
    });
    await expect(registry.openArchive('redis', '9.9.9')).rejects.toMatchObject({ code: 'version_not_found' });
  });

  it('reads an index written as JSON', async () => {
    const { templates: asYaml } = await listed();
    await charts.index('--json');
    try {
      const { templates, problems } = await listed(plugin());
      expect(problems).toEqual([]);
      expect(templates.map(({ updatedAt: _, ...rest }) => rest)).toEqual(asYaml.map(({ updatedAt: _, ...rest }) => rest));
    } finally {
      await charts.index();
    }
  });

  it('proves the credential and sends it only to its own host', async () => {
    const other = await serveFiles(charts.dir);
    try {
      const index = (await charts.read('index.yaml')).toString().replace(/- (redis-7\.2\.5\.tgz)/, `- ${other.url}/$1`);
      const credentials = { type: 'basic', username: 'me', password: 'secret' } as const;
      files.override = (request, response) => {
        if (request.headers.authorization === undefined) response.writeHead(401).end();
        else response.writeHead(200, { 'content-type': 'text/yaml' }).end(index);
      };
      await expect(plugin().connect()).toFailWith('authentication');
      const ours = plugin({ credentials });
      await expect(ours.connect()).resolves.toEqual({ credential: 'basic' });
      expect(await bytesOf(await ours.openArchive('redis', '7.2.5'))).toEqual(await charts.read('redis-7.2.5.tgz'));
      expect(other.seen[0]?.headers.authorization).toBeUndefined();
      files.override = (request, response) =>
        response.writeHead(request.headers.authorization ? 200 : 401, { 'content-type': 'application/gzip' }).end('x');
      expect((await bytesOf(await ours.openArchive('redis', '7.0.0'))).toString()).toBe('x');
    } finally {
      await other.close();
    }
  });
});

describe('the page about Helm repositories', () => {
  it('shows a configuration that can be read', async () => {
    const page = await readFile(join(PACKAGE_ROOT, 'docs/registries/helm.md'), 'utf8');
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const { registries, problems } = parseRegistriesConfig(example, 'registries.yaml', { CHARTS_PASSWORD: 'secret' });
    expect(problems).toEqual([]);
    expect(registries).toMatchObject([{ kind: 'helm' }, { kind: 'helm', credentials: { type: 'basic', password: 'secret' } }]);
  });
});
