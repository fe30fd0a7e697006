import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { makeCertificate } from '../../src/adapters/secret-maker/certificate.ts';
import { AddedRegistriesLab, REGISTRIES as PATH, UPSTREAM_TOKEN as TOKEN, until } from '../support/added-registries.ts';
import { dumpDatabase, spellingsOf } from '../support/dump-database.ts';

/** Registries managed over the API: a real server and a real registry. */

const lab = new AddedRegistriesLab();
const { servers } = lab;
beforeAll(() => lab.open(), 60_000);
afterEach(() => servers.reset(), 30_000);
afterAll(() => lab.close(), 60_000);

describe('POST /registries', () => {
  it('adds a registry that is searched at once, and never tells its credential again', async () => {
    const server = await servers.start();
    const added = await lab.add(server, {}, '?test=true');
    expect([added.status, added.headers.get('location')]).toEqual([201, '/api/v1/registries/extra']);
    expect(added.headers.get('etag')).toBe(`"${added.body.revision}"`);
    expect(added.body).toMatchObject({ name: 'extra', kind: 'chandlery', origin: 'api', credential: 'token', default: true });
    expect(await lab.found(server, '&registry=extra')).toEqual(['extra/brig', 'extra/sloop']);
    const detail = await server.viewer.get('/api/v1/templates/brig?registry=extra');
    expect(detail.body).toMatchObject({ registry: 'extra', version: '7.0.0' });
    const list = await server.viewer.get(PATH);
    expect(list.body.registries.map(({ name, origin }: Record<string, string>) => [name, origin])).toEqual([
      ['local', 'built-in'],
      ['extra', 'api'],
    ]);
    const told = [JSON.stringify([added.body, list.body, detail.body]), server.logged.join('\n'), await dumpDatabase(servers.db)];
    for (const text of told) for (const spelling of spellingsOf(TOKEN)) expect(text).not.toContain(spelling);
  });

  it('keeps it across a restart', async () => {
    const first = await servers.start();
    await lab.add(first);
    await first.stop();
    const again = await servers.start({ CHANDLERY_DATA_DIR: first.dir });
    expect(await lab.found(again, '&registry=extra')).toEqual(['extra/brig', 'extra/sloop']);
  });

  it.each([
    ['a folder of the server', { kind: 'chandlery', url: 'file:///etc' }, 'body/url', /registries\.yaml/],
    ['a folder of packs', { kind: 'helmdeck', url: 'FILE:///etc' }, 'body/url', /registries\.yaml/],
    ['a module of the server', { kind: 'plugin', module: '/tmp/x.mjs' }, 'body/kind', /registries\.yaml/],
    ['a path of authorities', { ca: '/etc/ssl/ca.pem' }, 'body/ca', /PEM/],
    [
      'authorities that are none',
      { ca: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n' },
      'body/ca',
      /cannot be read/,
    ],
    ['a private key for authorities', { ca: '-----BEGIN PRIVATE KEY-----\n' }, 'body/ca', /private key/],
    [
      'a path of a key',
      { credentials: { type: 'ssh_key', ssh_key: '/root/.ssh/id', known_hosts: 'h ssh-ed25519 AAAA' } },
      'body/credentials/ssh_key',
      /the private key itself/,
    ],
    [
      'a path of hosts',
      { credentials: { type: 'ssh_key', ssh_key: '-----BEGIN OPENSSH PRIVATE KEY-----\n', known_hosts: '/etc/hosts' } },
      'body/credentials/known_hosts',
      /ssh-keyscan/,
    ],
    [
      'a Docker configuration',
      { kind: 'oci', credentials: { type: 'docker_config' } },
      'body/credentials/type',
      /Docker|docker_config/,
    ],
    ['a variable', { credentials: { type: 'token', token: ['a', '{PATH}b'].join('$') } }, 'body/credentials/token', /variable/],
    ['a credential in the address', { url: 'https://user:hunter2-in-url@a.example' }, 'body/url', /credentials/],
    ['a member of another kind', { ref: 'main' }, 'body/ref', /no meaning/],
    ['an unknown member', { tocken: 'x' }, 'body/tocken', /not known/],
    ['a name that is none', { name: 'A b' }, 'body/name', /lower-case/],
    ['half a credential', { credentials: { type: 'basic', username: 'u' } }, 'body/credentials/password', /missing/],
  ])('refuses %s, in words and without the value', async (_what, more, path, words) => {
    const server = await servers.start();
    const { status, body } = await lab.add(server, more);
    expect([status, body.code]).toEqual([400, 'invalid_request']);
    expect(body.errors).toContainEqual({ path, message: expect.stringMatching(words) });
    expect(JSON.stringify(body)).not.toContain('hunter2');
    expect(await lab.names(server)).toEqual(['local']);
  });

  it('tests first when asked to, and adds nothing when that fails', async () => {
    const server = await servers.start();
    const refused = await lab.add(server, { credentials: { type: 'token', token: 'not-this-one' } }, '?test=true');
    expect([refused.status, refused.body.code]).toEqual([422, 'registry_test_failed']);
    expect(refused.body).toMatchObject({
      errors: [{ path: 'test', message: 'unauthorized' }],
      registryError: { registry: 'extra' },
    });
    expect(refused.body.detail).toMatch(/credential/);
    expect(await lab.names(server)).toEqual(['local']);
    expect(server.logged.join('\n')).not.toContain('not-this-one');
  });

  it('refuses a name that is there, and one of the server’s own configuration', async () => {
    const server = await servers.start({}, `registries: [{name: mine, type: private, url: "${lab.url}"}]`);
    await lab.add(server);
    expect((await lab.add(server)).body).toMatchObject({ status: 409, code: 'registry_exists' });
    expect((await lab.add(server, { name: 'mine' })).body).toMatchObject({ status: 409, code: 'registry_from_file' });
    expect((await lab.add(server, { name: 'local' })).body).toMatchObject({ status: 409, code: 'registry_from_file' });
    expect((await server.admin.call('PATCH', `${PATH}/mine`, { type: 'official' })).body.code).toBe('registry_from_file');
    expect((await server.admin.call('DELETE', `${PATH}/mine`)).body.code).toBe('registry_from_file');
  });

  it('reaches a server by the authorities that were sent along', async () => {
    const { certificate, key } = await makeCertificate({ cluster: 'local', namespace: 'n', name: 'registry' });
    const { createServer: createTlsServer } = await import('node:https');
    const tls = createTlsServer({ cert: certificate, key }, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ templates: [], total: 0 }));
    });
    const url = `https://localhost:${await listen(tls)}`;
    const server = await servers.start();
    const plain = { url, credentials: undefined };
    expect((await lab.add(server, plain, '?test=true')).body.errors).toEqual([{ path: 'test', message: 'tls' }]);
    expect((await lab.add(server, { ...plain, ca: certificate }, '?test=true')).status).toBe(201);
    expect((await server.admin.call('POST', `${PATH}/extra/test`)).body).toMatchObject({ outcome: 'ok' });
    // Without them again: the connections of before are given up.
    await server.admin.call('PATCH', `${PATH}/extra`, { ca: null });
    expect((await server.admin.call('POST', `${PATH}/extra/test`)).body).toMatchObject({ outcome: 'tls' });
    tls.close();
  });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return (server.address() as AddressInfo).port;
}

describe('PATCH /registries/{name}', () => {
  it('changes what is given, keeps the rest with its credential, and only the state that was seen', async () => {
    const server = await servers.start();
    const { headers } = await lab.add(server);
    const tag = headers.get('etag') ?? '';
    const changed = await server.admin.call('PATCH', `${PATH}/extra`, { type: 'official' }, { 'if-match': tag });
    expect(changed).toMatchObject({ status: 200, body: { type: 'official', credential: 'token' } });
    const late = await server.admin.call('PATCH', `${PATH}/extra`, { type: 'private' }, { 'if-match': tag });
    expect([late.status, late.body.code]).toEqual([412, 'registry_changed']);
    expect((await server.admin.call('DELETE', `${PATH}/extra`, undefined, { 'if-match': tag })).status).toBe(412);
    const read = await server.admin.get(`${PATH}/extra`);
    expect([read.headers.get('etag'), read.headers.get('cache-control')]).toEqual([changed.headers.get('etag'), 'no-store']);
    expect(await lab.found(server, '&registry=extra&registryType=official')).toHaveLength(2);
  });

  it('never takes a credential that is kept to another server', async () => {
    const seen: string[] = [];
    const stranger = createServer((request, response) => {
      seen.push(String(request.headers.authorization));
      response.writeHead(404).end();
    });
    const url = `http://localhost:${await listen(stranger)}`;
    const server = await servers.start();
    await lab.add(server);
    const kept = await server.admin.call('PATCH', `${PATH}/extra?test=true`, { url });
    expect(kept.body).toMatchObject({ status: 400, errors: [{ path: 'body/credentials' }] });
    expect((await server.admin.call('PATCH', `${PATH}/extra`, { url, credentials: null })).body).toMatchObject({
      credential: 'none',
      url,
    });
    await server.admin.call('POST', `${PATH}/extra/test`);
    stranger.close();
    expect([...new Set(seen)]).toEqual(['undefined']);
    // Nor does a row that somebody has edited by hand.
    await server.admin.call('PATCH', `${PATH}/extra`, { url: lab.url, credentials: { type: 'token', token: TOKEN } });
    await servers.db.query(
      `update registries set entry = jsonb_set(entry, '{url}', '"${url}"'), revision = nextval('registry_revisions')`,
    );
    await servers.db.query(`select pg_notify('chandlery_changes', '{"type":"registries.changed","name":"extra"}')`);
    await until(async () => (await server.admin.get(`${PATH}/extra`)).body.status === 'disabled');
    expect((await server.admin.get(`${PATH}/extra`)).body).toMatchObject({
      origin: 'api',
      message: expect.stringMatching(/another address/),
    });
  });

  it('moves the default among those that were added', async () => {
    const server = await servers.start();
    await lab.add(server, { name: 'one' });
    await lab.add(server, { name: 'two' });
    const defaults = async () =>
      (await server.admin.get(PATH)).body.registries.flatMap((one: { default: boolean; name: string }) =>
        one.default ? [one.name] : [],
      );
    expect(await defaults()).toEqual(['one']);
    await server.admin.call('PATCH', `${PATH}/two`, { default: true });
    expect(await defaults()).toEqual(['two']);
    expect((await server.admin.get('/api/v1/templates/brig')).body.registry).toBe('two');
    await server.admin.call('PATCH', `${PATH}/one`, { default: true });
    expect(await defaults()).toEqual(['one']);
  });

  it('leaves the default to the file where that marks one', async () => {
    const server = await servers.start({}, `registries: [{name: mine, type: private, default: true, url: "${lab.url}"}]`);
    expect((await lab.add(server, { default: true })).body).toMatchObject({
      code: 'registry_from_file',
      detail: expect.stringContaining('mine'),
    });
    await lab.add(server, { type: 'official' });
    expect((await server.admin.get(`${PATH}/mine`)).body.default).toBe(true);
  });

  it('takes an official one that was added before an unmarked private one of the file', async () => {
    const server = await servers.start({}, `registries: [{name: mine, type: private, url: "${lab.url}"}]`);
    expect((await server.admin.get(`${PATH}/mine`)).body.default).toBe(true);
    await lab.add(server, { type: 'official' });
    expect((await server.admin.get(`${PATH}/extra`)).body.default).toBe(true);
  });
});

describe('DELETE /registries/{name}', () => {
  it('removes it with its listing, and the name can be used again', async () => {
    const server = await servers.start();
    const { body } = await lab.add(server, { name: 'gone' });
    expect(await lab.found(server)).toContain('gone/brig');
    expect((await server.admin.call('DELETE', `${PATH}/gone`)).status).toBe(204);
    expect(await lab.names(server)).toEqual(['local']);
    expect((await server.admin.get('/api/v1/search?registry=gone')).body.code).toBe('registry_not_found');
    const { rows } = await servers.db.query("select * from catalog_listings where registry = 'gone'");
    expect(rows).toEqual([]);
    expect((await server.admin.call('DELETE', `${PATH}/gone`)).body.code).toBe('registry_not_found');
    expect((await lab.add(server, { name: 'gone' })).body.revision).not.toBe(body.revision);
  });
});

describe('who changed what', () => {
  it('is written down, allowed and denied, without a secret', async () => {
    const server = await servers.start();
    await servers.db.query('alter table audit disable trigger audit_append_only');
    await servers.db.query('delete from audit');
    expect((await server.viewer.call('POST', PATH, lab.entry())).status).toBe(403);
    expect((await server.viewer.call('PATCH', `${PATH}/extra`, { type: 'official' })).status).toBe(403);
    expect((await server.viewer.call('DELETE', `${PATH}/extra`)).status).toBe(403);
    await lab.add(server);
    await lab.add(server);
    await server.admin.call('PATCH', `${PATH}/extra`, { credentials: { type: 'basic', username: 'u', password: 'p-secret-p' } });
    await server.admin.call('DELETE', `${PATH}/extra`);
    const { rows } = await servers.db.query(
      "select actor, action, object, outcome, code, detail from audit where action like '%-registry' order by id",
    );
    expect(rows.map(({ actor, action, outcome, code }) => [actor, action, outcome, code])).toEqual([
      ['vic', 'create-registry', 'denied', 'forbidden'],
      ['vic', 'change-registry', 'denied', 'forbidden'],
      ['vic', 'remove-registry', 'denied', 'forbidden'],
      ['chandlery-admin', 'create-registry', 'allowed', null],
      ['chandlery-admin', 'create-registry', 'denied', 'registry_exists'],
      ['chandlery-admin', 'change-registry', 'allowed', null],
      ['chandlery-admin', 'remove-registry', 'allowed', null],
    ]);
    expect(rows[3]).toMatchObject({ object: 'registry/extra', detail: { kind: 'chandlery', url: lab.url, credential: 'token' } });
    expect(rows[5].detail).toMatchObject({ credential: 'basic', changed: ['credentials'] });
    expect(JSON.stringify(rows)).not.toMatch(new RegExp(`${TOKEN}|p-secret-p`));
  });
});
