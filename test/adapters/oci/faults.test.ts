import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createOciClient } from '../../../src/adapters/oci/client.ts';
import { createOciRegistry } from '../../../src/adapters/registries/oci.ts';
import { readTagSet } from '../../../src/domain/oci-tags.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy.ts';
import { digestOf, layerOf, OCI_MANIFEST, pushArtifact } from '../../support/oci/push.ts';
import { type OciServer, startDistribution, startMemoryRegistry } from '../../support/oci/server.ts';

let client: GuardedClient;
const servers: Server[] = [];

async function serve(handler: RequestListener): Promise<string> {
  const created = createServer(handler);
  servers.push(created);
  await new Promise<void>((resolve) => created.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(created.address() as AddressInfo).port}`;
}
const open = (origin: string) => createOciClient({ client, registry: 'harbour', origin });

beforeEach(() => {
  client = createGuardedClient({ development: true, allow: [], timeouts: { headers: 2_000, bodyIdle: 2_000 } });
});
afterEach(async () => {
  await client.close();
  for (const each of servers.splice(0)) {
    each.closeAllConnections();
    each.close();
  }
});

const EMPTY = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 };
const manifestOf = (more: object = {}) =>
  JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: EMPTY, layers: [], ...more });
const answering = (body: string | Buffer, headers: Record<string, string> = { 'content-type': OCI_MANIFEST }) =>
  serve((_, response) => response.writeHead(200, headers).end(body));

describe('a manifest', () => {
  it('that is not what its digest says is refused', async () => {
    const oci = open(await answering(manifestOf()));
    await expect(oci.manifest('a/b', digestOf(Buffer.from('other')))).toFailWith('digest_mismatch');
  });

  it('that is not what the registry itself says is refused', async () => {
    const header = { 'content-type': OCI_MANIFEST, 'docker-content-digest': digestOf(Buffer.from('other')) };
    await expect(open(await answering(manifestOf(), header)).manifest('a/b', '1.0.0')).toFailWith('digest_mismatch');
  });

  it.each([
    ['a web page', '<html>', { 'content-type': 'text/html; charset=utf-8' }],
    ['no content type', manifestOf(), {}],
    ['the first Docker format', '{}', { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' }],
    ['garbage', '\u0000\u0001', { 'content-type': OCI_MANIFEST }],
    ['another type inside than outside', manifestOf({ mediaType: 'application/vnd.oci.image.index.v1+json' }), undefined],
    ['a digest of another kind', manifestOf({ config: { ...EMPTY, digest: 'md5:abc' } }), undefined],
    ['a negative size', manifestOf({ config: { ...EMPTY, size: -1 } }), undefined],
    ['10,000 levels', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, undefined],
  ])('with %s is refused', async (_, body, headers) => {
    await expect(open(await answering(body, headers)).manifest('a/b', '1.0.0')).toFailWith('registry_invalid');
  });

  it('that is huge is not read', async () => {
    let sent = 0;
    const origin = await serve((_, response) => {
      response.writeHead(200, { 'content-type': OCI_MANIFEST });
      const chunk = Buffer.alloc(64 * 1024, 0x20);
      const push = (): void => {
        while (sent < 512 * 1024 * 1024 && !response.destroyed) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', push);
        }
        response.end();
      };
      push();
    });
    await expect(open(origin).manifest('a/b', '1.0.0')).toFailWith('too_large');
    expect(sent).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('an answer', () => {
  it('that limits the rate says for how long', async () => {
    const origin = await serve((_, response) => response.writeHead(429, { 'retry-after': '7' }).end());
    await expect(open(origin).tags('a/b')).rejects.toMatchObject({
      code: 'rate_limit',
      details: { retryAfterMs: 7_000, registry: 'harbour' },
    });
  });

  it.each([
    ['no challenge', {}],
    ['a challenge of another kind', { 'www-authenticate': 'Negotiate' }],
    ['a bearer challenge without a place', { 'www-authenticate': 'Bearer service="x"' }],
    ['a password asked for, and none there', { 'www-authenticate': 'Basic realm="x"' }],
  ])('401 with %s is authentication', async (_, headers) => {
    const origin = await serve((_request, response) => response.writeHead(401, headers).end());
    await expect(open(origin).ping()).toFailWith('authentication');
  });

  it('500 is unavailable, and 403 authorization', async () => {
    const origin = await serve((request, response) => response.writeHead(request.url === '/v2/' ? 500 : 403).end());
    await expect(open(origin).ping()).toFailWith('registry_unavailable');
    await expect(open(origin).tags('a/b')).toFailWith('authorization');
  });

  it('of a token server that is none is refused', async () => {
    const tokens = await serve((_, response) => response.end('{"nothing":1}'));
    const origin = await serve((_, response) =>
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${tokens}/t"` }).end(),
    );
    await expect(open(origin).ping()).toFailWith('registry_invalid');
  });
});

describe('a list in pages', () => {
  const tags = Array.from({ length: 10_000 }, (_, index) => `1.${Math.floor(index / 100)}.${index % 100}`).sort();
  const paged = (link: (last: string) => string | undefined) =>
    serve((request, response) => {
      const url = new URL(request.url ?? '/', 'http://x');
      const from = tags.findIndex((tag) => tag > (url.searchParams.get('last') ?? ''));
      const page = from < 0 ? [] : tags.slice(from, from + Number(url.searchParams.get('n')));
      const next = page.length > 0 && page.at(-1) !== tags.at(-1) ? link(page.at(-1) ?? '') : undefined;
      response.writeHead(200, { 'content-type': 'application/json', ...(next && { link: `<${next}>; rel="next"` }) });
      response.end(JSON.stringify({ name: 'a/b', tags: page }));
    });

  it('is read to its end: 10,000 tags', async () => {
    const origin = await paged((last) => `/v2/a/b/tags/list?n=1000&last=${last}`);
    const read = await open(origin).tags('a/b');
    expect(read).toEqual(tags);
    const { versions } = readTagSet(read ?? []);
    expect(versions[0]).toEqual({ version: '1.99.99', tag: '1.99.99' });
  });

  it('is read to its end also where the registry does not say that there is more', async () => {
    await expect(open(await paged(() => undefined)).tags('a/b')).resolves.toEqual(tags);
  });

  it('that leads elsewhere is refused', async () => {
    await expect(open(await paged(() => 'http://169.254.169.254/v2/a/c/tags/list')).tags('a/b')).toFailWith('registry_invalid');
  });

  it('that leads in a circle ends', async () => {
    let requests = 0;
    const origin = await serve((_, response) => {
      requests += 1;
      response.writeHead(200, { link: '</v2/a/b/tags/list?n=1000&last=x>; rel="next"' }).end('{"tags":["1.0.0"]}');
    });
    await expect(open(origin).tags('a/b')).resolves.toEqual(['1.0.0']);
    expect(requests).toBe(2);
  });
});

describe('a blob', () => {
  let server: OciServer;
  let proxy: FaultProxy;
  const layer = layerOf({ 'a.txt': Array.from({ length: 20_000 }, (_, index) => String(index * 7919)).join(' ') });
  const blob = { digest: digestOf(layer.bytes), size: layer.bytes.length };
  beforeEach(async () => {
    server = await startMemoryRegistry();
    proxy = await startFaultProxy({ target: server.url });
    await pushArtifact(server, { repository: 'a/b', tags: ['1.0.0'], layers: [layer] });
  });
  afterEach(async () => {
    await proxy.close();
    await server.close();
  });

  it('that is cut off is network, and can be resumed', async () => {
    proxy.setFaults([{ kind: 'truncate', bytes: 1_000, path: '/blobs/', times: 1 }]);
    await expect(open(proxy.url).readBlob('a/b', blob, 10_000_000)).toFailWith('network');
    const rest = await open(proxy.url).openBlob('a/b', blob, { offset: 1_000, maxBytes: 10_000_000 });
    expect(rest.offset).toBe(1_000);
    for await (const _ of rest.body);
  });

  it('with another byte is refused', async () => {
    proxy.setFaults([{ kind: 'corrupt', at: 500, path: '/blobs/' }]);
    await expect(open(proxy.url).readBlob('a/b', blob, 10_000_000)).toFailWith('digest_mismatch');
  });

  it('that is longer than its manifest says is refused', async () => {
    await expect(open(proxy.url).readBlob('a/b', { ...blob, size: 10 }, 10_000_000)).toFailWith('too_large');
    await expect(open(proxy.url).readBlob('a/b', { ...blob, size: 10_000_000 }, 10_000_000)).toFailWith('digest_mismatch');
    await expect(open(proxy.url).readBlob('a/b', blob, 10)).toFailWith('too_large');
  });

  it('that is not there is the fault of the registry', async () => {
    await expect(open(proxy.url).readBlob('a/b', { digest: digestOf(Buffer.from('x')), size: 1 }, 10)).toFailWith(
      'registry_invalid',
    );
  });
});

describe('a registry without a list of its repositories', () => {
  it('says what to do, and finds what is named', async () => {
    const server = await startDistribution();
    const proxy = await startFaultProxy({ target: server.url });
    proxy.setFaults([{ kind: 'status', status: 404, path: '/v2/_catalog' }]);
    try {
      const config = { name: 'harbour', kind: 'oci', type: 'community', url: `${proxy.url}/acme` } as const;
      await expect(createOciRegistry(config, client).connect()).rejects.toMatchObject({
        code: 'registry_invalid',
        message: expect.stringContaining('repositories'),
      });
      await expect(createOciRegistry({ ...config, repositories: ['redis'] }, client).connect()).resolves.toEqual({
        credential: 'none',
      });
    } finally {
      await proxy.close();
      await server.close();
    }
  }, 60_000);
});
