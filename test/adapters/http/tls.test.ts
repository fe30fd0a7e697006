import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { type Authority, type Chain, makeAuthority } from '../../support/tls/authority.ts';

const DAY_MS = 86_400_000;
let known: Authority;
const closing: Array<() => Promise<unknown>> = [];

beforeAll(async () => {
  known = await makeAuthority('Known');
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(
  chain: Chain,
  onRequest: () => void = () => undefined,
  host = 'localhost',
): Promise<{ port: number; resumed: boolean[] }> {
  const resumed: boolean[] = [];
  const server = createServer(chain, (_request, response) => {
    onRequest();
    // A connection each, so that the next request takes up the session.
    response.writeHead(200, { connection: 'close' }).end('{}');
  });
  server.on('secureConnection', (socket) => resumed.push(socket.isSessionReused()));
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return { port: (server.address() as AddressInfo).port, resumed };
}

/** Trusts the authority for the registry `ours` and for no other. */
function client(): GuardedClient {
  const made = createGuardedClient({
    development: true,
    allow: [],
    transportOf: (registry) => (registry === 'ours' ? { ca: known.ca } : {}),
  });
  closing.push(() => made.close());
  return made;
}
const get = (using: GuardedClient, url: string, registry = 'ours') => using.request({ url, registry });

describe('a certificate', () => {
  it.each<[string, () => Promise<Chain>, string]>([
    ['that has expired', () => known.issue(-1), 'the certificate has expired'],
    ['of another authority', async () => (await makeAuthority('Other')).issue(), 'TLS|certificate|verify'],
  ])('%s is refused in words of its own, before anything is sent', async (_what, issue, words) => {
    let asked = 0;
    const { port } = await serve(await issue(), () => {
      asked += 1;
    });
    const request = get(client(), `https://localhost:${port}/`);
    await expect(request).toFailWith('registry_unavailable');
    await expect(request).rejects.toThrow(new RegExp(words));
    expect(asked).toBe(0);
  });

  it('for another host is refused', async () => {
    const { port } = await serve(await known.issue(), undefined, '127.0.0.2');
    await expect(get(client(), `https://127.0.0.2:${port}/`)).rejects.toThrow('another host');
  });

  it('of an authority that one registry trusts is not trusted for another', async () => {
    const { port } = await serve(await known.issue());
    const using = client();
    await (await get(using, `https://localhost:${port}/`)).discard();
    await expect(get(using, `https://localhost:${port}/`, 'theirs')).toFailWith('registry_unavailable');
  });

  it('is remembered with its end, also when the connection takes up an older session that does not show it', async () => {
    const { port, resumed } = await serve(await known.issue(5));
    const using = client();
    expect(using.certificateExpiry('ours')).toBeUndefined();
    for (let call = 0; call < 4; call += 1) {
      await (await get(using, `https://localhost:${port}/`)).discard();
      const days = ((using.certificateExpiry('ours')?.getTime() ?? 0) - Date.now()) / DAY_MS;
      expect(days).toBeGreaterThan(4.9);
      expect(days).toBeLessThan(5.1);
    }
    expect(resumed).toContain(true);
  });
});
