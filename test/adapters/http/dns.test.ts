import type { LookupAddress } from 'node:dns';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type AddressClass, classifyAddress } from '../../../src/adapters/http/address-policy.ts';
import type { GuardedClient } from '../../../src/adapters/http/guarded-client.ts';

/**
 * Names whose addresses somebody else decides. The resolver is the one thing that is not real here: what an attacker's name server
 * answers, and that it answers otherwise the next time, cannot be had on loopback.
 */
const answers: string[][] = [];
let asked = 0;
function resolved(): LookupAddress[] {
  asked += 1;
  const addresses = answers.length > 1 ? answers.shift() : answers[0];
  return (addresses ?? []).map((address) => ({ address, family: 4 }));
}
type Callback = (error: Error | null, found: LookupAddress[]) => void;
jest.unstable_mockModule('node:dns', () => ({
  lookup: (_name: string, _options: unknown, callback: Callback) => void setImmediate(() => callback(null, resolved())),
}));
jest.unstable_mockModule('node:dns/promises', () => ({ lookup: async () => resolved() }));
const { createGuardedClient } = await import('../../../src/adapters/http/guarded-client.ts');
const { createSourceClient } = await import('../../../src/adapters/http/source-client.ts');
const { createSourceFetcher } = await import('../../../src/adapters/http/source-fetcher.ts');
const { openAccess } = await import('../../../src/adapters/git/access.ts');
const { createAddressPolicy } = await import('../../../src/adapters/http/address-policy.ts');

const GOOD = '127.0.0.2';
const BAD = '127.0.0.3';
const parts: Record<string, AddressClass> = { [GOOD]: 'public', [BAD]: 'metadata' };
const classify = (address: string) => parts[address] ?? classifyAddress(address);
const guard = { development: false, allow: [], classify };
/** Plain http is allowed to the name, so that only the address decides. */
const openClient = () => createGuardedClient({ ...guard, transportOf: () => ({ httpHosts: ['shop.example'] }) });

const servers: Server[] = [];
const reached: string[] = [];
let port = 0;
let client: GuardedClient;

beforeAll(async () => {
  for (const host of [GOOD, BAD]) {
    const server = createServer((request, response) => {
      reached.push(host);
      if (request.url === '/there') response.writeHead(302, { location: `http://shop.example:${port}/here` }).end();
      else response.end('{"ok":true}');
    });
    servers.push(server);
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
    port = (server.address() as AddressInfo).port;
  }
});
beforeEach(() => {
  client = openClient();
  reached.length = 0;
  asked = 0;
});
afterEach(() => client.close());
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

const resolveTo = (...next: string[][]) => answers.splice(0, answers.length, ...next);
const get = async (path = '/') => (await client.request({ url: `http://shop.example:${port}${path}` })).json();

describe('a name with several addresses', () => {
  it.each([[[BAD, GOOD]], [[GOOD, BAD]], [[BAD, '169.254.169.254', GOOD, '::1']]])(
    'is called at those that are allowed only: %j',
    async (addresses) => {
      resolveTo(addresses);
      await expect(get()).resolves.toEqual({ ok: true });
      expect(reached).toEqual([GOOD]);
    },
  );

  it('is not called when none is allowed, or when it has none', async () => {
    for (const addresses of [[BAD], ['127.0.0.1', '169.254.169.254', '0.0.0.0'], []]) {
      resolveTo(addresses);
      await expect(get()).toFailWith('outbound_denied');
    }
    expect(reached).toEqual([]);
  });
});

describe('a name with several addresses that a user has named', () => {
  /** Named, it may be called over plain http; what its addresses are is judged all the same. */
  const openSource = () => createSourceClient({ classify, allow: ['shop.example'] });
  beforeEach(async () => {
    await client.close();
    client = openSource();
  });

  it.each([[[BAD, GOOD]], [[GOOD, BAD]], [[GOOD, '169.254.169.254']], [[GOOD, '0.0.0.0']]])(
    'is not called when one of them is not allowed: %j',
    async (addresses) => {
      resolveTo(addresses);
      await expect(get()).toFailWith('outbound_denied');
      expect(reached).toEqual([]);
    },
  );

  it('is called when all of them are allowed, private ones too', async () => {
    resolveTo([GOOD, '10.0.0.1', '2001:4860:4860::8888']);
    await expect(get()).resolves.toEqual({ ok: true });
    expect(reached).toEqual([GOOD]);
  });

  it('is not called either where a source redirects to it', async () => {
    resolveTo([GOOD], [GOOD, BAD]);
    await expect(get('/there')).toFailWith('outbound_denied');
    expect(reached).toEqual([GOOD]);
  });

  it('is a network_error of the source that says why', async () => {
    resolveTo([GOOD, BAD]);
    const { fetch } = createSourceFetcher(client);
    await expect(fetch('https://shop.example/marketplace.json', AbortSignal.timeout(5_000))).resolves.toEqual({
      error: {
        code: 'network_error',
        message: expect.stringContaining('shop.example may not be called: it is a metadata address'),
      },
    });
  });
});

describe('a name that moves', () => {
  it('is resolved once for each connection, so that nothing lies between the check and the call', async () => {
    resolveTo([GOOD], [BAD]);
    await expect(get()).resolves.toEqual({ ok: true });
    expect([asked, reached]).toEqual([1, [GOOD]]);
  });

  it('is checked again for the next connection', async () => {
    resolveTo([GOOD], [BAD]);
    await get();
    await client.close();
    client = openClient();
    await expect(get()).toFailWith('outbound_denied');
    expect(reached).toEqual([GOOD]);
  });

  it('is checked again when it redirects to itself', async () => {
    resolveTo([GOOD], [BAD]);
    // The connection to where a public server leads is never one that was there before.
    await expect(get('/there')).toFailWith('outbound_denied');
    expect(reached).toEqual([GOOD]);
  });
});

describe('git', () => {
  const policy = createAddressPolicy(guard);
  const settings = (env: Record<string, string>) =>
    Object.fromEntries(
      Array.from({ length: Number(env.GIT_CONFIG_COUNT) }, (_, at) => [
        env[`GIT_CONFIG_KEY_${at}`],
        env[`GIT_CONFIG_VALUE_${at}`],
      ]),
    );

  it('is given those addresses of a name that are allowed, and resolves none itself', async () => {
    resolveTo([BAD, GOOD, '169.254.169.254']);
    const remote = { registry: 'r', url: 'https://shop.example/x.git' };
    const access = await openAccess(remote, policy, tmpdir());
    await access.release();
    expect(settings(access.env)['http.curloptResolve']).toBe(`shop.example:443:${GOOD}`);
  });

  it('is given one of them over ssh too, where the name is only what the host key is looked up by', async () => {
    resolveTo([BAD, GOOD]);
    const credentials = { type: 'ssh_key', ssh_key: '-----BEGIN x\n', known_hosts: 'shop.example ssh-ed25519 AAAA\n' } as const;
    const remote = { registry: 'r', url: 'ssh://git@shop.example/x.git', credentials };
    const access = await openAccess(remote, policy, tmpdir());
    await access.release();
    expect(access.env.GIT_SSH_COMMAND).toContain(`'HostName=${GOOD}' '-o' 'HostKeyAlias=shop.example'`);
  });

  it('is not started when none is allowed', async () => {
    resolveTo([BAD]);
    for (const url of ['https://shop.example/x.git', 'ssh://git@shop.example/x.git'])
      await expect(openAccess({ registry: 'r', url }, policy, '/nowhere')).toFailWith('outbound_denied');
  });
});
