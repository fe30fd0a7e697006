import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createImageRegistries } from '../../../src/adapters/registries/oci-images.ts';
import type { RegistryConfig } from '../../../src/domain/registries-config.ts';

/** Asks for a name and a password, and notes the names. */
const users: string[] = [];
let server: Server;
let host: string;
let client: GuardedClient;

beforeAll(async () => {
  server = createServer((request, response) => {
    const [, encoded] = /^Basic (.+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (encoded === undefined) return response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    users.push(Buffer.from(encoded, 'base64').toString().split(':')[0] ?? '');
    return response.end('{}');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = createGuardedClient({ development: true, allow: [] });
});
afterAll(async () => {
  await client.close();
  server.close();
});

const registry = (name: string, path = '', more: Partial<RegistryConfig> = {}): RegistryConfig => ({
  ...{ name, kind: 'oci', type: 'private', url: `http://${host}${path}` },
  credentials: { type: 'basic', username: name, password: 'password' },
  ...more,
});

async function userFor(repository: string, registries: RegistryConfig[]): Promise<string | undefined> {
  users.length = 0;
  const found = await createImageRegistries({ client, configured: () => registries })({ host, repository });
  await found?.ping();
  return users.at(-1);
}

describe('images on the hosts of configured OCI registries', () => {
  it('are asked for with the credential of the registry that they lie in', async () => {
    const registries = [registry('whole'), registry('acme', '/acme'), registry('shop', '/acme/shop')];
    expect(await userFor('acme/shop/web', registries)).toBe('shop');
    expect(await userFor('acme/shopping/web', registries)).toBe('acme');
    expect(await userFor('other/web', registries)).toBe('whole');
    expect(await userFor('other/web', [registry('acme', '/acme')])).toBe('acme');
  });

  it('are those of no other host, and of no other kind of registry', async () => {
    const open = createImageRegistries({
      client,
      configured: () => [registry('acme'), registry('broken', '', { url: 'oci://' }), registry('helm', '', { kind: 'helm' })],
    });
    expect(await open({ host: 'ghcr.io', repository: 'acme/shop' })).toBeUndefined();
    expect(await open({ host: '127.0.0.1', repository: 'acme/shop' })).toBeUndefined();
    const helm = createImageRegistries({ client, configured: () => [registry('helm', '', { kind: 'helm' })] });
    expect(await helm({ host, repository: 'acme/shop' })).toBeUndefined();
  });
});
