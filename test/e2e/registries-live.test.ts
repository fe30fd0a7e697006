import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RegistryServer, startRegistryServer } from '../../src/registry.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import { runCli, startCli } from '../cli/support/run-cli.ts';
import { dumpDatabase, spellingsOf } from '../support/dump-database.ts';
import { HOLDING_WORKER, Holds } from '../support/holds.ts';
import { createRegistryFolder, type RegistryFolder } from '../support/registry-folder.ts';
import { freshNamespace, openShopLab, type ShopLab } from '../support/shop-lab.ts';

/** Registries that come and go while real API and worker processes run. */

const SECRET = 'live-registry-secret-zK8q';
let shop: ShopLab;
let second: ApiClient;
let folder: RegistryFolder;
let upstream: RegistryServer;
let holds: Holds;

beforeAll(async () => {
  folder = await createRegistryFolder([
    { name: 'brig', version: '1.0.0' },
    { name: 'sloop', version: '1.0.0' },
  ]);
  upstream = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'up', templatesDir: folder.dir, token: SECRET });
  shop = await openShopLab({
    env: { CHANDLERY_CODEC_KEY: Buffer.alloc(32, 9).toString('base64'), CHANDLERY_LOG_LEVEL: 'debug' },
  });
  holds = await Holds.create(shop.lab.dir);
  second = (await shop.lab.startApi()).client;
  await shop.lab.startWorker({ script: HOLDING_WORKER, env: holds.env });
}, 120_000);
afterAll(async () => {
  await shop?.close();
  await upstream?.close();
  await folder?.remove();
}, 60_000);

const add = (api: ApiClient, name: string) =>
  api.call('POST', '/api/v1/registries', {
    ...{ name, type: 'community', url: upstream.url },
    credentials: { type: 'token', token: SECRET },
  });

describe('a registry that is added while workers run', () => {
  it('is installed from at once, by every API process, and its secret is nowhere', async () => {
    expect((await add(shop.api, 'late')).status).toBe(201);
    const id = await shop.api.install(freshNamespace(), 'late/brig');
    expect(await shop.api.ended(id)).toMatchObject({ state: 'succeeded', result: { version: '1.0.0' } });
    const other = await second.install(freshNamespace(), 'late/brig');
    expect(await second.ended(other)).toMatchObject({ state: 'succeeded' });
    const told = [
      await dumpDatabase(await shop.database()),
      ...(await Promise.all(['api.log', 'worker.log'].map((file) => readFile(join(shop.lab.dir, file), 'utf8')))),
      JSON.stringify((await shop.api.get(`/api/v1/operations/${id}/history`)).body),
      JSON.stringify((await shop.api.get(`/api/v1/operations/${id}`)).body),
      (await readFile(join(shop.lab.dir, 'data', 'temporal', 'temporal.db'))).toString('latin1'),
    ];
    // A worker in good health has nothing to say.
    expect(told.filter((text) => text.length === 0).length).toBeLessThan(2);
    for (const text of told) for (const spelling of spellingsOf(SECRET)) expect(text.includes(spelling)).toBe(false);
  }, 60_000);

  it('that is removed leaves what is installed, and fails what still needs it in words', async () => {
    expect((await add(second, 'brief')).status).toBe(201);
    const [kept, cut] = [freshNamespace(), freshNamespace()];
    await shop.api.ended(await shop.api.install(kept, 'brief/brig'));
    // One that was never fetched.
    const hold = await holds.hold(cut, 'download', 'before');
    const id = await shop.api.install(cut, 'brief/sloop');
    await hold.reached();
    expect((await shop.api.call('DELETE', '/api/v1/registries/brief')).status).toBe(204);
    await hold.release();
    const ended = await shop.api.ended(id);
    expect(ended).toMatchObject({
      state: 'failed',
      failure: { code: 'registry_not_found', message: expect.stringContaining('brief') },
    });
    const installs = await shop.api.get(`/api/v1/installs?namespace=${kept}`);
    expect(installs.body.installs).toMatchObject([{ name: 'brig', registry: 'brief' }]);
    const late = await shop.api.ended(await second.install(freshNamespace(), 'brief/brig'));
    expect(late).toMatchObject({ failure: { code: 'registry_not_found' } });
  }, 60_000);
});

describe('chandlery registries', () => {
  it('adds, shows, changes and removes one', async () => {
    const env = { CHANDLERY_URL: shop.api.url, CHANDLERY_TOKEN: shop.api.token };
    const adding = startCli(
      ['registries', 'add', 'by-hand', '--type', 'private', '--url', upstream.url, '--token-stdin', '--test'],
      env,
    );
    adding.child.stdin.end(`${SECRET}\n`);
    const added = await adding.ended;
    expect([added.code, added.stderr]).toEqual([0, '']);
    expect(added.stdout).toMatch(/^from +API$/m);
    expect((await runCli(['registries'], env)).stdout).toMatch(/^by-hand +chandlery +private +API /m);
    const changed = await runCli(['registries', 'update', 'by-hand', '--type', 'official'], env);
    expect(changed.stdout).toMatch(/^type +official$/m);
    const wrong = startCli(['registries', 'update', 'by-hand', '--token-stdin', '--test'], env);
    wrong.child.stdin.end('not-the-token');
    const refused = await wrong.ended;
    expect([refused.code, refused.stderr.includes('not-the-token')]).toEqual([7, false]);
    expect((await runCli(['registries', 'remove', 'by-hand', '-y'], env)).code).toBe(0);
    expect((await runCli(['registries', 'show', 'by-hand'], env)).code).toBe(3);
  }, 60_000);
});
