import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type pg from 'pg';
import type { Engine } from '../../src/client/engine.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab, TASK_QUEUE } from '../support/shop-lab.ts';

const SWEPT_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 200;

let shop: ShopLab;
let db: pg.Client;
let engine: Engine;

beforeAll(async () => {
  shop = await openShopLab();
  await shop.lab.startWorker();
  db = await shop.database();
  engine = shop.temporal();
}, 180_000);

afterAll(async () => {
  await shop?.close();
}, 60_000);

const archives = async () => (await db.query('select digest, unused_since from blobs')).rows;

async function swept(until: () => Promise<boolean>): Promise<void> {
  const late = Date.now() + SWEPT_WITHIN_MS;
  await engine.client.schedule.getHandle(`chandlery/${TASK_QUEUE}/sweep-store`).trigger();
  while (!(await until())) {
    if (Date.now() > late) throw new Error(`not swept after ${SWEPT_WITHIN_MS} ms: ${JSON.stringify(await archives())}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

it('removes by its Schedule what was uninstalled a week ago, and it can be installed again', async () => {
  const namespace = freshNamespace();
  const install = async () => {
    const { state } = await shop.api.ended(await shop.api.install(namespace, 'web'));
    expect(state).toBe('succeeded');
  };
  await install();
  const before = await archives();
  expect(before.length).toBeGreaterThan(0);
  await shop.api.ended(await shop.api.uninstall(namespace, 'web'));
  await swept(async () => (await archives()).every((archive) => archive.unused_since !== null));
  await db.query("update blobs set unused_since = now() - interval '8 days'");
  await swept(async () => (await archives()).length === 0);
  await install();
  expect((await archives()).map(({ digest }) => digest).sort()).toEqual(before.map(({ digest }) => digest).sort());
}, 240_000);
