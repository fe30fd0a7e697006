import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Lock } from '../../src/domain/lock.ts';
import { lockFileOf } from '../../src/domain/lock-file.ts';
import type { CheckedClient } from '../support/openapi-check.ts';
import { freshNamespace, openShopLab, SHOP, type ShopLab, versionsIn } from '../support/shop-lab.ts';

let shop: ShopLab;
let api: CheckedClient;

beforeAll(async () => {
  shop = await openShopLab({ templates: [...SHOP, { name: 'web', version: '1.4.0-rc.1' }] });
  await shop.lab.startWorker();
  api = await shop.checked();
}, 180_000);

afterAll(async () => {
  await shop?.close();
}, 60_000);

async function install(namespace: string, ref: string, more: Record<string, unknown> = {}) {
  return api.ended(await api.install(namespace, ref, more));
}

const installed = (namespace: string) => versionsIn(api, namespace);

describe('an install of what is locked', () => {
  it('puts the very same into another namespace, though there is newer', async () => {
    const namespace = freshNamespace();
    await install(namespace, 'main/redis@7.0.0');
    await install(namespace, 'web@1.0.0');
    const first = await install(namespace, 'shop@1.0.0');
    const lock = lockFileOf((first.result as { lock: Lock }).lock);
    const elsewhere = freshNamespace();
    const again = await install(elsewhere, 'shop', { lock });
    expect(again).toMatchObject({ state: 'succeeded', warnings: [] });
    expect(lockFileOf((again.result as { lock: Lock }).lock)).toEqual(lock);
    expect(await installed(elsewhere)).toEqual({ redis: '7.0.0', web: '1.0.0', shop: '1.0.0' });
  });

  it('fails where it does not fit any more, and installs nothing', async () => {
    const namespace = freshNamespace();
    const { result } = await install(namespace, 'shop@1.0.0');
    const lock = lockFileOf((result as { lock: Lock }).lock);
    const elsewhere = freshNamespace();
    const ended = await install(elsewhere, 'shop@1.1.0', { lock });
    expect(ended).toMatchObject({
      state: 'failed',
      step: 'resolve-dependencies',
      failure: {
        code: 'lock_stale',
        message: 'The lock does not fit any more: shop 1.1.0 was asked for, and the lock has 1.0.0',
      },
    });
    expect(await installed(elsewhere)).toEqual({});
  });

  it('is refused where it leaves nothing to choose', async () => {
    const { result } = await install(freshNamespace(), 'shop@1.0.0');
    const lock = lockFileOf((result as { lock: Lock }).lock);
    const body = { namespace: freshNamespace(), ref: 'shop', lock, updateOnly: ['redis'] };
    expect(await api.call('POST', '/api/v1/installs', body)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

describe('an update of one dependency', () => {
  it('moves it alone, and says so', async () => {
    const namespace = freshNamespace();
    await install(namespace, 'main/redis@7.0.0');
    await install(namespace, 'web@1.0.0');
    await install(namespace, 'shop@1.0.0');
    const ended = await install(namespace, 'shop', { updateOnly: ['redis'] });
    expect(ended).toMatchObject({ state: 'succeeded', warnings: ['redis moves from 7.0.0 to 7.2.0'] });
    expect(await installed(namespace)).toEqual({ redis: '7.2.0', web: '1.0.0', shop: '1.0.0' });
  });

  it('fails for what is not installed, or not needed', async () => {
    const namespace = freshNamespace();
    await install(namespace, 'docs');
    expect(await install(namespace, 'shop', { updateOnly: ['web'] })).toMatchObject({
      failure: { code: 'install_not_found', message: `shop is not installed in namespace ${namespace}` },
    });
    await install(namespace, 'main/redis');
    expect(await install(namespace, 'docs', { updateOnly: ['redis'] })).toMatchObject({
      failure: { code: 'invalid_request', message: 'docs does not need redis' },
    });
  });
});

describe('an install with pre-releases', () => {
  it('takes one only if it is asked for', async () => {
    const namespace = freshNamespace();
    expect((await install(namespace, 'web@^1.0.0')).result).toMatchObject({ version: '1.3.0' });
    expect((await install(namespace, 'web@^1.0.0', { prerelease: true })).result).toMatchObject({ version: '1.4.0-rc.1' });
  });
});
