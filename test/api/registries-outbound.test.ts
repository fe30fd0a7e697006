import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ApiServer, ApiServers } from '../support/api-servers.ts';

/** Whoever may add registries must not reach what only the server can reach. In production, against a port that counts its callers. */

const servers = new ApiServers();
let server: ApiServer;
let inside: Server;
let port = 0;
let callers = 0;

beforeAll(async () => {
  await servers.open();
  server = await servers.start({ CHANDLERY_ENV: 'production' });
  inside = createServer((socket) => {
    callers += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve));
  port = (inside.address() as AddressInfo).port;
}, 60_000);
beforeEach(async () => {
  callers = 0;
  await server.admin.call('DELETE', '/api/v1/registries/evil');
});
afterAll(async () => {
  inside?.close();
  await servers.close();
}, 60_000);

const add = (more: Record<string, unknown>, query = '') =>
  server.admin.call('POST', `/api/v1/registries${query}`, { name: 'evil', type: 'community', allowHttp: true, ...more });

/** Tested, listed, shown and tested again: never called. */
async function isRefused(more: Record<string, unknown>): Promise<void> {
  const tested = await add(more, '?test=true');
  expect(tested.body).toMatchObject({ status: 422, errors: [{ path: 'test', message: 'denied' }] });
  expect((await add(more)).status).toBe(201);
  const listed = await server.admin.call('POST', '/api/v1/registries/evil/refresh');
  expect(listed.body).toMatchObject({ status: 403, code: 'outbound_denied' });
  const page = await server.admin.get('/api/v1/search?registry=evil');
  expect(page.body.errors).toMatchObject([{ registry: 'evil' }]);
  expect((await server.admin.get('/api/v1/templates/x?registry=evil')).status).toBeGreaterThanOrEqual(400);
  expect((await server.admin.call('POST', '/api/v1/registries/evil/test')).body).toMatchObject({ outcome: 'denied' });
  expect(callers).toBe(0);
}

describe('in production, a registry of the API', () => {
  it.each([
    ['loopback', '127.0.0.1'],
    ['another loopback', '127.8.9.10'],
    ['the metadata service', '169.254.169.254'],
    ['loopback as IPv6', '[::1]'],
    ['loopback mapped to IPv6', '[::ffff:127.0.0.1]'],
    ['the metadata service mapped to IPv6', '[::ffff:a9fe:a9fe]'],
    ['loopback in decimal', '2130706433'],
    ['loopback in octal', '0177.0.0.1'],
    ['loopback in hexadecimal', '0x7f.1'],
    ['no address at all', '0.0.0.0'],
    ['a name of loopback', 'localhost'],
  ])('never reaches %s', async (_what, host) => {
    await isRefused({ url: `http://${host}:${port}/` });
    await server.admin.call('DELETE', '/api/v1/registries/evil');
    await isRefused({ url: `https://${host}:${port}/` });
  });

  it.each([
    ['helm', { url: 'https://localhost' }],
    ['oci', { url: 'oci://localhost' }],
    ['helmdeck', { url: 'https://localhost' }],
    ['ark', { url: 'https://localhost' }],
    ['git', { url: 'https://localhost' }],
  ])('of kind %s never reaches loopback', async (kind, { url }) => {
    await isRefused({ kind, url: `${url}:${port}/x` });
  });

  it('never reaches loopback over ssh', async () => {
    const credentials = {
      type: 'ssh_key',
      ssh_key: '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n',
      known_hosts: 'localhost ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAA',
    };
    await isRefused({ kind: 'git', url: `ssh://git@localhost:${port}/x.git`, credentials });
  });
});
