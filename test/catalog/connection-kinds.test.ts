import { writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testConnection } from '../../src/catalog/connection-test.ts';
import { CATALOG_LIMITS } from '../../src/catalog/limits.ts';
import { createSource } from '../../src/catalog/sources.ts';
import { KindLab, type OpenOptions, REMOTE_KINDS, type RemoteKind } from '../support/registry-kinds.ts';
import { type Authority, makeAuthority } from '../support/tls/authority.ts';

/** The test of a connection tells the same things apart for every kind of registry. */

const TEST_MS = 10_000;
const lab = new KindLab();
let authority: Authority;
let ca: { pem: string; file: string };

beforeAll(async () => {
  authority = await makeAuthority('Known');
  ca = { pem: authority.ca, file: join(lab.dir, 'ca.pem') };
  writeFileSync(ca.file, ca.pem);
});
afterEach(() => lab.clear());
afterAll(() => lab.close());

async function tested(kind: RemoteKind, url: string, options: OpenOptions = {}) {
  const plugin = lab.open(kind, `${url}/x`, options);
  const registry = { plugin, scope: '0', url, credential: 'none', isFolder: false, isDefault: false };
  const answer = await testConnection(createSource(registry, CATALOG_LIMITS, Date.now), TEST_MS);
  expect(answer.message).not.toBe('');
  return answer;
}

describe.each(REMOTE_KINDS)('the test of a registry of kind %s', (kind) => {
  it.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [429, 'rate_limit'],
    [503, 'unavailable'],
  ])('tells a %i', async (status, outcome) => {
    const headers = status === 401 ? { 'www-authenticate': 'Basic realm="x"' } : {};
    const { url } = await lab.serve((_request, response) => response.writeHead(status, headers).end());
    expect(await tested(kind, url)).toMatchObject({ ok: false, outcome });
  });

  it('tells a web site, which is none', async () => {
    const site: RequestListener = (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>');
    expect(await tested(kind, (await lab.serve(site)).url)).toMatchObject({ ok: false, outcome: 'not_a_registry' });
  });

  it('tells a closed port, a name that does not exist, and an address that may not be called', async () => {
    const port = await closedPort();
    expect(await tested(kind, `http://127.0.0.1:${port}`)).toMatchObject({ outcome: 'refused' });
    const nowhere = await tested(kind, 'https://no-such-host.invalid');
    // A resolver that cannot be reached takes its time to say so.
    expect(['dns', 'timeout']).toContain(nowhere.outcome);
    const policy = { development: false };
    expect(await tested(kind, `https://127.0.0.1:${port}`, { policy })).toMatchObject({ outcome: 'denied' });
  }, 30_000);

  it('tells a certificate that has expired from one of a stranger', async () => {
    const stranger = await makeAuthority('Stranger');
    const messages: string[] = [];
    for (const chain of [await authority.issue(-1), await stranger.issue()]) {
      const { url } = await lab.serve((_request, response) => response.end(), { chain, host: 'localhost' });
      const answer = await tested(kind, url, { ca });
      expect(answer).toMatchObject({ ok: false, outcome: 'tls' });
      messages.push(answer.message);
    }
    // The library that git was built with may have one word for both.
    if (kind !== 'git') expect(messages.map((text) => text.includes('expired'))).toEqual([true, false]);
  });
});

async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
