import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab } from '../support/shop-lab.ts';

describe('with CHANDLERY_CODEC_KEY', () => {
  let shop: ShopLab;

  beforeAll(async () => {
    shop = await openShopLab({ env: { CHANDLERY_CODEC_KEY: randomBytes(32).toString('base64') } });
    await shop.lab.startWorker();
  }, 120_000);

  afterAll(() => shop?.close(), 60_000);

  it('operations run, are read and listed, and the engine stores nothing readable', async () => {
    const id = await shop.api.install(freshNamespace(), 'shop');
    const operation = await shop.api.ended(id);
    expect(operation).toMatchObject({ state: 'succeeded', input: { name: 'shop' }, result: { version: '1.1.0' } });
    const listed = await shop.api.get('/api/v1/operations');
    expect(listed.body.operations[0]).toMatchObject({ id, requester: 'chandlery-admin' });
    const { body } = await shop.api.get(`/api/v1/operations/${id}/history`);
    const { input } = body.events[0].workflowExecutionStartedEventAttributes;
    expect(Buffer.from(input.payloads[0].metadata.encoding, 'base64').toString()).toBe('binary/encrypted');
    expect(Buffer.from(input.payloads[0].data, 'base64').includes('shop')).toBe(false);
  }, 60_000);

  it('a failed operation is read too, and its details are stored encrypted', async () => {
    const id = await shop.api.install(freshNamespace(), 'redis@^99.0.0');
    const operation = await shop.api.ended(id);
    expect(operation).toMatchObject({
      state: 'failed',
      failure: { code: 'version_not_found', details: { template: expect.any(String) } },
    });
  }, 60_000);
});
