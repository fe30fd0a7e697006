import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { STEPS } from '../../src/domain/operation.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import type { Child } from '../../tools/lab/child.ts';
import type { TemplateFixture } from '../support/registry-folder.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab } from '../support/shop-lab.ts';

const KILLABLE = 'test/support/processes/killable-worker.js';
const MOMENTS = ['before', 'between', 'after'] as const;
/** A killed worker's step is back within this long of a new worker, milliseconds. */
const BACK_WITHIN_MS = 30_000;

/** Templates of one lane, so that lanes share no content. */
function templatesOf(lane: string): TemplateFixture[] {
  const needs = ['redis', 'web'].map((name) => ({ name: `${name}-${lane}`, version: '^1.0.0' }));
  return [
    { name: `shop-${lane}`, version: '1.0.0', dependencies: needs },
    { name: `redis-${lane}`, version: '1.0.0' },
    { name: `web-${lane}`, version: '1.0.0' },
  ];
}

describe('a worker killed with SIGKILL at every step of one install', () => {
  let shop: ShopLab;
  let db: pg.Client;

  beforeAll(async () => {
    shop = await openShopLab({ templates: MOMENTS.flatMap(templatesOf) });
    db = await shop.database();
  }, 180_000);

  afterAll(async () => {
    await shop?.close();
  }, 60_000);

  it.concurrent.each(MOMENTS)(
    '%s its effect: the operation completes and each effect happens once',
    async (moment) => {
      const queue = { CHANDLERY_TASK_QUEUE: `lane-${moment}` };
      const { client } = await shop.lab.startApi({ env: queue });
      const killDir = join(shop.lab.dir, `killed-${moment}`);
      await mkdir(killDir);
      const startKillable = () =>
        shop.lab.startWorker({ script: KILLABLE, env: { ...queue, KILL_MOMENT: moment, KILL_DIR: killDir } });
      const namespace = freshNamespace();
      let worker = await startKillable();
      const id = await client.install(namespace, `shop-${moment}`);
      for (const _step of STEPS.install) {
        await expectKilled(worker, client, id);
        worker = await startKillable();
      }
      const operation = await client.ended(id, BACK_WITHIN_MS);
      await worker.stop();

      expect(operation.state).toBe('succeeded');
      expect((await readdir(killDir)).sort()).toEqual([...STEPS.install].sort());
      for (const step of operation.steps)
        expect(step).toMatchObject({ state: 'succeeded', attempt: 2, attempts: [{ attempt: 1, outcome: 'worker_lost' }] });
      await expectEffectsOnce(namespace, id, moment);
    },
    180_000,
  );

  async function expectKilled(worker: Child, client: ApiClient, id: string): Promise<void> {
    const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), BACK_WITHIN_MS).unref());
    const exit = await Promise.race([worker.exited, late]);
    if (exit === 'late')
      throw new Error(`no step came to the worker within ${BACK_WITHIN_MS} ms: ${JSON.stringify(await client.operation(id))}`);
    expect(exit.signal).toBe('SIGKILL');
  }

  async function expectEffectsOnce(namespace: string, id: string, lane: string): Promise<void> {
    // At the registry: each archive was asked for once.
    for (const { name } of templatesOf(lane)) expect(shop.registry.count('GET', `/templates/${name}/archive`)).toBe(1);
    // In the store: one record a step, one install a template, one audit entry, nothing half-made.
    const effects = await db.query('select step, count(*)::int as n from effects where root = $1 group by step', [
      id.split('.').at(-1),
    ]);
    expect(Object.fromEntries(effects.rows.map((row) => [row.step, row.n]))).toEqual(
      Object.fromEntries(STEPS.install.map((name) => [name, 1])),
    );
    const { rows } = await db.query(
      `select (select count(*)::int from installs where namespace = $1) as installs,
              (select count(*)::int from installs i join blobs b using (digest) where i.namespace = $1) as blobs,
              (select count(*)::int from uploads where key like $3 || '%') as uploads,
              (select count(*)::int from audit where operation = $2 and action = 'install') as audit`,
      [namespace, id, id.split('.').at(-1)],
    );
    expect(rows[0]).toEqual({ installs: 3, blobs: 3, uploads: 0, audit: 1 });
  }
});
