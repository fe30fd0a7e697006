import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { HOLDING_WORKER, Holds } from '../support/holds.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab } from '../support/shop-lab.ts';

const EQUAL_REQUESTS = 50;

let shop: ShopLab;
let holds: Holds;
let db: pg.Client;

beforeAll(async () => {
  shop = await openShopLab();
  holds = await Holds.create(shop.lab.dir);
  await shop.lab.startWorker({ script: HOLDING_WORKER, env: holds.env });
  db = await shop.database();
}, 180_000);

afterAll(async () => {
  await shop?.close();
}, 60_000);

const request = (namespace: string, ref: string, more = {}) =>
  shop.api.call('POST', '/api/v1/installs', { namespace, ref, ...more });

const replay = (id: string, body = {}) => shop.api.call('POST', `/api/v1/operations/${id}/replay`, body);

async function installed(namespace: string): Promise<string[]> {
  const { body } = await shop.api.get(`/api/v1/installs?namespace=${namespace}`);
  return body.installs.map(({ name, version }: { name: string; version: string }) => `${name} ${version}`);
}

/** The answer to a request that another operation stands in the way of. */
function busyWith(id: string, code: string) {
  return {
    status: 409,
    body: { status: 409, code, operation: id, links: { operation: `/api/v1/operations/${id}` }, guidance: expect.any(String) },
  };
}

describe('requests for one target', () => {
  it.concurrent('that are equal and come at once start one operation, and all get its id', async () => {
    const namespace = freshNamespace();
    const answers = await Promise.all(Array.from({ length: EQUAL_REQUESTS }, () => request(namespace, 'shop@^1.0.0')));
    const ids = new Set(answers.map(({ body }) => body.operation));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 202));
    expect(ids.size).toBe(1);
    expect(answers.filter(({ body }) => !body.joined)).toHaveLength(1);
    const [id = ''] = ids;
    expect((await shop.api.ended(id)).state).toBe('succeeded');
    const { rows } = await db.query('select step, count(*)::int as n from effects where target = $1 group by step', [
      `install/local/${namespace}/shop`,
    ]);
    expect(rows.map(({ n }) => n)).toEqual(rows.map(() => 1));
    const { body } = await shop.api.get(`/api/v1/operations?namespace=${namespace}`);
    expect(body.operations).toHaveLength(1);
  });

  it.concurrent('that differ are refused while one runs, naming it', async () => {
    const namespace = freshNamespace();
    const hold = await holds.hold(namespace, 'download', 'before');
    const id = await shop.api.install(namespace, 'shop@1.0.0');
    await hold.reached();
    expect(await request(namespace, 'shop@1.1.0')).toMatchObject(busyWith(id, 'target_busy'));
    expect(await request(namespace, 'shop@1.0.0', { force: true })).toMatchObject(busyWith(id, 'target_busy'));
    expect(await request(namespace, 'shop@1.0.0')).toMatchObject({ status: 202, body: { operation: id, joined: true } });
    // Another name, and the same name in another namespace, are other targets.
    const elsewhere = await shop.api.ended(await shop.api.install(freshNamespace(), 'shop@1.1.0'));
    expect(elsewhere.state).toBe('succeeded');
    const docs = await shop.api.install(namespace, 'docs');
    await hold.release();
    for (const accepted of [id, docs]) expect((await shop.api.ended(accepted)).state).toBe('succeeded');
  });

  it.concurrent('are refused for an uninstall while an install runs', async () => {
    const namespace = freshNamespace();
    await shop.api.ended(await shop.api.install(namespace, 'shop@1.0.0'));
    const hold = await holds.hold(namespace, 'scan', 'before');
    const id = await shop.api.install(namespace, 'shop@1.1.0');
    await hold.reached();
    expect(await shop.api.call('DELETE', `/api/v1/installs/local.${namespace}.shop`)).toMatchObject(busyWith(id, 'target_busy'));
    await hold.release();
    expect((await shop.api.ended(id)).state).toBe('succeeded');
  });
});

describe('a request with an Idempotency-Key', () => {
  const sent = (namespace: string, key: string, more = {}) =>
    shop.api.call('POST', '/api/v1/installs', { namespace, ref: 'shop@1.0.0', ...more }, { 'Idempotency-Key': key });

  it.concurrent('finds its operation when that has ended, and when the answer was lost with the server', async () => {
    const namespace = freshNamespace();
    const { status, body } = await sent(namespace, namespace);
    expect(status).toBe(202);
    await shop.api.ended(body.operation);
    expect((await sent(namespace, namespace)).body).toEqual(body);
    // As if the server had been killed before it answered.
    await db.query("update request_keys set answer = null, busy_until = now() where target->>'namespace' = $1", [namespace]);
    expect((await sent(namespace, namespace)).body).toEqual({ ...body, joined: true });
    expect((await sent(namespace, namespace, { force: true })).body.code).toBe('idempotency_key_reused');
    const { body: list } = await shop.api.get(`/api/v1/operations?namespace=${namespace}`);
    expect(list.operations).toHaveLength(1);
  });
});

describe('a replay', () => {
  it.concurrent('is refused while another operation runs on the target, and while its own runs', async () => {
    const namespace = freshNamespace();
    await holds.fail(namespace, 'scan', 'before', 'registry_invalid');
    const failed = (await shop.api.ended(await shop.api.install(namespace, 'shop@1.0.0'))).id;
    const hold = await holds.hold(namespace, 'download', 'before');
    const running = await shop.api.install(namespace, 'shop@1.1.0');
    await hold.reached();
    expect(await replay(failed)).toMatchObject(busyWith(running, 'target_busy'));
    expect(await replay(failed, { from: 'start' })).toMatchObject(busyWith(running, 'target_busy'));
    expect(await replay(running)).toMatchObject(busyWith(running, 'operation_running'));
    await hold.release();
    expect((await shop.api.ended(running)).state).toBe('succeeded');
  });

  it.concurrent('is refused after a later success, unless it starts from the start', async () => {
    const namespace = freshNamespace();
    await holds.fail(namespace, 'scan', 'before', 'registry_invalid');
    const failed = (await shop.api.ended(await shop.api.install(namespace, 'shop@1.0.0'))).id;
    await shop.api.ended(await shop.api.install(namespace, 'shop@1.1.0'));
    expect(await replay(failed)).toMatchObject({
      status: 409,
      body: { code: 'superseded', guidance: expect.stringContaining('from: start') },
    });
    expect(await replay(failed, { from: 'scan' })).toMatchObject({ status: 409, body: { code: 'superseded' } });
    const answer = await replay(failed, { from: 'start' });
    expect(answer).toMatchObject({ status: 202, body: { from: 'pre-validate', keeps: [] } });
    const operation = await shop.api.ended(answer.body.operation);
    expect(operation).toMatchObject({ state: 'succeeded', replayOf: failed });
    expect(operation.steps.some(({ kept }) => kept)).toBe(false);
    expect(await installed(namespace)).toEqual(['redis 7.2.0', 'shop 1.0.0', 'web 1.3.0']);
  });

  it.concurrent('that is asked for many times at once is one operation', async () => {
    const namespace = freshNamespace();
    await holds.fail(namespace, 'scan', 'before', 'registry_invalid');
    const failed = (await shop.api.ended(await shop.api.install(namespace, 'shop'))).id;
    const hold = await holds.hold(namespace, 'scan', 'before');
    const answers = await Promise.all(Array.from({ length: 10 }, () => replay(failed)));
    await hold.reached();
    await hold.release();
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.operation}`)).size).toBe(1);
    expect((await shop.api.ended(answers[0]?.body.operation)).state).toBe('succeeded');
  });

  it.concurrent('takes a correction, runs everything anew, and refuses a step that does not exist', async () => {
    const namespace = freshNamespace();
    const failed = await shop.api.ended(await shop.api.install(namespace, 'shop@^9.0.0'));
    expect(failed.failure?.code).toBe('version_not_found');
    expect(await replay(failed.id, { from: 'nonsense' })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ path: '/from' }] },
    });
    expect(await replay(failed.id, { input: { namespace: 'other' } })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
    const answer = await replay(failed.id, { input: { version: '^1.0.0' } });
    expect(answer).toMatchObject({ status: 202, body: { from: 'pre-validate' } });
    expect(await shop.api.ended(answer.body.operation)).toMatchObject({
      state: 'succeeded',
      input: { range: '^1.0.0' },
      replayOf: failed.id,
    });
  });

  it.concurrent('of one that succeeded and was uninstalled since brings it back', async () => {
    const namespace = freshNamespace();
    const { id } = await shop.api.ended(await shop.api.install(namespace, 'docs'));
    await shop.api.ended(await shop.api.uninstall(namespace, 'docs'));
    expect(await replay(id)).toMatchObject({ status: 409, body: { code: 'superseded' } });
    const again = await shop.api.ended(await shop.api.replay(id, { from: 'start' }));
    expect(again).toMatchObject({ state: 'succeeded' });
    expect(await installed(namespace)).toEqual(['docs 1.0.0', 'web 1.3.0']);
  });
});

describe('installs at once in one namespace', () => {
  it.concurrent('share what they both need', async () => {
    const namespace = freshNamespace();
    const ids = await Promise.all(['shop', 'docs', 'main/redis', 'web'].map((ref) => shop.api.install(namespace, ref)));
    const operations = await Promise.all(ids.map((id) => shop.api.ended(id)));
    expect(operations.map(({ state }) => state)).toEqual(ids.map(() => 'succeeded'));
    expect(await installed(namespace)).toEqual(['docs 1.0.0', 'redis 7.2.0', 'shop 1.1.0', 'web 1.3.0']);
    const { body } = await shop.api.get(`/api/v1/installs?namespace=${namespace}`);
    expect(body.installs.every(({ explicit }: { explicit: boolean }) => explicit)).toBe(true);
  });

  it('in many namespaces leave nothing half-made in the store', async () => {
    const namespaces = Array.from({ length: 10 }, freshNamespace);
    const ids = await Promise.all(namespaces.map((namespace) => shop.api.install(namespace, 'shop@1.1.0')));
    const operations = await Promise.all(ids.map((id) => shop.api.ended(id)));
    expect(operations.map(({ state }) => state)).toEqual(ids.map(() => 'succeeded'));
    const halves = async () =>
      (
        await db.query(
          `select (select count(*)::int from uploads) as uploads,
                  (select count(*)::int from blob_chunks c where not exists (select 1 from blobs b where b.content = c.content)) as loose`,
        )
      ).rows;
    // Tests beside this one may be downloading.
    for (const end = Date.now() + 5_000; Date.now() < end && (await halves())[0].uploads > 0; ) await sleep(100);
    expect(await halves()).toEqual([{ uploads: 0, loose: 0 }]);
  });
});
