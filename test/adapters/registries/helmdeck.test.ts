import { execFile } from 'node:child_process';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createArchiveReader } from '../../../src/adapters/archive/inspect.ts';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createHelmdeckRegistry } from '../../../src/adapters/registries/helmdeck.ts';
import { packPack } from '../../../src/adapters/registries/helmdeck-files.ts';
import { packSource } from '../../../src/adapters/registries/helmdeck-source.ts';
import type { Checkout } from '../../../src/domain/checkout.ts';
import { contentHash, digestOf } from '../../../src/domain/content-hash.ts';
import { PACK_FILE } from '../../../src/domain/foreign/pack.ts';
import type { ArchiveStream } from '../../../src/domain/registry.ts';
import { listAll } from '../../support/listing.ts';
import {
  createPackCatalog,
  FILES,
  INDEX,
  type PackCatalogFolder,
  packText,
  serveTexts,
  type TextServer,
} from '../../support/pack-catalog.ts';

let client: GuardedClient;
let catalog: PackCatalogFolder;
const servers: TextServer[] = [];

beforeEach(async () => {
  client = createGuardedClient({ development: true, allow: [] });
  catalog = await createPackCatalog(FILES);
});
afterEach(async () => {
  await client.close();
  await catalog.remove();
  for (const server of servers.splice(0)) await server.close();
});

const registry = (url: string) => createHelmdeckRegistry({ name: 'packs', kind: 'helmdeck', type: 'community', url }, client);

async function serve(texts: TextServer['texts']): Promise<TextServer> {
  const server = await serveTexts(texts);
  servers.push(server);
  return server;
}

async function bytesOf({ body }: ArchiveStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function listed(url: string) {
  const plugin = registry(url);
  return { plugin, ...(await listAll(plugin)) };
}

describe('the source of a catalog', () => {
  const raw = 'https://raw.githubusercontent.com/acme/packs/main';
  it.each([
    ['https://github.com/acme/packs', `${raw}/index.yaml`, raw],
    ['https://github.com/acme/packs/', `${raw}/index.yaml`, raw],
    ['https://github.com/acme/packs.git', `${raw}/index.yaml`, raw],
    [`${raw}/index.yaml`, `${raw}/index.yaml`, raw],
    ['https://mirror.example/shop/index.yaml', 'https://mirror.example/shop/index.yaml', 'https://mirror.example/shop'],
    ['https://mirror.example/shop/', 'https://mirror.example/shop/index.yaml', 'https://mirror.example/shop'],
    ['file:///opt/packs', 'file:///opt/packs/index.yaml', 'file:///opt/packs'],
    ['file:///opt/packs/index.yaml', 'file:///opt/packs/index.yaml', 'file:///opt/packs'],
  ])('%s is read at %s', (text, indexUrl, root) => {
    expect(packSource(text)).toMatchObject({ text, indexUrl, root });
  });

  it('knows the repository behind a GitHub URL', () => {
    expect(packSource('https://github.com/acme/packs').repository).toEqual({
      url: 'https://github.com/acme/packs.git',
      ref: 'main',
    });
  });

  it.each([
    ...['', '  ', 'packs', 'https://github.com/', 'https://github.com/acme', 'https://github.com/acme/packs/tree/main'],
    ...['ftp://host/index.yaml', 'file://host/index.yaml', 'https://host/index.yaml?token=1', 'https://user:word@host/'],
  ])('refuses %j', async (text) => {
    await expect(() => packSource(text)).toFailWith('registry_invalid');
    expect(() => packSource(text)).not.toThrow('word');
  });
});

describe('a catalog in a folder', () => {
  it.each(['', '/index.yaml'])('is listed, shown and installed from file://...%s', async (ending) => {
    const { plugin, templates, problems } = await listed(catalog.url + ending);
    expect(problems).toEqual([]);
    expect(templates).toEqual([
      expect.objectContaining({
        name: 'cmd.upper',
        version: '1.0.0',
        type: 'pack',
        registry: 'packs',
        registryType: 'community',
        downloads: 12,
      }),
      expect.objectContaining({ name: 'cmd.dated', version: '2026.5.0' }),
    ]);
    expect(templates[0]).not.toHaveProperty('digest');
    const detail = await plugin.getTemplate('cmd.upper');
    expect(detail).toMatchObject({
      version: '1.0.0',
      versions: ['1.0.0'],
      manifest: { spec: { handler: { pack: { version: 'v1' } } } },
    });
    const [entry] = await plugin.listVersions('cmd.upper');
    const bytes = await bytesOf(await plugin.openArchive('cmd.upper', '1.0.0'));
    expect(entry).toMatchObject({ version: '1.0.0', digest: digestOf(bytes), size: bytes.length, dependencies: [] });
  });

  it('packs the files byte for byte, the executable ones as such', async () => {
    const bytes = await bytesOf(await registry(catalog.url).openArchive('cmd.upper', '1.0.0'));
    const pieces = async function* () {
      yield bytes;
    };
    const { files } = await createArchiveReader().inspect(pieces());
    expect(files.map(({ path, executable }) => [path, executable])).toEqual([
      [PACK_FILE, false],
      ['lib/words.txt', false],
      ['upper', true],
    ]);
    expect(contentHash(files, PACK_FILE)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('resumes, and answers with the whole when it is another archive than before', async () => {
    const plugin = registry(catalog.url);
    const whole = await bytesOf(await plugin.openArchive('cmd.upper', '1.0.0'));
    const rest = await plugin.openArchive('cmd.upper', '1.0.0', { offset: 600, digest: digestOf(whole) });
    expect([rest.offset, await bytesOf(rest)]).toEqual([600, whole.subarray(600)]);
    expect(await plugin.openArchive('cmd.upper', '1.0.0', { offset: 600, digest: `sha256:${'0'.repeat(64)}` })).toMatchObject({
      offset: 0,
    });
  });

  it('says that nothing changed, and sees at once that something did', async () => {
    const { plugin, listing } = await listed(catalog.url);
    const validator = listing.unchanged ? '' : (listing.validator ?? '');
    expect(await plugin.list({ validator })).toEqual({ unchanged: true });
    expect(await registry(catalog.url).list({ validator })).toEqual({ unchanged: true });
    await catalog.write('index.yaml', INDEX.replace('version: v1\n    path', 'version: v2\n    path'));
    expect(await plugin.list({ validator })).toMatchObject({ unchanged: false });
    expect((await plugin.search({ q: 'upper' })).templates).toMatchObject([{ name: 'cmd.upper', version: '2.0.0' }]);
  });

  it('leaves out what cannot be used and nothing else', async () => {
    const bad = (name: string, version: string) =>
      `  - {name: ${name}, version: ${version}, path: packs/x, description: d, author: a}\n`;
    await catalog.write(
      'index.yaml',
      `${INDEX}${bad('cmd.latest', 'latest')}${bad('UPPER', 'v1')}${bad('cmd.upper', 'v9')}  - 7\n`,
    );
    const { templates, problems } = await listed(catalog.url);
    expect(templates.map(({ name }) => name)).toEqual(['cmd.upper', 'cmd.dated']);
    expect(problems.map(({ message }) => message)).toEqual([
      'is not a map',
      expect.stringContaining('no order'),
      expect.stringContaining('group.verb'),
      'is listed twice',
    ]);
  });

  it.each([
    ['another name in the manifest', { 'packs/cmd.upper/helmdeck-pack.yaml': packText('cmd.lower') }, 'template_invalid'],
    [
      'a handler that leaves the pack',
      { 'packs/cmd.upper/helmdeck-pack.yaml': packText('cmd.upper').replace('./upper', '/bin/sh') },
      'template_invalid',
    ],
    ['a path that leaves the catalog', { 'index.yaml': INDEX.replace('packs/cmd.upper', '../../etc') }, 'registry_invalid'],
    ['an absolute path', { 'index.yaml': INDEX.replace('packs/cmd.upper', '/etc') }, 'registry_invalid'],
    ['a folder that is not there', { 'index.yaml': INDEX.replace('packs/cmd.upper', 'packs/none') }, 'registry_invalid'],
  ] as const)('does not install %s', async (_what, files, code) => {
    for (const [path, text] of Object.entries(files)) await catalog.write(path, text);
    await expect(registry(catalog.url).listVersions('cmd.upper')).toFailWith(code);
  });

  it('does not follow links', async () => {
    await symlink('/etc/hostname', join(catalog.dir, 'packs/cmd.upper/secret'));
    await expect(registry(catalog.url).listVersions('cmd.upper')).toFailWith('archive_invalid');
    await symlink('/etc', join(catalog.dir, 'packs/outside'));
    await catalog.write('index.yaml', INDEX.replace('packs/cmd.upper', 'packs/outside'));
    await expect(registry(catalog.url).listVersions('cmd.upper')).toFailWith('registry_invalid');
  });

  it('tells what there is instead', async () => {
    await expect(registry(catalog.url).getTemplate('cmd.uper')).toFailWith('template_not_found');
    await expect(registry(catalog.url).getTemplate('cmd.uper')).rejects.toMatchObject({
      details: { alternatives: ['cmd.upper'] },
    });
    await expect(registry(catalog.url).getTemplate('cmd.upper', '9.9.9')).toFailWith('version_not_found');
    await expect(registry(`${catalog.url}/nothing`).connect()).toFailWith('registry_unavailable');
  });
});

describe('a catalog behind a URL', () => {
  const manifest = FILES[`packs/cmd.upper/${PACK_FILE}`] ?? '';

  it('is listed and shown whatever the content type says, and says why it cannot be installed from', async () => {
    const server = await serve({ '/shop/index.yaml': INDEX, [`/shop/packs/cmd.upper/${PACK_FILE}`]: manifest });
    const { plugin, templates } = await listed(`${server.url}/shop/index.yaml`);
    expect(templates).toHaveLength(2);
    expect(await plugin.getTemplate('cmd.upper')).toMatchObject({
      manifest: { metadata: { maintainers: [{ name: 'tosin2013' }] } },
    });
    await expect(plugin.listVersions('cmd.upper')).toFailWith('registry_invalid');
    await expect(plugin.listVersions('cmd.upper')).rejects.toThrow(/cannot|not installed.*file:\/\//);
    await expect(plugin.getTemplate('cmd.dated')).toFailWith('registry_invalid');
  });

  it('is asked with the validator it gave', async () => {
    const server = await serve({
      '/index.yaml': (request, response) => {
        if (request.headers['if-none-match'] === '"a1"') return void response.writeHead(304).end();
        response.writeHead(200, { etag: '"a1"' }).end(INDEX);
      },
    });
    const { plugin, listing } = await listed(server.url);
    const validator = listing.unchanged ? '' : (listing.validator ?? '');
    expect(await registry(server.url).list({ validator })).toEqual({ unchanged: true });
    expect((await plugin.search({})).total).toBe(2);
    expect(server.headers.map((headers) => headers['if-none-match'])).toEqual([undefined, '"a1"', '"a1"']);
  });

  it.each([
    ['401', 401, 'authentication'],
    ['403', 403, 'authorization'],
    ['404', 404, 'registry_invalid'],
    ['429', 429, 'rate_limit'],
    ['500', 500, 'registry_unavailable'],
  ])('tells a %s apart', async (_what, status, code) => {
    const server = await serve({ '/index.yaml': (_request, response) => void response.writeHead(status).end() });
    await expect(registry(server.url).connect()).toFailWith(code as never);
  });

  it.each([
    ['an index that is too long', 'x'.repeat(4 * 1024 * 1024 + 1), 'too_large'],
    ['a page for people', '<html></html>', 'registry_invalid'],
  ])('refuses %s', async (_what, text, code) => {
    const server = await serve({ '/index.yaml': text });
    await expect(registry(server.url).connect()).toFailWith(code as never);
  });
});

describe('packs of a repository', () => {
  it('come out of a working copy of it, which is removed', async () => {
    const git = (...args: string[]) =>
      promisify(execFile)('git', ['-C', catalog.dir, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args]);
    await git('init', '-q', '-b', 'main');
    await git('add', '.');
    await git('commit', '-q', '-m', 'packs');
    let released = 0;
    const checkout: Checkout = async ({ url, ref = 'main' }) => {
      const copy = await createPackCatalog({});
      await promisify(execFile)('git', ['clone', '-q', '--depth=1', '-b', ref, url, join(copy.dir, 'copy')]);
      return {
        dir: join(copy.dir, 'copy'),
        async release() {
          released += 1;
          await copy.remove();
        },
      };
    };
    const source = { ...packSource('https://github.com/acme/packs'), repository: { url: catalog.url, ref: 'main' } };
    const entry = { name: 'cmd.upper', version: 'v1', path: 'packs/cmd.upper', description: '', author: '' };
    const packed = await packPack(source, entry, { registry: 'packs', checkout });
    expect(released).toBe(1);
    const [local] = await registry(catalog.url).listVersions('cmd.upper');
    expect(packed.digest).toBe(local?.digest);
    await expect(packPack(source, entry, { registry: 'packs', checkout: undefined })).toFailWith('registry_invalid');
  });
});
