import { createHash } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createChandleryRegistry } from '../../../src/adapters/registries/chandlery-http.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import type { RegistryConfig } from '../../../src/domain/registries-config.ts';
import type { ArchiveStream, RegistryPlugin } from '../../../src/domain/registry.ts';
import { type RegistryServer, startRegistryServer } from '../../../src/registry.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { createRegistryFolder, type RegistryFolder } from '../../support/registry-folder.ts';

const TOKEN = 'registry-token-0123456789';
let folder: RegistryFolder;
let server: RegistryServer;
let proxy: FaultProxy;
let client: GuardedClient;
let registry: RegistryPlugin;
const extra: Server[] = [];

const plugin = (config: Partial<RegistryConfig> = {}) =>
  createChandleryRegistry(
    {
      name: 'acme',
      kind: 'chandlery',
      type: 'community',
      url: proxy.url,
      credentials: { type: 'token', token: TOKEN },
      ...config,
    },
    client,
  );

async function serve(handler: RequestListener, host = '127.0.0.1'): Promise<string> {
  const created = createServer(handler);
  extra.push(created);
  await new Promise<void>((resolve) => created.listen(0, host, resolve));
  return `http://${host}:${(created.address() as AddressInfo).port}`;
}

async function bytesOf(stream: ArchiveStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function failureOf(promise: Promise<unknown>): Promise<ChandleryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ChandleryError) return error;
  throw new Error(`no ChandleryError: ${String(error)}`);
}

beforeAll(async () => {
  folder = await createRegistryFolder([
    { name: 'redis', version: '7.0.0', category: 'database', files: { 'data.txt': 'x'.repeat(300_000) } },
    { name: 'redis', version: '7.1.0', category: 'database' },
    { name: 'shop', version: '1.0.0', dependencies: [{ name: 'redis', version: '^7.0.0' }] },
  ]);
  server = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'remote', templatesDir: folder.dir, token: TOKEN });
  proxy = await startFaultProxy({ target: server.url });
});
afterAll(async () => {
  await proxy.close();
  await server.close();
  await folder.remove();
});
beforeEach(() => {
  client = createGuardedClient({ development: true, allow: [], timeouts: { headers: 1_000, bodyIdle: 1_000 } });
  proxy.setFaults([]);
  proxy.clear();
  registry = plugin();
});
afterEach(async () => {
  await client.close();
  for (const each of extra.splice(0)) {
    each.closeAllConnections();
    each.close();
  }
});

describe('a chandlery registry over http', () => {
  it('proves the credential', async () => {
    await expect(registry.connect()).resolves.toEqual({ credential: 'token' });
    await expect(plugin({ credentials: { type: 'basic', username: 'me', password: TOKEN } }).connect()).resolves.toEqual({
      credential: 'basic',
    });
    await expect(plugin({ credentials: { type: 'token', token: 'another-token-000' } }).connect()).toFailWith('authentication');
  });

  it('searches, and names its results after the configuration', async () => {
    const page = await registry.search({ q: 'redis', category: ['database', 'web'], limit: 5 });
    expect(page.templates).toMatchObject([{ name: 'redis', version: '7.1.0', registry: 'acme', registryType: 'community' }]);
    expect(proxy.requests()[0]?.path).toBe('/api/v1/search?scope=local&q=redis&limit=5&category=database&category=web');
  });

  it('pages with the cursor, and refuses a tampered one', async () => {
    const first = await registry.search({ limit: 1 });
    const second = await registry.search({ limit: 1, cursor: first.nextCursor ?? '' });
    expect([...first.templates, ...second.templates].map(({ name }) => name)).toEqual(['redis', 'shop']);
    await expect(registry.search({ limit: 1, cursor: `${first.nextCursor}x` })).toFailWith('invalid_request');
  });

  it('shows a template and its versions', async () => {
    await expect(registry.getTemplate('redis', '7.0.0')).resolves.toMatchObject({
      registry: 'acme',
      version: '7.0.0',
      manifest: { metadata: { name: 'redis' } },
    });
    const versions = await registry.listVersions('redis');
    expect(versions.map(({ version }) => version)).toEqual(['7.1.0', '7.0.0']);
  });

  it('tells a missing template from a missing version', async () => {
    await expect(registry.getTemplate('redsi')).rejects.toMatchObject({
      code: 'template_not_found',
      details: { registry: 'acme', alternatives: ['redis'] },
    });
    await expect(registry.getTemplate('redis', '9.9.9')).rejects.toMatchObject({
      code: 'version_not_found',
      details: { alternatives: ['7.1.0', '7.0.0'] },
    });
    await expect(registry.listVersions('nothing')).toFailWith('template_not_found');
    await expect(registry.openArchive('redis', '9.9.9')).toFailWith('version_not_found');
  });

  it.each(['..', '.', ''])('does not climb out of the path by the name %j', async (name) => {
    await expect(registry.getTemplate(name)).toFailWith('template_not_found');
    expect(proxy.requests()).toHaveLength(0);
  });

  it('encodes names', async () => {
    await failureOf(registry.getTemplate('a/../b?c#d', '1 0'));
    expect(proxy.requests()[0]?.path).toBe('/api/v1/templates/a%2F..%2Fb%3Fc%23d?scope=local&version=1%200');
  });
});

describe('archives', () => {
  it('are the bytes that the digest names', async () => {
    const [entry] = await registry.listVersions('shop');
    const stream = await registry.openArchive('shop', '1.0.0');
    expect(stream).toMatchObject({ offset: 0, size: entry?.size, digest: entry?.digest });
    expect(
      `sha256:${createHash('sha256')
        .update(await bytesOf(stream))
        .digest('hex')}`,
    ).toBe(entry?.digest);
  });

  it('fail with network when cut, and go on from where they broke', async () => {
    const [, entry] = await registry.listVersions('redis');
    const digest = entry?.digest ?? '';
    proxy.setFaults([{ kind: 'truncate', bytes: 100_000, path: '/archive', times: 1 }]);
    const stream = await registry.openArchive('redis', '7.0.0', { digest });
    const parts: Uint8Array[] = [];
    const read = async () => {
      for await (const chunk of stream.body) parts.push(chunk);
    };
    await expect(read()).toFailWith('network');
    const got = Buffer.concat(parts);
    expect(got).toHaveLength(100_000);
    const rest = await registry.openArchive('redis', '7.0.0', { offset: got.length, digest });
    expect(rest).toMatchObject({ offset: 100_000, size: entry?.size });
    const whole = Buffer.concat([got, await bytesOf(rest)]);
    expect(`sha256:${createHash('sha256').update(whole).digest('hex')}`).toBe(digest);
    expect(proxy.requests().at(-1)).toMatchObject({
      status: 206,
      headers: { range: 'bytes=100000-', 'if-range': `"${digest}"` },
    });
  });

  it('start again when the server has other bytes now, or fewer', async () => {
    const other = `sha256:${'0'.repeat(64)}`;
    await expect(registry.openArchive('redis', '7.0.0', { offset: 10, digest: other })).resolves.toMatchObject({ offset: 0 });
    const restarted = await registry.openArchive('redis', '7.0.0', { offset: 1e9 });
    expect(restarted.offset).toBe(0);
    expect((await bytesOf(restarted)).length).toBe(restarted.size);
  });

  it('are empty when nothing is left', async () => {
    const [entry] = await registry.listVersions('shop');
    const stream = await registry.openArchive('shop', '1.0.0', { offset: entry?.size ?? 0 });
    expect(stream.offset).toBe(entry?.size);
    await expect(bytesOf(stream)).resolves.toHaveLength(0);
  });

  it.each([
    ['another start', 'bytes 11-99/100'],
    ['another end', 'bytes 10-50/100'],
    ['no range', ''],
  ])('fail with registry_invalid for a part with %s', async (_what, range) => {
    const headers = { 'content-type': 'application/x-tar', 'content-range': range };
    proxy.setFaults([{ kind: 'status', status: 206, headers, body: 'x'.repeat(90) }]);
    await expect(registry.openArchive('redis', '7.0.0', { offset: 10 })).toFailWith('registry_invalid');
  });

  it('fail with registry_invalid when they are a page of text', async () => {
    proxy.setFaults([{ kind: 'garbage', contentType: 'text/html', body: '<html>login</html>' }]);
    await expect(registry.openArchive('redis', '7.0.0')).toFailWith('registry_invalid');
  });

  it('pass corrupted bytes on: the digest is checked by who reads them', async () => {
    const clean = await bytesOf(await registry.openArchive('shop', '1.0.0'));
    proxy.setFaults([{ kind: 'corrupt', at: 700 }]);
    const corrupt = await bytesOf(await registry.openArchive('shop', '1.0.0'));
    expect(corrupt.length).toBe(clean.length);
    expect(corrupt.equals(clean)).toBe(false);
  });

  it("stop with the caller's reason", async () => {
    const controller = new AbortController();
    const reason = new Error('cancelled by the step');
    proxy.setFaults([{ kind: 'throttle', bytesPerSecond: 20_000 }]);
    const stream = await registry.openArchive('redis', '7.0.0', { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 100);
    await expect(bytesOf(stream)).rejects.toBe(reason);
  });
});

describe('when the registry fails', () => {
  it('fails with registry_unavailable when it is down', async () => {
    proxy.setFaults([{ kind: 'reset' }]);
    await expect(registry.connect()).toFailWith('registry_unavailable');
    const gone = await startFaultProxy({ target: server.url });
    await gone.close();
    const error = await failureOf(plugin({ url: gone.url }).connect());
    expect(error).toMatchObject({ code: 'registry_unavailable', retryable: true, details: { registry: 'acme' } });
  });

  it('fails with registry_unavailable when it is slow, and waits when it is only late', async () => {
    proxy.setFaults([{ kind: 'delay', ms: 300 }]);
    await expect(registry.connect()).resolves.toBeDefined();
    proxy.setFaults([{ kind: 'delay', ms: 5_000 }]);
    await expect(registry.connect()).toFailWith('registry_unavailable');
  });

  it.each([
    [401, 'authentication'],
    [403, 'authorization'],
    [404, 'registry_invalid'],
    [500, 'registry_unavailable'],
    [502, 'registry_unavailable'],
    [503, 'registry_unavailable'],
    [504, 'registry_unavailable'],
  ] as const)('maps %i to %s on every call', async (status, code) => {
    proxy.setFaults([{ kind: 'status', status, body: 'an error page' }]);
    const calls = [
      registry.connect(),
      registry.search({}),
      registry.getTemplate('redis'),
      registry.listVersions('redis'),
      registry.openArchive('redis', '7.0.0'),
    ];
    for (const call of calls) {
      const error = await failureOf(call);
      expect(error.code).toBe(code);
      expect(error.details).toMatchObject({ registry: 'acme', upstreamStatus: status });
    }
  });

  it('fails with rate_limit and says how long to wait, in either form of Retry-After', async () => {
    const limited = async (value: string) => {
      proxy.setFaults([{ kind: 'status', status: 429, headers: { 'retry-after': value } }]);
      return await failureOf(registry.search({}));
    };
    expect(await limited('12')).toMatchObject({ code: 'rate_limit', retryable: true, details: { retryAfterMs: 12_000 } });
    const { retryAfterMs } = (await limited(new Date(Date.now() + 60_000).toUTCString())).details;
    expect(retryAfterMs).toBeGreaterThan(55_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    expect((await limited('864000')).details.retryAfterMs).toBe(600_000);
    expect((await limited('whenever')).details.retryAfterMs).toBeUndefined();
  });

  it('fails with network when a listing is cut', async () => {
    proxy.setFaults([{ kind: 'truncate', bytes: 20 }]);
    await expect(registry.listVersions('redis')).toFailWith('network');
  });

  it.each([
    ['a page', 'text/html', '<html></html>'],
    ['broken JSON', 'application/json', '{"templates":['],
    ['another document', 'application/json', '{"items":[]}'],
    ['no list', 'application/json', '[]'],
    ['deep nesting', 'application/json', '['.repeat(100_000)],
  ])('fails with registry_invalid for %s', async (_what, contentType, body) => {
    proxy.setFaults([{ kind: 'garbage', contentType, body }]);
    await expect(registry.search({})).toFailWith('registry_invalid');
    await expect(registry.listVersions('redis')).toFailWith('registry_invalid');
    await expect(registry.getTemplate('redis')).toFailWith('registry_invalid');
  });

  it('fails with too_large for an oversized answer', async () => {
    proxy.setFaults([
      { kind: 'garbage', contentType: 'application/json', body: `{"versions":[${' '.repeat(9 * 1024 * 1024)}]}` },
    ]);
    await expect(registry.listVersions('redis')).toFailWith('too_large');
  });

  it.each([
    ['a bad digest', { version: '1.0.0', digest: 'md5:1', size: 1, dependencies: [] }],
    ['a bad version', { version: 'v1', digest: `sha256:${'0'.repeat(64)}`, size: 1, dependencies: [] }],
    [
      'a climbing dependency',
      { version: '1.0.0', digest: `sha256:${'0'.repeat(64)}`, size: 1, dependencies: [{ name: '../x', version: '*' }] },
    ],
  ])('fails with registry_invalid for a version with %s', async (_what, entry) => {
    proxy.setFaults([{ kind: 'garbage', contentType: 'application/json', body: JSON.stringify({ versions: [entry] }) }]);
    await expect(registry.listVersions('redis')).toFailWith('registry_invalid');
  });

  it('fails with registry_invalid when it answers with another template or version, or lists one twice', async () => {
    const detail = JSON.stringify(await registry.getTemplate('redis', '7.0.0'));
    proxy.setFaults([{ kind: 'garbage', contentType: 'application/json', body: detail }]);
    await expect(registry.getTemplate('shop')).toFailWith('registry_invalid');
    await expect(registry.getTemplate('redis', '7.1.0')).toFailWith('registry_invalid');
    proxy.setFaults([]);
    const [entry] = await registry.listVersions('redis');
    proxy.setFaults([{ kind: 'garbage', contentType: 'application/json', body: JSON.stringify({ versions: [entry, entry] }) }]);
    await expect(registry.listVersions('redis')).toFailWith('registry_invalid');
  });

  it('fails with registry_invalid in a redirect loop', async () => {
    proxy.setFaults([{ kind: 'status', status: 302, headers: { location: '/api/v1/search' } }]);
    await expect(registry.search({})).toFailWith('registry_invalid');
    expect(proxy.count('GET', '/search')).toBe(6);
  });

  it('fails with outbound_denied when it redirects to the metadata service', async () => {
    proxy.setFaults([{ kind: 'status', status: 307, headers: { location: 'https://169.254.169.254/latest/meta-data/' } }]);
    await expect(registry.connect()).toFailWith('outbound_denied');
  });

  it('does not carry the credential to another origin', async () => {
    const seen: Array<string | undefined> = [];
    const other = await serve((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(401).end();
    });
    proxy.setFaults([{ kind: 'status', status: 302, headers: { location: `${other}/api/v1/search` } }]);
    await expect(registry.search({})).toFailWith('authentication');
    expect(seen).toEqual([undefined]);
  });

  it('is refused on loopback outside development', async () => {
    const strict = createGuardedClient({ development: false, allow: [] });
    const config = { name: 'acme', kind: 'chandlery', type: 'private', url: proxy.url } as const;
    await expect(createChandleryRegistry(config, strict).connect()).toFailWith('outbound_denied');
    expect(proxy.requests()).toHaveLength(0);
    await strict.close();
  });

  it('never shows the credential in an error', async () => {
    for (const status of [401, 403, 404, 429, 500]) {
      proxy.setFaults([{ kind: 'status', status, body: `echo ${TOKEN}` }]);
      const error = await failureOf(registry.getTemplate('redis'));
      expect(JSON.stringify([error.message, error.details, error.stack, String(error.cause)])).not.toContain(TOKEN);
    }
  });
});
