import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { readBytes } from '../../../src/adapters/http/body.ts';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createOciClient } from '../../../src/adapters/oci/client.ts';
import type { OciCredentials } from '../../../src/adapters/oci/tokens.ts';
import { createOciRegistry } from '../../../src/adapters/registries/oci.ts';
import { digestOf, layerOf, openHelm, pushArtifact } from '../../support/oci/push.ts';
import { IDENTITY_TOKEN, type OciServer, ROBOT, startDistribution, startMemoryRegistry } from '../../support/oci/server.ts';

const BASIC: OciCredentials = { type: 'basic', ...ROBOT };
const ROBOT_HEADER = `Basic ${Buffer.from(`${ROBOT.username}:${ROBOT.password}`).toString('base64')}`;
let client: GuardedClient;
const extra: Server[] = [];

async function serve(handler: RequestListener, host = '127.0.0.1'): Promise<string> {
  const created = createServer(handler);
  extra.push(created);
  await new Promise<void>((resolve) => created.listen(0, host, resolve));
  return `http://${host}:${(created.address() as AddressInfo).port}`;
}

const open = (origin: string, credentials?: OciCredentials) =>
  createOciClient({ client, registry: 'harbour', origin, credentials });

beforeEach(() => {
  client = createGuardedClient({ development: true, allow: [], timeouts: { headers: 2_000, bodyIdle: 2_000 } });
});
afterEach(async () => {
  await client.close();
  for (const each of extra.splice(0)) {
    each.closeAllConnections();
    each.close();
  }
});

describe('a registry with user and password (distribution, htpasswd)', () => {
  let server: OciServer;
  beforeAll(async () => {
    server = await startDistribution({ auth: 'basic' });
    const helm = await openHelm(server.host, ROBOT);
    await helm.push('charts', { name: 'redis', version: '1.0.0' });
    await helm.close();
  }, 180_000);
  afterAll(() => server.close());

  it('answers after the challenge, and is not asked twice', async () => {
    const oci = open(server.url, BASIC);
    await oci.ping();
    await expect(oci.tags('charts/redis')).resolves.toEqual(['1.0.0']);
    await expect(oci.catalog()).resolves.toEqual(['charts/redis']);
    const manifest = await oci.manifest('charts/redis', '1.0.0');
    expect(manifest).toMatchObject({
      kind: 'image',
      image: { config: { mediaType: 'application/vnd.cncf.helm.config.v1+json' } },
    });
    await expect(oci.resolve('charts/redis', '1.0.0')).resolves.toBe(manifest?.digest);
    await expect(oci.manifest('charts/redis', manifest?.digest ?? '')).resolves.toEqual(manifest);
  });

  it('says that nothing is there', async () => {
    const oci = open(server.url, BASIC);
    await expect(oci.tags('charts/none')).resolves.toBeUndefined();
    await expect(oci.manifest('charts/redis', '9.9.9')).resolves.toBeUndefined();
    await expect(oci.resolve('charts/redis', '9.9.9')).resolves.toBeUndefined();
  });

  it.each([
    ['no credential', undefined],
    ['a wrong password', { type: 'basic', username: 'robot', password: 'wrong' } as const],
    ['a token where a password is asked for', { type: 'token', token: 'abc' } as const],
  ])('refuses %s', async (_, credentials) => {
    await expect(open(server.url, credentials).ping()).toFailWith('authentication');
  });

  it('takes the credential from a Docker configuration, and again when that changes', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'chandlery-docker-'));
    const path = join(dir, 'config.json');
    const write = (password: string) => {
      const auth = Buffer.from(`${ROBOT.username}:${password}`).toString('base64');
      return writeFile(path, JSON.stringify({ auths: { [server.host]: { auth } } }));
    };
    await write('an old password');
    const config = { name: 'harbour', kind: 'oci', type: 'private', url: `${server.url}/charts` } as const;
    const registry = createOciRegistry({ ...config, credentials: { type: 'docker_config', path } }, client);
    await expect(registry.connect()).toFailWith('authentication');
    await write(ROBOT.password);
    await expect(registry.connect()).resolves.toEqual({ credential: 'docker_config' });
    await expect(registry.getTemplate('redis')).resolves.toMatchObject({ version: '1.0.0' });
    await rm(dir, { recursive: true });
  });
});

describe('a registry with tokens (distribution, token server)', () => {
  let server: Awaited<ReturnType<typeof startDistribution>>;
  beforeAll(async () => {
    server = await startDistribution({ auth: 'token' });
    for (const path of ['public/charts', 'private/charts']) {
      const helm = await openHelm(server.host, ROBOT);
      await helm.push(path, { name: 'redis', version: '1.0.0' });
      await helm.close();
    }
  }, 180_000);
  afterAll(() => server.close());
  beforeEach(() => {
    server.tokens?.asked.splice(0);
    if (server.tokens) server.tokens.lifetime = 300;
  });

  it('fetches one token for each repository, with the credential', async () => {
    const oci = open(server.url, BASIC);
    await oci.tags('private/charts/redis');
    await oci.manifest('private/charts/redis', '1.0.0');
    await oci.tags('public/charts/redis');
    expect(server.tokens?.asked).toEqual([
      { method: 'GET', scopes: ['repository:private/charts/redis:pull'], authorization: ROBOT_HEADER },
      { method: 'GET', scopes: ['repository:public/charts/redis:pull'], authorization: ROBOT_HEADER },
    ]);
  });

  it('reads what is public without a credential, and nothing else', async () => {
    const oci = open(server.url);
    await expect(oci.tags('public/charts/redis')).resolves.toEqual(['1.0.0']);
    await expect(oci.tags('private/charts/redis')).toFailWith('authentication');
    expect(server.tokens?.asked.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it('fetches another token when the old one is at its end', async () => {
    if (server.tokens) server.tokens.lifetime = 5;
    const oci = open(server.url, BASIC);
    await oci.tags('private/charts/redis');
    await oci.tags('private/charts/redis');
    expect(server.tokens?.asked).toHaveLength(2);
  });

  it('changes an identity token for tokens', async () => {
    const oci = open(server.url, { type: 'identity-token', token: IDENTITY_TOKEN });
    await expect(oci.tags('private/charts/redis')).resolves.toEqual(['1.0.0']);
    expect(server.tokens?.asked).toMatchObject([{ method: 'POST', authorization: undefined }]);
    await expect(open(server.url, { type: 'identity-token', token: 'x' }).tags('private/charts/redis')).toFailWith(
      'authentication',
    );
  });

  it('refuses a wrong password without showing it', async () => {
    const secret = 'a-wrong-password-456';
    const failing = open(server.url, { type: 'basic', username: 'robot', password: secret }).tags('private/charts/redis');
    const error = await failing.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'authentication', details: { registry: 'harbour' } });
    expect(JSON.stringify([String(error), error])).not.toContain(secret);
  });

  it('is never asked for a token by a registry that sends us into our own network', async () => {
    const guarded = createGuardedClient({
      development: true,
      allow: ['127.0.0.1', '127.0.0.3'],
      classify: (address) => (address === '127.0.0.1' ? 'public' : 'private'),
    });
    const asked: string[] = [];
    const inside = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.end('{"token":"x"}');
    }, '127.0.0.3');
    const outside = await serve((_, response) => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${inside}/token",service="x"` }).end();
    });
    const oci = createOciClient({ client: guarded, registry: 'harbour', origin: outside, credentials: BASIC });
    await expect(oci.ping()).toFailWith('outbound_denied');
    expect(asked).toEqual([]);
    await guarded.close();
  });
});

describe('blobs that lie on another host (distribution, redirect)', () => {
  it('are fetched there without the credential', async () => {
    const root = await mkdtemp(join(tmpdir(), 'chandlery-blobs-'));
    const seen: IncomingHttpHeaders[] = [];
    const files = await serve(async (request, response) => {
      seen.push(request.headers);
      const bytes = await readFile(join(root, request.url ?? ''));
      const first = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (first > 0) response.writeHead(206, { 'content-range': `bytes ${first}-${bytes.length - 1}/${bytes.length}` });
      response.end(bytes.subarray(first));
    }, '127.0.0.2');
    const server = await startDistribution({ auth: 'basic', redirectTo: files, root });
    try {
      const layer = layerOf({ 'a.txt': 'x'.repeat(100_000) });
      await pushArtifact(
        { url: server.url, authorization: ROBOT_HEADER },
        { repository: 'acme/app', tags: ['1.0.0'], layers: [layer] },
      );
      const oci = open(server.url, BASIC);
      const blob = { digest: digestOf(layer.bytes), size: layer.bytes.length };
      expect((await oci.readBlob('acme/app', blob, 1_000_000)).equals(layer.bytes)).toBe(true);
      const rest = await oci.openBlob('acme/app', blob, { offset: 50, maxBytes: 1_000_000 });
      expect(rest.offset).toBe(50);
      expect((await readBytes(rest.body)).equals(layer.bytes.subarray(50))).toBe(true);
      expect(seen.length).toBeGreaterThanOrEqual(2);
      expect(seen.every(({ authorization }) => authorization === undefined)).toBe(true);
    } finally {
      await server.close();
      await rm(root, { recursive: true });
    }
  }, 60_000);

  it('may not ask for the credential', async () => {
    const asked: Array<string | undefined> = [];
    const evil = await serve((request, response) => {
      asked.push(request.headers.authorization);
      response.writeHead(401, { 'www-authenticate': 'Basic realm="evil"' }).end();
    }, '127.0.0.2');
    const registry = await serve((_, response) => {
      response.writeHead(307, { location: `${evil}/blob` }).end();
    });
    const blob = { digest: digestOf(Buffer.from('x')), size: 1 };
    await expect(open(registry, BASIC).readBlob('acme/app', blob, 10)).toFailWith('authentication');
    expect(asked).toEqual([undefined]);
  });
});

describe('referrers', () => {
  const push = async (url: string) => {
    const subject = await pushArtifact({ url }, { repository: 'acme/app', tags: ['1.0.0'], layers: [layerOf({ a: 'x' })] });
    const signature = await pushArtifact(
      { url },
      {
        repository: 'acme/app',
        tags: [],
        // By the config's type, as artifacts had it before they had one of their own: the one that this registry looks at.
        config: { mediaType: 'application/vnd.example.signature', bytes: Buffer.from('{}') },
        layers: [layerOf({ b: 'x' })],
        subject,
      },
    );
    return { subject, signature };
  };

  it('are read by the API', async () => {
    const server = await startMemoryRegistry();
    try {
      const { subject, signature } = await push(server.url);
      const oci = open(server.url);
      await expect(oci.referrers('acme/app', subject.digest)).resolves.toMatchObject([{ digest: signature.digest }]);
      await expect(oci.referrers('acme/app', subject.digest, 'application/vnd.example.signature')).resolves.toHaveLength(1);
      await expect(oci.referrers('acme/app', subject.digest, 'application/vnd.example.other')).resolves.toEqual([]);
    } finally {
      await server.close();
    }
  }, 60_000);

  it('are read by the tag scheme where there is no API', async () => {
    const server = await startDistribution();
    try {
      const { subject, signature } = await push(server.url);
      const oci = open(server.url);
      await expect(oci.referrers('acme/app', subject.digest)).resolves.toEqual([]);
      const index = {
        schemaVersion: 2,
        mediaType: 'application/vnd.oci.image.index.v1+json',
        manifests: [{ ...signature, artifactType: 'application/vnd.example.signature' }],
      };
      const tag = subject.digest.replace(':', '-');
      const headers = { 'content-type': index.mediaType };
      await fetch(`${server.url}/v2/acme/app/manifests/${tag}`, { method: 'PUT', body: JSON.stringify(index), headers });
      await expect(oci.referrers('acme/app', subject.digest)).resolves.toMatchObject([{ digest: signature.digest }]);
    } finally {
      await server.close();
    }
  }, 60_000);
});
