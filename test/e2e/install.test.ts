import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { STEPS } from '../../src/domain/operation.ts';
import type { CheckedClient } from '../support/openapi-check.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab, versionsIn } from '../support/shop-lab.ts';

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const DIGEST = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const HOUR_MS = 3_600_000;

let shop: ShopLab;
let api: CheckedClient;

beforeAll(async () => {
  shop = await openShopLab();
  await shop.lab.startWorker();
  api = await shop.checked();
}, 180_000);

afterAll(async () => {
  await shop?.close();
}, 60_000);

/** Installs and answers the ended operation. */
async function install(namespace: string, ref: string, more: Record<string, unknown> = {}) {
  return api.ended(await api.install(namespace, ref, more));
}

const installed = (namespace: string) => versionsIn(api, namespace);

describe('an install with dependencies', () => {
  it('is answered with 202, a Location, and links', async () => {
    const answer = await api.call('POST', '/api/v1/installs', { namespace: freshNamespace(), ref: 'docs' });
    const { operation } = answer.body;
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/api/v1/operations/${operation}`);
    expect(answer.body).toEqual({
      operation: expect.stringMatching(/^install\.local\.ns-[\d-]+\.docs\.[0-9a-f-]{36}$/),
      joined: false,
      links: { operation: `/api/v1/operations/${operation}`, events: `/api/v1/operations/${operation}/events` },
    });
    expect((await api.ended(operation)).state).toBe('succeeded');
  });

  it('gives an operation with every member that it should have', async () => {
    const namespace = freshNamespace();
    const operation = await install(namespace, 'shop@^1.0.0');
    const step = (name: string, detail: unknown) => ({
      name,
      state: 'succeeded',
      attempt: 1,
      maxAttempts: 3,
      startedAt: TIME,
      endedAt: TIME,
      detail,
      attempts: [],
      kept: false,
    });
    const locked = (
      name: string,
      version: string,
      dependencies: string[],
      requiredBy: Array<{ name: string; range: string }>,
    ) => ({
      registry: 'main',
      name,
      version,
      digest: DIGEST,
      size: expect.any(Number),
      dependencies,
      requiredBy,
    });
    const put = (name: string, version: string) => ({ name, version, digest: DIGEST, changed: true });
    expect(operation).toEqual({
      id: operation.id,
      kind: 'install',
      target: `install/local/${namespace}/shop`,
      requester: 'chandlery-admin',
      state: 'succeeded',
      step: 'update-cache',
      percent: 100,
      steps: [
        step('pre-validate', expect.stringContaining('there is no cluster: cluster checks skipped')),
        step('resolve-dependencies', 'main/redis@7.2.0, main/web@1.3.0, main/shop@1.1.0'),
        step('authenticate', 'main: token accepted'),
        step('download', expect.stringMatching(/^3 archives, \d+ bytes, \d+ of them fetched$/)),
        step('scan', '3 scanned, 0 with a verified hash'),
        step('install', 'materialised redis 7.2.0, web 1.3.0, shop 1.1.0'),
        step('update-cache', 'every server was told about redis, web, shop'),
      ],
      input: { namespace, name: 'shop', range: '^1.0.0' },
      result: {
        changed: true,
        installed: [put('redis', '7.2.0'), put('web', '1.3.0'), put('shop', '1.1.0')],
        name: 'shop',
        version: '1.1.0',
        registry: 'main',
        digest: DIGEST,
        lock: {
          root: 'shop',
          templates: [
            locked('redis', '7.2.0', [], [{ name: 'shop', range: '^7.0.0' }]),
            locked('web', '1.3.0', [], [{ name: 'shop', range: '^1.0.0' }]),
            locked('shop', '1.1.0', ['redis', 'web'], []),
          ],
        },
      },
      warnings: [],
      createdAt: TIME,
      endedAt: TIME,
      deadline: new Date(Date.parse(operation.createdAt) + HOUR_MS).toISOString(),
      links: {
        self: `/api/v1/operations/${operation.id}`,
        events: `/api/v1/operations/${operation.id}/events`,
        history: `/api/v1/operations/${operation.id}/history`,
      },
    });
    expect(operation.steps.map(({ name }) => name)).toEqual([...STEPS.install]);
  });

  it('shows what is installed, and who needs it', async () => {
    const namespace = freshNamespace();
    const { id } = await install(namespace, 'shop');
    const { body } = await api.get(`/api/v1/installs?namespace=${namespace}`);
    expect(body.installs.map((entry: { name: string; explicit: boolean }) => [entry.name, entry.explicit])).toEqual([
      ['redis', false],
      ['shop', true],
      ['web', false],
    ]);
    const redis = await api.get(`/api/v1/installs/local.${namespace}.redis`);
    expect(redis.body).toEqual({
      id: `local.${namespace}.redis`,
      namespace,
      name: 'redis',
      registry: 'main',
      version: '7.2.0',
      digest: DIGEST,
      contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      explicit: false,
      dependencies: [],
      dependents: ['shop'],
      trust: { verified: false, note: expect.stringContaining('unsigned') },
      decision: expect.objectContaining({ allowed: true, template: 'redis@7.2.0', registry: 'main' }),
      requester: 'chandlery-admin',
      operation: id,
      installedAt: TIME,
    });
    const root = await api.get(`/api/v1/installs/local.${namespace}.shop`);
    expect(root.body).toMatchObject({
      explicit: true,
      dependents: [],
      dependencies: [
        { name: 'redis', range: '^7.0.0' },
        { name: 'web', range: '^1.0.0' },
      ],
    });
  });

  it('changes nothing the second time, and no archive is fetched again', async () => {
    const namespace = freshNamespace();
    await install(namespace, 'shop');
    const before = shop.registry.count('GET', '/archive');
    const again = await install(namespace, 'shop');
    expect(again).toMatchObject({ state: 'succeeded', result: { changed: false } });
    expect(again.steps.find(({ name }) => name === 'install')?.detail).toBe('already installed, nothing changed');
    expect(shop.registry.count('GET', '/archive')).toBe(before);
  });

  it('replaces another version, and materialises again when forced', async () => {
    const namespace = freshNamespace();
    await install(namespace, 'shop@1.0.0');
    const upgraded = await install(namespace, 'shop@1.1.0');
    expect(upgraded.result).toMatchObject({
      changed: true,
      installed: [
        { name: 'redis', changed: false },
        { name: 'web', changed: false },
        { name: 'shop', version: '1.1.0', changed: true, replaced: '1.0.0' },
      ],
    });
    const forced = await install(namespace, 'shop@1.1.0', { force: true });
    expect(forced.result).toMatchObject({
      changed: true,
      installed: [{ changed: true }, { changed: true }, { name: 'shop', changed: true, replaced: '1.1.0' }],
    });
    expect((await api.get(`/api/v1/installs/local.${namespace}.web`)).body.operation).toBe(forced.id);
    const back = await install(namespace, 'main/shop@~1.0.0');
    expect(back).toMatchObject({ state: 'succeeded', input: { registry: 'main', name: 'shop', range: '~1.0.0' } });
    expect(await installed(namespace)).toEqual({ redis: '7.2.0', shop: '1.0.0', web: '1.3.0' });
  });

  it('makes a dependency explicit when it is asked for by name', async () => {
    const namespace = freshNamespace();
    await install(namespace, 'shop');
    const operation = await install(namespace, 'redis');
    expect(operation.result).toMatchObject({ changed: false });
    expect((await api.get(`/api/v1/installs/local.${namespace}.redis`)).body).toMatchObject({ explicit: true });
  });

  it('means its own template by a bare name that two registries have', async () => {
    const namespace = freshNamespace();
    expect((await install(namespace, 'redis')).result).toMatchObject({ registry: 'local', version: '1.0.0' });
    expect((await install(namespace, 'main/redis')).result).toMatchObject({ registry: 'main', version: '7.2.0' });
    // What is installed comes first.
    expect((await install(namespace, 'redis')).result).toMatchObject({ registry: 'main', changed: false });
  });
});

describe('an uninstall', () => {
  it('is refused while something needs it, then works, and names what nothing needs any more', async () => {
    const namespace = freshNamespace();
    await install(namespace, 'shop');
    await install(namespace, 'docs');
    const refused = await api.ended(await api.uninstall(namespace, 'web'));
    expect(refused).toMatchObject({
      kind: 'uninstall',
      state: 'failed',
      step: 'check-dependents',
      failure: {
        code: 'in_use',
        message: 'web is needed by docs 1.0.0 (needs web ^1.0.0), shop 1.1.0 (needs web ^1.0.0)',
        guidance: 'Remove the dependents named first.',
        details: { dependents: ['docs', 'shop'] },
      },
    });
    expect(refused.steps.map(({ state }) => state)).toEqual(['failed', 'skipped', 'skipped']);
    expect(await installed(namespace)).toHaveProperty('web');

    const shopGone = await api.ended(await api.uninstall(namespace, 'shop'));
    expect(shopGone).toMatchObject({ state: 'succeeded', percent: 100, result: { removed: true, orphaned: ['redis'] } });
    const docsGone = await api.ended(await api.uninstall(namespace, 'docs'));
    expect(docsGone.result).toEqual({ removed: true, orphaned: ['web'] });
    expect((await api.ended(await api.uninstall(namespace, 'web'))).state).toBe('succeeded');
    expect(await installed(namespace)).toEqual({ redis: '7.2.0' });
    expect((await api.call('DELETE', `/api/v1/installs/local.${namespace}.web`)).body).toMatchObject({
      code: 'install_not_found',
    });
  });
});
