import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createArchiveReader } from '../../../src/adapters/archive/inspect.ts';
import { packFiles } from '../../../src/adapters/archive/pack.ts';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { parseOciUrl } from '../../../src/adapters/oci/names.ts';
import { createOciRegistry } from '../../../src/adapters/registries/oci.ts';
import { createChartSource } from '../../../src/adapters/registries/oci-charts.ts';
import { parseRegistriesConfig, type RegistryConfig } from '../../../src/domain/registries-config.ts';
import type { ArchiveStream, RegistryPlugin } from '../../../src/domain/registry.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import { listAll } from '../../support/listing.ts';
import { deployerSchema } from '../../support/oci/deployer-schema.ts';
import {
  digestOf,
  type Helm,
  layerOf,
  OCI_MANIFEST,
  openHelm,
  pushArtifact,
  pushDeployer,
  pushTemplate,
} from '../../support/oci/push.ts';
import { type OciServer, startMemoryRegistry } from '../../support/oci/server.ts';
import { manifestText } from '../../support/registry-folder.ts';

let server: OciServer;
let helm: Helm;
let client: GuardedClient;
let registry: RegistryPlugin;
const packed = new Map<string, Buffer>();

const REDIS_CHART = {
  chart: [
    'description: An in-memory store.',
    'keywords: [cache, database]',
    'home: https://redis.io',
    'kubeVersion: ">=1.27"',
    'annotations: {artifacthub.io/license: BSD-3-Clause, artifacthub.io/category: database}',
    'dependencies: [{name: common, version: 2.x.x, repository: "https://charts.example.org"}]',
    '',
  ].join('\n'),
  files: {
    'values.yaml': 'replicas: 1\n',
    'values.schema.json': '{"type":"object","properties":{"replicas":{"type":"integer","minimum":1}}}',
    'README.md': '# redis\n',
    'charts/common/Chart.yaml': 'apiVersion: v2\nname: common\nversion: 2.1.0\n',
  },
};

const plugin = (config: Partial<RegistryConfig> = {}) =>
  createOciRegistry({ name: 'harbour', kind: 'oci', type: 'community', url: `${server.url}/charts`, ...config }, client);

async function bytesOf(stream: ArchiveStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const listed = (from: RegistryPlugin = registry, validator?: string) => listAll(from, validator);

beforeAll(async () => {
  server = await startMemoryRegistry();
  helm = await openHelm(server.host);
  for (const version of ['1.0.0', '1.2.0', '2.0.0-rc.1', '1.1.0+build.5'])
    packed.set(version, await helm.push('charts', { name: 'redis', version, ...REDIS_CHART }));
  await helm.push('charts/web', { name: 'nginx', version: '0.1.0' });
  const manifest = manifestText({
    name: 'shop',
    version: '3.1.0',
    category: 'web',
    dependencies: [{ name: 'redis', version: '^1' }],
  });
  const archive = packFiles([
    { path: 'template.yaml', data: Buffer.from(manifest) },
    { path: 'manifests/a.yaml', data: Buffer.from('kind: ConfigMap\n') },
  ]);
  packed.set('shop', archive);
  await pushTemplate(server, 'charts/shop', '3.1.0', archive, JSON.parse(manifest));
  await pushTemplate(
    server,
    'charts/shop',
    '3.0.0',
    packFiles([{ path: 'template.yaml', data: Buffer.from(manifest.replace('3.1.0', '3.0.0')) }]),
  );
  for (const [version, tags] of [
    ['1.4.33', ['1.4.33']],
    ['1.4.34', ['1.4.34', '1.4', 'latest']],
    ['1.5.0', ['1.5.0']],
  ] as const)
    await pushDeployer(server, 'gcp/cassandra/deployer', tags, deployerSchema(version));
  await pushArtifact(server, { repository: 'gcp/cassandra', tags: ['1.4.34'], layers: [layerOf({ 'bin/app': 'x' })] });
}, 180_000);
afterAll(async () => {
  await helm.close();
  await server.close();
});
beforeEach(() => {
  client = createGuardedClient({ development: true, allow: [] });
  registry = plugin();
});
afterEach(() => client.close());

describe('charts that helm push has put there', () => {
  it('lists them with what Chart.yaml says', async () => {
    const { templates, problems } = await listed();
    expect(problems).toEqual([]);
    expect(templates.map(({ name, version, type }) => [name, version, type])).toEqual([
      ['redis', '1.2.0', 'helm'],
      ['shop', '3.1.0', 'manifests'],
      ['nginx', '0.1.0', 'helm'],
    ]);
    expect(templates[0]).toMatchObject({
      description: 'An in-memory store.',
      tags: ['cache', 'database'],
      license: 'BSD-3-Clause',
      category: 'database',
      homepage: 'https://redis.io/',
      registry: 'harbour',
      registryType: 'community',
      digest: digestOf(packed.get('1.2.0') ?? Buffer.alloc(0)),
    });
  });

  it('knows when nothing has changed', async () => {
    const first = await listed();
    expect(await listed(registry, first.validator)).toMatchObject({ unchanged: true });
    expect(await listed(plugin(), first.validator)).toMatchObject({ unchanged: true });
    await helm.push('charts/late', { name: 'late', version: '1.0.0' });
    const after = await listed(registry, first.validator);
    expect(after.templates.map(({ name }) => name)).toContain('late');
  });

  it('lists versions newest first, by the digest of the archive', async () => {
    const versions = await registry.listVersions('redis');
    expect(versions.map(({ version }) => version)).toEqual(['2.0.0-rc.1', '1.2.0', '1.1.0+build.5', '1.0.0']);
    for (const { version, digest, size } of versions) {
      const bytes = packed.get(version) ?? Buffer.alloc(0);
      expect([digest, size]).toEqual([digestOf(bytes), bytes.length]);
    }
  });

  it('asks for the newest versions only, and for older ones that are wanted', async () => {
    const bytes = packed.get('1.0.0') ?? Buffer.alloc(0);
    const layers = [{ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', bytes }];
    for (let patch = 0; patch < 130; patch += 1) {
      const config = Buffer.from(JSON.stringify({ name: 'many', version: `1.0.${patch}` }));
      await pushArtifact(server, {
        repository: 'many/many',
        tags: [`1.0.${patch}`],
        config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', bytes: config },
        layers,
      });
    }
    const many = plugin({ url: `${server.url}/many` });
    const versions = await many.listVersions('many');
    expect([versions.length, versions[0]?.version, versions.at(-1)?.version]).toEqual([100, '1.0.129', '1.0.30']);
    const wanted = await many.listVersions('many', undefined, '1.0.7');
    expect([wanted.length, wanted.at(-1)?.version]).toEqual([101, '1.0.7']);
    expect((await many.getTemplate('many', '1.0.3')).versions).toHaveLength(130);
  });

  it('serves the archive byte for byte, also from the middle', async () => {
    const whole = packed.get('1.1.0+build.5') ?? Buffer.alloc(0);
    const stream = await registry.openArchive('redis', '1.1.0+build.5');
    expect(stream).toMatchObject({ offset: 0, size: whole.length, digest: digestOf(whole), mediaType: 'application/gzip' });
    expect((await bytesOf(stream)).equals(whole)).toBe(true);
    const rest = await registry.openArchive('redis', '1.1.0+build.5', { offset: 100, digest: digestOf(whole) });
    expect(rest.offset).toBe(100);
    expect((await bytesOf(rest)).equals(whole.subarray(100))).toBe(true);
    const ended = await registry.openArchive('redis', '1.1.0+build.5', { offset: whole.length, digest: digestOf(whole) });
    expect((await bytesOf(ended)).length).toBe(0);
  });

  it('shows parameters and readme from the archive', async () => {
    const detail = await registry.getTemplate('redis');
    expect(detail).toMatchObject({ version: '1.2.0', parametersFrom: 'schema', readme: '# redis\n' });
    expect(detail.packedDependencies).toEqual([{ name: 'common', version: '2.x.x', bundled: true }]);
    expect(detail.manifest.spec.dependencies).toBeUndefined();
    expect(detail.versions).toEqual(['2.0.0-rc.1', '1.2.0', '1.1.0+build.5', '1.0.0']);
    expect(detail.manifest).toMatchObject({
      metadata: { name: 'redis', version: '1.2.0' },
      spec: {
        type: 'helm',
        parameters: { properties: { replicas: { type: 'integer', minimum: 1 } } },
        requires: { kubernetes: '>=1.27' },
      },
    });
  });

  it('finds one that lies deeper', async () => {
    await expect(registry.getTemplate('nginx')).resolves.toMatchObject({ name: 'nginx', version: '0.1.0' });
  });

  it('tells a missing template from a missing version', async () => {
    await expect(registry.getTemplate('redsi')).rejects.toMatchObject({
      code: 'template_not_found',
      details: { alternatives: ['redis'] },
    });
    await expect(registry.openArchive('redis', '9.9.9')).rejects.toMatchObject({ code: 'version_not_found' });
  });

  it('searches', async () => {
    const { templates } = await registry.search({ q: 'memory' });
    expect(templates.map(({ name }) => name)).toEqual(['redis']);
  });

  it('may not be named by a public list when they lie in our own network', async () => {
    const guarded = createGuardedClient({ development: true, allow: ['127.0.0.1'], classify: () => 'private' });
    // A list that was never asked for counts as public.
    const charts = createChartSource({ client: guarded, registry: 'ark', namedBy: 'http://127.0.0.1:1/marketplace.json' });
    await expect(charts.resolve(`${server.url}/charts/redis`, '1.0.0')).toFailWith('outbound_denied');
    await guarded.close();
  });

  it('serves single charts to other kinds of registries', async () => {
    const charts = createChartSource({ client, registry: 'ark' });
    const whole = packed.get('1.1.0+build.5') ?? Buffer.alloc(0);
    const ref = `${server.url}/charts/redis`;
    await expect(charts.resolve(ref, '1.1.0+build.5')).resolves.toEqual({ digest: digestOf(whole), size: whole.length });
    expect((await bytesOf(await charts.open(ref, '1.1.0+build.5'))).equals(whole)).toBe(true);
    await expect(charts.resolve(ref, '7.0.0')).toFailWith('version_not_found');
    await expect(charts.resolve(`${server.url}/charts/none`, '7.0.0')).toFailWith('template_not_found');
    await expect(charts.resolve(`${server.url}/gcp/cassandra`, '1.4.34')).toFailWith('registry_invalid');
  });
});

describe('templates of ours', () => {
  it('are listed from the config, and from the archive where there is none', async () => {
    const versions = await registry.listVersions('shop');
    expect(versions).toMatchObject([
      {
        version: '3.1.0',
        digest: digestOf(packed.get('shop') ?? Buffer.alloc(0)),
        dependencies: [{ name: 'redis', version: '^1' }],
      },
      { version: '3.0.0' },
    ]);
    await expect(registry.getTemplate('shop', '3.0.0')).resolves.toMatchObject({ type: 'manifests', category: 'web' });
  });

  it('are served byte for byte', async () => {
    const bytes = await bytesOf(await registry.openArchive('shop', '3.1.0'));
    expect(bytes.equals(packed.get('shop') ?? Buffer.alloc(0))).toBe(true);
  });
});

describe('deployer repositories', () => {
  const gcp = () => plugin({ url: `${server.url}/gcp` });

  it('are named by their prefix, and pass over the application image beside them', async () => {
    const { templates, problems } = await listed(gcp());
    expect(templates).toMatchObject([{ name: 'cassandra', version: '1.5.0', type: 'deployer' }]);
    expect(problems).toEqual([{ subject: 'gcp/cassandra/deployer', message: expect.stringContaining('1.5 is missing') }]);
  });

  it('have versions by tag and channels by track', async () => {
    const versions = await gcp().listVersions('cassandra');
    expect(versions.map(({ version }) => version)).toEqual(['1.5.0', '1.4.34', '1.4.33']);
    const { manifest } = await gcp().getTemplate('cassandra', '1.4.33');
    expect(manifest.marketplace).toMatchObject({ channels: [{ name: '1.4', version: '1.4.34' }] });
  });

  it('give an archive that pins the image by digest, the same each time', async () => {
    const first = await bytesOf(await gcp().openArchive('cassandra', '1.4.34'));
    const [, entry] = await gcp().listVersions('cassandra');
    expect(digestOf(first)).toBe(entry?.digest);
    const { bodies } = await createArchiveReader().inspect(
      (async function* () {
        yield first;
      })(),
      { keep: () => true },
    );
    expect(bodies.get('schema.yaml')?.toString()).toBe(deployerSchema('1.4.34'));
    const manifest = parseTemplate(bodies.get('template.yaml')?.toString() ?? '');
    expect(manifest).toMatchObject({
      metadata: { name: 'cassandra', version: '1.4.34' },
      spec: {
        type: 'deployer',
        content: { image: expect.stringMatching(/^127\.0\.0\.1:\d+\/gcp\/cassandra\/deployer@sha256:[0-9a-f]{64}$/) },
        images: {
          cassandra: { ref: `${server.host}/gcp/cassandra:1.4.34` },
          proxy: { ref: `${server.host}/gcp/cassandra/proxy:1.4.34` },
        },
        parameters: { required: ['mail.host'], properties: { replicas: { type: 'integer', default: 3, enum: [3, 5] } } },
      },
    });
  });

  it('are listed when they are named by hand', async () => {
    const { templates } = await listed(plugin({ url: `${server.url}/gcp`, repositories: ['cassandra/deployer'] }));
    expect(templates.map(({ name }) => name)).toEqual(['cassandra']);
  });
});

describe('a repository that cannot be used', () => {
  const odd = (repositories: string[]) => plugin({ url: `${server.url}/odd`, repositories });

  it('is reported and takes nothing from its neighbours', async () => {
    await helm.push('odd', { name: 'good', version: '1.0.0' });
    await helm.push('odd/sub', { name: 'good', version: '2.0.0' });
    await pushDeployer(server, 'odd/source/deployer', ['1.0.0', '1.0'], deployerSchema('$TAG'));
    await pushDeployer(server, 'odd/other/deployer', ['1.0.0', '1.0'], deployerSchema('1.0.1'));
    await pushArtifact(server, { repository: 'odd/empty/deployer', tags: ['1.0.0', '1.0'], layers: [layerOf({ 'bin/x': 'x' })] });
    await pushArtifact(server, { repository: 'odd/image', tags: ['1.0.0'], layers: [layerOf({ 'bin/x': 'x' })] });
    await pushArtifact(server, { repository: 'odd/untagged', tags: ['latest'], layers: [layerOf({ 'bin/x': 'x' })] });
    const names = [
      'good',
      'sub/good',
      'source/deployer',
      'other/deployer',
      'empty/deployer',
      'image',
      'untagged',
      'none',
      'under_score',
    ];
    const { templates, problems } = await listed(odd(names));
    expect(templates.map(({ name, version }) => `${name}@${version}`)).toEqual(['good@1.0.0']);
    const said = Object.fromEntries(problems.map(({ subject, message }) => [subject, message]));
    expect(said).toEqual({
      'odd/sub/good': expect.stringContaining('taken by odd/good'),
      'odd/source/deployer': expect.stringContaining('placeholder'),
      'odd/other/deployer': expect.stringContaining('not the version of the tag'),
      'odd/empty/deployer': expect.stringContaining('no /data/schema.yaml'),
      'odd/image': expect.stringContaining('neither a chart'),
      'odd/untagged': expect.stringContaining('no tag that is a version'),
      'odd/none': expect.stringContaining('no such repository'),
      'odd/under_score': expect.stringContaining('not a name'),
    });
  });

  it('is refused when its chart calls itself another version', async () => {
    const bytes = packed.get('1.0.0') ?? Buffer.alloc(0);
    await pushArtifact(server, {
      repository: 'odd/liar',
      tags: ['2.0.0'],
      mediaType: OCI_MANIFEST,
      config: { mediaType: 'application/vnd.cncf.helm.config.v1+json', bytes: Buffer.from('{"name":"liar","version":"1.0.0"}') },
      layers: [{ mediaType: 'application/vnd.cncf.helm.chart.content.v1.tar+gzip', bytes }],
    });
    await expect(odd(['liar']).getTemplate('liar')).toFailWith('registry_invalid');
  });
});

describe('the configuration', () => {
  it('is refused in words at the first use', async () => {
    await expect(plugin({ url: 'oci://ghcr.io/Acme' }).connect()).toFailWith('config_invalid');
    await expect(plugin({ repositories: ['../x'] }).connect()).toFailWith('config_invalid');
    await expect(plugin({ credentials: { type: 'ssh_key', ssh_key: 'x' } }).connect()).toFailWith('config_invalid');
  });

  it('connects', async () => {
    await expect(registry.connect()).resolves.toEqual({ credential: 'none' });
  });
});

describe('the example in docs/registries/oci.md', () => {
  it('is a configuration', async () => {
    const page = await readFile(new URL('../../../docs/registries/oci.md', import.meta.url), 'utf8');
    const [, example = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const { registries, problems } = parseRegistriesConfig(example, 'registries.yaml', { HOME: '/home/me', GHCR_TOKEN: 'x' });
    expect(problems).toEqual([]);
    expect(registries.map(({ name, kind }) => [name, kind])).toEqual([
      ['company', 'oci'],
      ['ghcr', 'oci'],
    ]);
    for (const config of registries) expect(parseOciUrl(config.url).path).toMatch(/^(charts|acme)$/);
  });
});
