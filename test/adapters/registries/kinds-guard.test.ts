import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { classifyAddress } from '../../../src/adapters/http/address-policy.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { HTTP_KINDS, KindLab, REMOTE_KINDS } from '../../support/registry-kinds.ts';
import { type Authority, makeAuthority } from '../../support/tls/authority.ts';

/** What the outbound guard promises, held against every kind of registry: none may have a way around it. */

const TOKEN = 'tok-5e1c9a7f';
const credentials = { type: 'token', token: TOKEN };
const lab = new KindLab();
let authority: Authority;
let stranger: Authority;
let ca: { pem: string; file: string };

beforeAll(async () => {
  authority = await makeAuthority('Known');
  stranger = await makeAuthority('Stranger');
  ca = { pem: authority.ca, file: join(lab.dir, 'ca.pem') };
  writeFileSync(ca.file, ca.pem);
});
afterEach(() => lab.clear());
afterAll(() => lab.close());

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => (error instanceof ChandleryError ? error : new Error(`no ChandleryError: ${error}`)),
  ) as Promise<ChandleryError | undefined>;
const production = { development: false };

describe.each(REMOTE_KINDS)('a registry of kind %s', (kind) => {
  it.each([
    'localhost',
    '2130706433',
    '0177.0.0.1',
    '0x7f000001',
    '0x7f.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '0',
    '[::ffff:169.254.169.254]',
    '2852039166',
  ])('is not called at https://%s', async (host) => {
    const plugin = lab.open(kind, `https://${host}/x`, { policy: production });
    await expect(plugin.connect()).toFailWith('outbound_denied');
  });

  it('is not called over plain http where that is not allowed for it', async () => {
    const failure = await failureOf(lab.open(kind, 'http://10.255.255.1/x', { policy: production }).connect());
    expect([failure?.code, failure?.message]).toEqual(['outbound_denied', expect.stringContaining('plain http')]);
  });

  it('is not called at a name that resolves to 127.0.0.1', async () => {
    const server = await lab.serve((_request, response) => response.end('{}'));
    const url = server.url.replace('127.0.0.1', 'localhost');
    await expect(lab.open(kind, url, { policy: production, entry: { allowHttp: true } }).connect()).toFailWith('outbound_denied');
    expect(server.asked).toEqual([]);
  });

  it('is not followed from a public to a private address', async () => {
    const inner = await lab.serve((_request, response) => response.end('{}'));
    const outer = await lab.serve(
      (request, response) => response.writeHead(302, { location: `${inner.url}${request.url}` }).end(),
      { host: '127.0.0.2' },
    );
    // Both are allowed, so that only the redirect itself can be what is refused.
    const classify = (address: string) => (address === '127.0.0.2' ? 'public' : classifyAddress(address));
    const plugin = lab.open(kind, outer.url, { policy: { ...production, allow: ['127.0.0.0/8'], classify } });
    expect((await failureOf(plugin.connect()))?.code).toBe(kind === 'git' ? 'registry_invalid' : 'outbound_denied');
    expect(outer.asked).toHaveLength(1);
    expect(inner.asked).toEqual([]);
  });

  it('loses its credential on the way to another origin, and takes none from there', async () => {
    const other = await lab.serve((_request, response) => response.writeHead(403).end());
    const first = await lab.serve((request, response) => {
      const location = `${other.url.replace('http://', 'http://user:secret@')}${request.url}`;
      response.writeHead(307, { location }).end();
    });
    const failure = await failureOf(lab.open(kind, first.url, { entry: { credentials } }).connect());
    expect(failure?.code).toBe(kind === 'git' ? 'registry_invalid' : 'authorization');
    expect(first.asked.map(({ authorization }) => authorization?.split(' ')[0])).toEqual([kind === 'git' ? 'Basic' : 'Bearer']);
    expect(other.asked.map(({ authorization }) => authorization)).toEqual(kind === 'git' ? [] : [undefined]);
    expect(JSON.stringify([String(failure), failure])).not.toContain(TOKEN);
  });

  it.each([
    ['has expired', () => authority.issue(-1), /expired|certificate cannot be verified/],
    ['is of another authority', () => stranger.issue(), /TLS|certificate/],
  ])('is not spoken to when its certificate %s', async (_what, issue, message) => {
    const server = await lab.serve((_request, response) => response.end('{}'), { chain: await issue(), host: 'localhost' });
    const failure = await failureOf(lab.open(kind, server.url, { ca, entry: { credentials } }).connect());
    expect(failure?.code).toBe('registry_unavailable');
    expect(failure?.message).toMatch(message);
    expect(server.asked).toEqual([]);
  });

  it('is told to limit the rate, with how long to wait', async () => {
    const server = await lab.serve((_request, response) => response.writeHead(429, { 'retry-after': '30' }).end());
    const failure = await failureOf(lab.open(kind, server.url).connect());
    expect(failure?.code).toBe('rate_limit');
    // git does not say what the header was.
    expect(failure?.details.retryAfterMs).toBe(kind === 'git' ? undefined : 30_000);
    expect(server.asked).toHaveLength(1);
  });
});

describe.each(HTTP_KINDS)('over http, a registry of kind %s', (kind) => {
  it('that answers without end is cut off', async () => {
    const server = await lab.serve((_request, response) => {
      response.writeHead(200, { 'content-type': kind === 'chandlery' ? 'application/json' : 'text/plain' });
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    await expect(lab.open(kind, server.url).connect()).toFailWith('too_large');
  }, 30_000);
});
