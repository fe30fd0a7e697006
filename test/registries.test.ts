import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { makeCertificate } from '../src/adapters/secret-maker/certificate.ts';
import { createStore, type PostgresStore } from '../src/adapters/store/index.ts';
import { type Catalog, createCatalog } from '../src/catalog/index.ts';
import { readConfig } from '../src/config.ts';
import { createLogger } from '../src/logger.ts';
import { openRegistries, type Registries } from '../src/registries.ts';
import { startEmbedded, type TestServer } from './support/postgres.ts';

/** Registries as a server opens them from its files: transports, scopes, and what a test of the connection tells. */

let dir: string;
let postgres: TestServer;
let store: PostgresStore;
const servers: Server[] = [];
const opened: Registries[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-registries-'));
  postgres = await startEmbedded();
  store = createStore({ url: postgres.url, onIdleError: () => undefined });
  await store.migrate();
}, 60_000);
afterAll(async () => {
  await store?.close();
  await postgres?.close();
  await rm(dir, { recursive: true, force: true });
}, 60_000);
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  for (const registries of opened.splice(0)) await registries.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return (server.address() as AddressInfo).port;
}

/** A server's registries from the lines of a file; `env` on top of development. */
async function open(lines: string, env: Record<string, string> = {}): Promise<{ registries: Registries; catalog: Catalog }> {
  const file = join(dir, 'registries.yaml');
  await writeFile(file, `registries:\n${lines}`);
  const config = readConfig({
    CHANDLERY_ENV: 'development',
    CHANDLERY_DATA_DIR: dir,
    CHANDLERY_REGISTRIES: file,
    CHANDLERY_LOG_LEVEL: 'silent',
    ...env,
  });
  const log = createLogger('silent');
  const registries = openRegistries(config, log);
  opened.push(registries);
  return {
    registries,
    catalog: createCatalog({
      set: registries.set,
      registries: await registries.catalog(),
      problems: registries.problems(),
      store: store.catalog,
      log,
      limits: { testMs: 3_000 },
    }),
  };
}

const entry = (url: string, more = '') => `  - {name: a, type: community, url: "${url}"${more}}\n`;
const PAGE = JSON.stringify({ templates: [], total: 0 });
const answer =
  (status: number, body = PAGE, type = 'application/json'): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': type }).end(body);

describe('the test of a connection', () => {
  it.each([
    ['a registry', answer(200), 'ok'],
    ['a credential that is not accepted', answer(401), 'unauthorized'],
    ['a right that is missing', answer(403), 'forbidden'],
    ['a path with nothing there', answer(404, 'nothing', 'text/plain'), 'not_found'],
    ['a web site', answer(200, '<html>', 'text/html'), 'not_a_registry'],
    ['JSON of something else', answer(200, '{"a":1}'), 'not_a_registry'],
    ['a registry in trouble', answer(503), 'unavailable'],
    ['a registry that limits the rate', answer(429), 'rate_limit'],
    ['a registry that never answers', () => undefined, 'timeout'],
  ])('tells %s', async (_what, handler, outcome) => {
    const port = await listen(createServer(handler as RequestListener));
    const { catalog } = await open(entry(`http://localhost:${port}`));
    const tested = await catalog.test('a');
    expect(tested).toMatchObject({ registry: 'a', outcome, ok: outcome === 'ok' });
    expect(tested.message).not.toBe('');
  });

  it('tells a name that does not exist, a closed port, and an address that may not be called', async () => {
    const port = await listen(createTcpServer());
    servers.splice(0)[0]?.close();
    const outcome = async (url: string, env = {}) => (await (await open(entry(url), env)).catalog.test('a')).outcome;
    expect(['dns', 'timeout']).toContain(await outcome('https://no-such-host.invalid'));
    expect(await outcome(`http://localhost:${port}`)).toBe('refused');
    expect(await outcome(`http://localhost:${port}`, { CHANDLERY_ENV: 'production' })).toBe('denied');
    expect(await outcome('http://10.0.0.1', { CHANDLERY_ENV: 'production' })).toBe('denied');
  });

  it('tells a certificate of an unknown authority, and accepts it when that is named, with its end', async () => {
    const { certificate, key } = await makeCertificate({ cluster: 'local', namespace: 'n', name: 'registry' });
    const port = await listen(createTlsServer({ cert: certificate, key }, answer(200)));
    await writeFile(join(dir, 'ca.pem'), certificate);
    const unknown = await open(entry(`https://localhost:${port}`));
    await expect(unknown.catalog.test('a')).resolves.toMatchObject({ outcome: 'tls' });
    const known = await open(entry(`https://localhost:${port}`, ', ca: ca.pem'));
    const tested = await known.catalog.test('a');
    expect(tested).toMatchObject({ outcome: 'ok', credential: 'none' });
    expect(tested.certificate?.days).toBeGreaterThan(3_600);
    await expect(known.catalog.health('a')).resolves.toMatchObject({ certificate: tested.certificate });
  });
});

describe('the file of an environment', () => {
  const list = (name: string) => `registries:\n  - {name: ${name}, type: private, url: "https://${name}.example"}\n`;

  it('is taken instead of the common one, and only in its environment', async () => {
    const folder = await mkdtemp(join(dir, 'environments-'));
    const file = join(folder, 'registries.yaml');
    await writeFile(file, list('common'));
    await writeFile(join(folder, 'registries.staging.yaml'), list('staging'));
    const names = (CHANDLERY_ENV: string, named = file) =>
      readConfig({ CHANDLERY_ENV, CHANDLERY_REGISTRIES: named }).registries.registries.map(({ name }) => name);
    expect(names('production')).toEqual(['common']);
    expect(names('development')).toEqual(['common']);
    expect(names('staging')).toEqual(['staging']);
    await rm(file);
    expect(names('staging')).toEqual(['staging']);
    expect(readConfig({ CHANDLERY_REGISTRIES: file }).registries.problems).toMatchObject([
      { message: expect.stringMatching(/neither .*registries\.yaml nor .*registries\.production\.yaml exists/) },
    ]);
  });

  it('may be called anything', async () => {
    const folder = await mkdtemp(join(dir, 'environments-'));
    await writeFile(join(folder, 'list.production.yml'), list('production'));
    const { registries } = readConfig({ CHANDLERY_REGISTRIES: join(folder, 'list.yml') }).registries;
    expect(registries.map(({ name }) => name)).toEqual(['production']);
  });
});

describe('a registry of the configuration', () => {
  it('cannot be used when its authorities cannot be read, and is told so', async () => {
    await writeFile(join(dir, 'no.pem'), 'not a certificate');
    const { registries, catalog } = await open(
      `${entry('https://a.example', ', ca: none.pem')}  - {name: b, type: private, url: "https://b.example", ca: no.pem}\n`,
    );
    expect(registries.set.all.map(({ name }) => name)).toEqual(['local']);
    const views = await catalog.registries();
    expect(views).toContainEqual(
      expect.objectContaining({ name: 'a', status: 'disabled', message: expect.stringContaining('ENOENT') }),
    );
    expect(views).toContainEqual(expect.objectContaining({ name: 'b', message: expect.stringContaining('PEM') }));
    await expect(() => registries.set.get('a')).toFailWith('registry_not_found');
    await expect(catalog.registry('a')).resolves.toMatchObject({ status: 'disabled' });
  });

  it('may be called over plain http only where that is allowed, and its host alone', async () => {
    const port = await listen(createServer(answer(200)));
    const env = { CHANDLERY_ENV: 'production', CHANDLERY_OUTBOUND_ALLOW: '' };
    const { catalog } = await open(entry(`http://localhost:${port}`, ', allowHttp: true'), env);
    const tested = await catalog.test('a');
    // Plain http is not what stands in the way any more; loopback still is.
    expect(tested).toMatchObject({ outcome: 'denied', message: expect.stringContaining('loopback') });
  });

  it('has a scope of its own for each credential, and never shows one', async () => {
    const scopes: string[] = [];
    for (const token of ['one', 'two', 'two']) {
      const { registries, catalog } = await open(entry('https://a.example', ', credentials: {type: token, token: "${T}"}'), {
        T: token,
      });
      scopes.push((await registries.catalog())[1]?.scope ?? '');
      await expect(catalog.registry('a')).resolves.toMatchObject({ credential: 'token' });
      expect(JSON.stringify(await catalog.registries())).not.toContain(`"${token}"`);
    }
    expect(scopes[1]).toBe(scopes[2]);
    expect(scopes[0]).not.toBe(scopes[1]);
    for (const scope of scopes) expect(scope).toMatch(/^[0-9a-f]{32}$/);
  });
});
