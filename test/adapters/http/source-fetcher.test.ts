import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { classifyAddress } from '../../../src/adapters/http/address-policy.ts';
import type { GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createSourceClient } from '../../../src/adapters/http/source-client.ts';
import { createSourceFetcher, SOURCE_TIMEOUTS } from '../../../src/adapters/http/source-fetcher.ts';
import { DOCUMENT, type SourceServer, startSourceServer } from '../../support/source-server.ts';

const PATIENCE_MS = 2_000;
let server: SourceServer;
const clients: GuardedClient[] = [];

beforeAll(async () => {
  server = await startSourceServer();
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server?.close();
});

interface Options {
  allow?: string[];
  ca?: string | undefined;
  isPublic?: boolean;
}

function fetcher({ allow = ['localhost'], ca = server.ca, isPublic = false }: Options = {}) {
  const classify = isPublic ? (address: string) => (address === '127.0.0.1' ? 'public' : classifyAddress(address)) : undefined;
  const client = createSourceClient({
    allow,
    timeouts: SOURCE_TIMEOUTS,
    ...(ca !== '' && { ca }),
    ...(classify && { classify: classify as typeof classifyAddress }),
  });
  clients.push(client);
  return createSourceFetcher(client);
}

const get = (url: string, options?: Options) => fetcher(options).fetch(url, AbortSignal.timeout(PATIENCE_MS));
const at = (path: string, options?: Options) => get(`${server.url}${path}`, options);

describe('fetching a source', () => {
  it('passes its items on as they are, whatever the content type says', async () => {
    expect(await at('/good?token=a%20b')).toEqual({ items: JSON.stringify(JSON.parse(DOCUMENT).items) });
    expect(server.asked.at(-1)).toBe('/good?token=a%20b');
    expect(server.headers()).toMatchObject({ accept: 'application/json' });
    expect(server.headers().authorization).toBeUndefined();
  });

  it.each(['/no-items', '/list'])('has none where the document names none: %s', async (path) => {
    expect(await at(path)).toEqual({ items: '[]' });
  });

  it.each([
    ['/html', 'parse_error'],
    ['/empty', 'parse_error'],
    ['/status/204', 'parse_error'],
    ['/latin1', 'parse_error'],
    ['/deep', 'parse_error'],
    ['/object-items', 'parse_error'],
    ['/text-items', 'parse_error'],
    ['/null-items', 'parse_error'],
    ['/cut', 'network_error'],
    ['/huge', 'network_error'],
    ['/endless', 'network_error'],
    ['/to-http', 'network_error'],
    ['/to-loopback', 'network_error'],
    ['/to-metadata', 'network_error'],
    ['/nowhere', 'network_error'],
    ['/hops/5', 'network_error'],
    ['/hang', 'fetch_timeout'],
    ['/drip', 'fetch_timeout'],
  ])('%s is a %s', async (path, code) => {
    expect(await at(path)).toEqual({ error: { code, message: expect.stringMatching(/\w/) } });
  });

  it.each([400, 401, 403, 404, 410, 429, 500, 503, 304])(
    'a final status of %i is an http_error that tells it',
    async (status) => {
      expect(await at(`/status/${status}`)).toEqual({
        error: { code: 'http_error', message: `source returned HTTP ${status}` },
      });
    },
  );

  it('follows five redirects', async () => {
    expect(await at('/hops/4')).toHaveProperty('items');
  });

  it('does not follow a public host into a private network', async () => {
    const outcome = await at('/to-private', { isPublic: true, allow: [] });
    expect(outcome).toEqual({ error: { code: 'network_error', message: expect.stringContaining('redirected to a private') } });
  });

  it.each([
    ['https://127.0.0.1:1/x', 'loopback'],
    ['https://[::1]/x', 'loopback'],
    ['https://localhost/x', 'loopback'],
    ['https://169.254.169.254/latest/meta-data', 'metadata'],
    ['https://0.0.0.0/x', 'reserved'],
    ['https://224.0.0.1/x', 'reserved'],
    ['https://no-such-host.invalid/x', 'DNS'],
    ['http://localhost/x', 'https'],
    ['https:///x', 'https'],
    ['https://me:hunter2@a.example/x', 'password'],
  ])('%s is a network_error', async (url, word) => {
    const outcome = await get(url, { allow: url.startsWith('http:') ? ['localhost'] : [] });
    expect(outcome).toEqual({ error: { code: 'network_error', message: expect.stringContaining(word) } });
    expect(JSON.stringify(outcome)).not.toContain('hunter2');
  });

  it('does not trust a certificate of nobody', async () => {
    expect(await at('/good', { ca: '' })).toEqual({
      error: { code: 'network_error', message: expect.stringContaining('TLS') },
    });
  });
});
