import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { KindLab } from '../../support/registry-kinds.ts';
import { type Authority, makeAuthority } from '../../support/tls/authority.ts';

/**
 * Where a registry may have its credential sent. The token protocol lets it name any server for that: Docker Hub does, and whoever runs
 * the registry gets the credential anyway. What it may not do is have it sent in the clear, or by way of somebody it redirected to.
 */
const PASSWORD = 'harbour-pass-77';
const credentials = { type: 'basic', username: 'robot', password: PASSWORD };
const BASIC = `Basic ${Buffer.from(`robot:${PASSWORD}`).toString('base64')}`;
const lab = new KindLab();
let authority: Authority;
let ca: { pem: string; file: string };

beforeAll(async () => {
  authority = await makeAuthority('Harbour');
  ca = { pem: authority.ca, file: join(lab.dir, 'ca.pem') };
  writeFileSync(ca.file, ca.pem);
});
afterEach(() => lab.clear());
afterAll(() => lab.close());

const secure = async () => ({ chain: await authority.issue(), host: 'localhost' });
const tokens = async (options = {}) =>
  lab.serve(
    (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"token":"short-lived"}'),
    options,
  );
/** A registry that wants a token of this realm. */
const registry = async (realm: () => string, options = {}) =>
  lab.serve((request, response) => {
    if (request.headers.authorization === 'Bearer short-lived')
      return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"repositories":[]}');
    response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm()}",service="x"` }).end();
  }, options);
const connect = (url: string) => lab.open('oci', url, { ca, entry: { credentials } }).connect();

describe('the realm that a registry names', () => {
  it('is given the credential on another host, over TLS, and the registry itself the token only', async () => {
    const realm = await tokens(await secure());
    const harbour = await registry(() => `${realm.url}/token`, await secure());
    await expect(connect(harbour.url)).resolves.toEqual({ credential: 'basic' });
    expect(new Set(realm.asked.map(({ authorization }) => authorization))).toEqual(new Set([BASIC]));
    expect(harbour.asked.map(({ authorization }) => authorization)).not.toContain(BASIC);
  });

  it('is not asked over plain http by a registry that is reached over TLS', async () => {
    const realm = await tokens();
    const harbour = await registry(() => `${realm.url}/token`, await secure());
    await expect(connect(harbour.url)).toFailWith('outbound_denied');
    expect(realm.asked).toEqual([]);
  });

  it.each(['file:///etc/passwd', 'https://169.254.169.254/token', 'ftp://a.example/token'])('is not %s', async (realm) => {
    const harbour = await registry(() => realm, await secure());
    await expect(connect(harbour.url)).toFailWith('outbound_denied');
  });

  it('loses the credential where it redirects to another host', async () => {
    const thief = await tokens(await secure());
    const realm = await lab.serve(
      (_request, response) => response.writeHead(307, { location: `${thief.url}/token` }).end(),
      await secure(),
    );
    const harbour = await registry(() => `${realm.url}/token`, await secure());
    await connect(harbour.url).catch(() => undefined);
    expect(realm.asked.map(({ authorization }) => authorization)).toContain(BASIC);
    expect(new Set(thief.asked.map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
  });

  it('with user information in it is given the configured credential, not that', async () => {
    const realm = await tokens(await secure());
    const harbour = await registry(() => `${realm.url.replace('://', '://evil:word@')}/token`, await secure());
    await connect(harbour.url);
    expect(new Set(realm.asked.map(({ authorization }) => authorization))).toEqual(new Set([BASIC]));
  });
});

describe('a host that a registry redirects to', () => {
  it('may not ask for a credential of its own choice of realm', async () => {
    const realm = await tokens(await secure());
    const elsewhere = await registry(() => `${realm.url}/token`, await secure());
    const harbour = await lab.serve(
      (request, response) => response.writeHead(307, { location: `${elsewhere.url}${request.url}` }).end(),
      await secure(),
    );
    await expect(connect(harbour.url)).toFailWith('authentication');
    expect(realm.asked).toEqual([]);
    expect(new Set(elsewhere.asked.map(({ authorization }) => authorization))).toEqual(new Set([undefined]));
  });
});
