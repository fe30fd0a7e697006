import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createGuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createChandleryRegistry } from '../../../src/adapters/registries/chandlery-http.ts';
import { createFolderRegistry } from '../../../src/adapters/registries/folder.ts';
import type { Listing, ListingProblem, ListOptions, RegistryPlugin, TemplateSummary } from '../../../src/domain/registry.ts';
import { type RegistryServer, startRegistryServer } from '../../../src/registry.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { createRegistryFolder, type RegistryFolder } from '../../support/registry-folder.ts';

const client = createGuardedClient({ development: true, allow: [], timeouts: { bodyIdle: 1_000 } });
let folder: RegistryFolder;
let server: RegistryServer;
let proxy: FaultProxy;
const extra: Server[] = [];

const plugin = (url = proxy.url) => createChandleryRegistry({ name: 'acme', kind: 'chandlery', type: 'community', url }, client);

beforeAll(async () => {
  folder = await createRegistryFolder([
    { name: 'redis', version: '7.0.0', category: 'database' },
    { name: 'redis', version: '7.1.0', category: 'database' },
    { name: 'redis', version: '8.0.0-rc.1' },
    { name: 'web', version: '1.0.0' },
  ]);
  server = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'remote', templatesDir: folder.dir });
  proxy = await startFaultProxy({ target: server.url });
});
afterAll(async () => {
  await client.close();
  await proxy.close();
  await server.close();
  await folder.remove();
});
beforeEach(() => {
  proxy.setFaults([]);
  proxy.clear();
});
afterEach(() => {
  for (const each of extra.splice(0)) each.close();
});

async function serve(handler: RequestListener): Promise<string> {
  const created = createServer(handler);
  extra.push(created);
  await new Promise<void>((resolve) => created.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(created.address() as AddressInfo).port}`;
}

const lines = (text: string) =>
  serve((_request, response) => void response.setHeader('content-type', 'application/jsonl').end(text));

async function read(listing: Listing): Promise<TemplateSummary[]> {
  if (listing.unchanged) throw new Error('unchanged');
  const all: TemplateSummary[] = [];
  for await (const batch of listing.templates) all.push(...batch);
  return all;
}
const list = async (registry: RegistryPlugin, options?: ListOptions) => read(await registry.list(options));
const brief = (all: TemplateSummary[]) => all.map(({ name, version, registry }) => `${registry}/${name}@${version}`);

const entry = (name: string, more = {}) =>
  JSON.stringify({
    ...{ name, version: '1.0.0', description: 'd', tags: [], type: 'helm', registry: 'x', registryType: 'official' },
    ...more,
  });

describe('listing a chandlery registry', () => {
  it('gives one line for each template, its default version, in one request', async () => {
    expect(brief(await list(plugin()))).toEqual(['acme/redis@7.1.0', 'acme/web@1.0.0']);
    expect(proxy.requests().map(({ path }) => path)).toEqual(['/api/v1/catalog?scope=local']);
  });

  it('asks for changes only, and is told when there is none', async () => {
    const first = await plugin().list();
    await read(first);
    const validator = first.unchanged ? '' : (first.validator ?? '');
    expect(validator).toMatch(/^"[0-9a-f]{64}"$/);
    await expect(plugin().list({ validator })).resolves.toEqual({ unchanged: true });
    await folder.add({ name: 'late', version: '1.0.0' });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(brief(await list(plugin(), { validator }))).toContain('acme/late@1.0.0');
  });

  it('asks page by page where there is no catalog yet', async () => {
    proxy.setFaults([{ kind: 'status', status: 404, path: '/catalog' }]);
    expect(brief(await list(plugin()))).toEqual(expect.arrayContaining(['acme/redis@7.1.0', 'acme/web@1.0.0']));
    expect(proxy.count('GET', '/api/v1/search?scope=local&sort=name')).toBe(1);
  });

  it.each([
    ['a line whose version is none', entry('t-5000', { version: 'soon' }), 't-5000', 'version'],
    ['a line that is no JSON', '{"name": "t-5000"', 'line 5001', 'not JSON'],
    ['a line nested 10,000 deep', '{"a":'.repeat(10_000), 'line 5001', 'nested deeper'],
    ['a line of something else', 'null', 'line 5001', 'expected object'],
  ])('leaves out one malformed line among ten thousand, and says which: %s', async (_what, malformed, subject, message) => {
    const all = Array.from({ length: 10_000 }, (_, at) => (at === 5_000 ? malformed : entry(`t-${at}`)));
    const problems: ListingProblem[] = [];
    const found = await list(plugin(await lines(all.join('\n'))), { onProblem: (problem) => problems.push(problem) });
    expect(found).toHaveLength(9_999);
    expect(found.map(({ name }) => name)).not.toContain('t-5000');
    expect(problems).toEqual([{ subject, message: expect.stringContaining(message) }]);
    // The names of registries are ours to give.
    expect(new Set(found.map(({ registry, registryType }) => `${registry} ${registryType}`))).toEqual(
      new Set(['acme community']),
    );
  });

  it.each([
    ['its only line is no JSON', 'oops\n'],
    ['its only line is nested 10,000 deep', `${'{"a":'.repeat(10_000)}\n`],
    ['most of its lines are no JSON', `${entry('a')}\noops\n<html>\n`],
    ['it stops in the middle of a line', `${entry('a')}\n${entry('b')}\n${entry('c').slice(0, -9)}`],
  ])('fails with registry_invalid when %s', async (_what, text) => {
    await expect(list(plugin(await lines(text)))).toFailWith('registry_invalid');
  });

  it('leaves out a malformed entry of a page, and says which', async () => {
    const pages = [
      { templates: [JSON.parse(entry('a')), JSON.parse(entry('b', { version: 'soon' }))], total: 4, nextCursor: 'two' },
      { templates: [7, JSON.parse(entry('d'))], total: 4 },
    ];
    const url = await serve((request, response) => {
      if (request.url?.includes('/catalog')) return void response.writeHead(404).end();
      const page = pages[request.url?.includes('cursor=two') ? 1 : 0];
      response.setHeader('content-type', 'application/json').end(JSON.stringify(page));
    });
    const problems: ListingProblem[] = [];
    const found = await list(plugin(url), { onProblem: (problem) => problems.push(problem) });
    expect(brief(found)).toEqual(['acme/a@1.0.0', 'acme/d@1.0.0']);
    expect(problems).toEqual([
      { subject: 'b', message: expect.stringContaining('version') },
      { subject: 'entry 3', message: expect.stringContaining('expected object') },
    ]);
  });

  it('fails with registry_invalid for another content type and for pages that do not end', async () => {
    const html = await serve((_request, response) => void response.setHeader('content-type', 'text/html').end('<html>'));
    await expect(plugin(html).list()).toFailWith('registry_invalid');
    const endless = await serve((request, response) => {
      if (request.url?.includes('/catalog')) return void response.writeHead(404).end();
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ templates: [JSON.parse(entry('a'))], total: 1, nextCursor: 'c' }));
    });
    await expect(list(plugin(endless))).toFailWith('registry_invalid');
  });

  it('fails with network when the list breaks off', async () => {
    proxy.setFaults([{ kind: 'truncate', bytes: 100 }]);
    await expect(list(plugin())).toFailWith('network');
  });
});

describe('listing a folder', () => {
  it('tells what cannot be listed, and that nothing changed', async () => {
    await folder.write('broken/1.0.0/template.yaml', 'no: template');
    const registry = createFolderRegistry({ name: 'local', type: 'private', directories: [folder.dir], rescanMs: 0 });
    const problems: ListingProblem[] = [];
    const first = await registry.list({ onProblem: (problem) => problems.push(problem) });
    expect(brief(await read(first))).toContain('local/redis@7.1.0');
    expect(problems).toEqual([{ subject: expect.stringContaining('broken'), message: expect.any(String) }]);
    const validator = first.unchanged ? '' : (first.validator ?? '');
    await expect(registry.list({ validator })).resolves.toEqual({ unchanged: true });
    await folder.write('web/1.0.0.yanked', '');
    await folder.write('web/0.9.0.yanked', '');
    expect((await registry.list({ validator })).unchanged).toBe(false);
  });
});
