import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import type { OperationView, StepName } from '../../src/domain/operation.ts';
import { STEPS } from '../../src/domain/operation.ts';
import type { HoldMoment } from '../support/holds.ts';
import { HOLDING_WORKER, Holds } from '../support/holds.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab } from '../support/shop-lab.ts';

/** A cancellation is heard with the next heartbeat, a second later; undo takes moments, milliseconds. */
const CANCELLED_WITHIN_MS = 10_000;
/** Of an operation that is meant to run out of it, milliseconds. */
const SHORT_DEADLINE_MS = 2_500;
const KEPT = ['pre-validate', 'resolve-dependencies', 'authenticate', 'download', 'scan'];

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

async function installs(namespace: string): Promise<Array<{ name: string; version: string }>> {
  return (await shop.api.get(`/api/v1/installs?namespace=${namespace}`)).body.installs;
}

async function done(namespace: string, ref: string): Promise<OperationView> {
  const operation = await shop.api.ended(await shop.api.install(namespace, ref));
  if (operation.state !== 'succeeded') throw new Error(JSON.stringify(operation));
  return operation;
}

function step(operation: OperationView, name: StepName) {
  return operation.steps.find((candidate) => candidate.name === name);
}

/** Starts, waits until the moment is reached, cancels, and answers the ended operation. */
async function cancelledAt(namespace: string, name: StepName, moment: HoldMoment, start: () => Promise<string>) {
  const hold = await holds.hold(namespace, name, moment);
  const id = await start();
  await hold.reached();
  const answer = await shop.api.call('POST', `/api/v1/operations/${id}/cancel`);
  expect(answer).toMatchObject({ status: 202, body: { id, cancelRequested: true } });
  expect(answer.headers.get('location')).toBe(`/api/v1/operations/${id}`);
  const operation = await shop.api.ended(id, CANCELLED_WITHIN_MS);
  await hold.release();
  return operation;
}

function states(at: StepName): string[] {
  const steps: readonly string[] = STEPS.install;
  return steps.map((_, index) =>
    index < steps.indexOf(at) ? 'succeeded' : index === steps.indexOf(at) ? 'cancelled' : 'skipped',
  );
}

describe('a cancelled install', () => {
  it.concurrent.each(STEPS.install)('at %s leaves the namespace as it was', async (at) => {
    const namespace = freshNamespace();
    await done(namespace, 'shop@1.0.0');
    await done(namespace, 'main/redis@7.0.0');
    const before = await installs(namespace);
    const operation = await cancelledAt(namespace, at, 'before', () =>
      shop.api.install(namespace, 'shop@1.1.0', { force: true }),
    );
    expect(operation).toMatchObject({ state: 'cancelled', step: at, cancelRequested: true, warnings: [] });
    expect(operation).not.toHaveProperty('failure');
    expect(operation.steps.map(({ state }) => state)).toEqual(states(at));
    // Only where the install had happened there was something to take back.
    expect(operation.steps.filter(({ undone }) => undone).map(({ name }) => name)).toEqual(
      at === 'update-cache' ? ['install'] : [],
    );
    expect(await installs(namespace)).toEqual(before);
  });

  it.concurrent.each<HoldMoment>(['between', 'after'])('right %s its effect takes it back', async (moment) => {
    const namespace = freshNamespace();
    const operation = await cancelledAt(namespace, 'install', moment, () => shop.api.install(namespace, 'shop'));
    expect(operation.state).toBe('cancelled');
    expect(step(operation, 'install')).toMatchObject({ state: 'cancelled', undone: true });
    expect(await installs(namespace)).toEqual([]);
  });

  it.concurrent('while it waits for a registry ends at once', async () => {
    const namespace = freshNamespace();
    shop.registry.setFaults([{ kind: 'delay', ms: 10_000, path: '/templates/docs/versions' }]);
    const id = await shop.api.install(namespace, 'docs');
    await shop.api.waitFor(id, (operation) => operation.step === 'resolve-dependencies');
    await shop.api.call('POST', `/api/v1/operations/${id}/cancel`);
    const operation = await shop.api.ended(id, 5_000);
    shop.registry.setFaults([]);
    expect([operation.state, operation.steps.map(({ state }) => state)]).toEqual(['cancelled', states('resolve-dependencies')]);
  });

  it.concurrent('may be cancelled twice, but not once it has ended', async () => {
    const namespace = freshNamespace();
    const hold = await holds.hold(namespace, 'scan', 'before');
    const id = await shop.api.install(namespace, 'shop');
    await hold.reached();
    const cancel = () => shop.api.call('POST', `/api/v1/operations/${id}/cancel`);
    const answers = await Promise.all([cancel(), cancel(), cancel()]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect((await shop.api.ended(id, CANCELLED_WITHIN_MS)).state).toBe('cancelled');
    expect(await cancel()).toMatchObject({
      status: 409,
      body: { code: 'operation_ended', operation: id, links: { operation: `/api/v1/operations/${id}` } },
    });
    const { rows } = await db.query('select action, outcome from audit where operation = $1 order by id', [id]);
    expect(rows).toEqual([
      { action: 'install', outcome: 'allowed' },
      { action: 'cancel', outcome: 'allowed' },
    ]);
  });

  it.concurrent('is no longer shown as installed by a search', async () => {
    const namespace = freshNamespace();
    const shown = async () =>
      (await shop.api.get(`/api/v1/search?q=docs&registry=main&namespace=${namespace}`)).body.templates[0];
    const hold = await holds.hold(namespace, 'install', 'after');
    const id = await shop.api.install(namespace, 'docs');
    await hold.reached();
    // The server now remembers that it is installed.
    expect(await shown()).toMatchObject({ name: 'docs', installed: '1.0.0' });
    await shop.api.call('POST', `/api/v1/operations/${id}/cancel`);
    expect((await shop.api.ended(id, CANCELLED_WITHIN_MS)).state).toBe('cancelled');
    await hold.release();
    expect(await shown()).not.toHaveProperty('installed');
  });

  it.concurrent('leaves what another install has built on since, and says so', async () => {
    const namespace = freshNamespace();
    // Another name needs what this one brought: web.
    const hold = await holds.hold(namespace, 'update-cache', 'before');
    const id = await shop.api.install(namespace, 'shop');
    await hold.reached();
    const other = await shop.api.install(namespace, 'docs');
    await shop.api.waitFor(other, (operation) => step(operation, 'install')?.state === 'succeeded');
    await shop.api.call('POST', `/api/v1/operations/${id}/cancel`);
    const operation = await shop.api.ended(id, CANCELLED_WITHIN_MS);
    await hold.release();
    expect(operation).toMatchObject({
      state: 'cancelled',
      warnings: [expect.stringMatching(/^web was left installed: docs needs it/)],
    });
    expect((await shop.api.ended(other)).state).toBe('succeeded');
    expect((await installs(namespace)).map(({ name }) => name)).toEqual(['docs', 'web']);
  });
});

describe('a cancelled uninstall', () => {
  it.concurrent('puts back what it had removed', async () => {
    const namespace = freshNamespace();
    await done(namespace, 'shop');
    const before = await installs(namespace);
    const operation = await cancelledAt(namespace, 'update-cache', 'before', () => shop.api.uninstall(namespace, 'shop'));
    expect(operation).toMatchObject({ kind: 'uninstall', state: 'cancelled' });
    expect(step(operation, 'remove')).toMatchObject({ state: 'succeeded', undone: true });
    expect(await installs(namespace)).toEqual(before);
  });
});

describe('an install that fails after its effect', () => {
  it.concurrent('is undone; its replay starts at the undone step, keeps the others, and every effect counts once', async () => {
    const namespace = freshNamespace();
    await holds.fail(namespace, 'install', 'after', 'registry_invalid');
    const failed = await shop.api.ended(await shop.api.install(namespace, 'shop'));
    expect(failed).toMatchObject({ state: 'failed', step: 'install', failure: { code: 'registry_invalid' } });
    expect(step(failed, 'install')).toMatchObject({ state: 'failed', undone: true });
    expect(await installs(namespace)).toEqual([]);
    const archives = shop.registry.count('GET', '/archive');

    const answer = await shop.api.call('POST', `/api/v1/operations/${failed.id}/replay`, { from: 'auto' });
    expect(answer).toMatchObject({ status: 202, body: { from: 'install', keeps: KEPT } });
    const replayed = await shop.api.ended(answer.body.operation);
    expect(replayed).toMatchObject({ state: 'succeeded', replayOf: failed.id, result: { changed: true } });
    // Policies and waivers may have changed since: what may go in is decided anew.
    expect(replayed.steps.filter(({ kept }) => kept).map(({ name }) => name)).toEqual(KEPT.filter((name) => name !== 'scan'));
    expect((await installs(namespace)).map(({ name }) => name)).toEqual(['redis', 'shop', 'web']);

    expect(shop.registry.count('GET', '/archive')).toBe(archives);
    const root = failed.id.split('.').at(-1);
    const { rows } = await db.query(
      'select step, generation, undone_at is not null as undone from effects where root = $1 order by created_at',
      [root],
    );
    expect(rows).toEqual([
      ...KEPT.map((name) => ({ step: name, generation: 0, undone: false })),
      { step: 'install', generation: 0, undone: true },
      { step: 'scan', generation: 1, undone: false },
      { step: 'install', generation: 1, undone: false },
      { step: 'update-cache', generation: 1, undone: false },
    ]);
    const owners = await db.query('select distinct operation from installs where namespace = $1', [namespace]);
    expect(owners.rows).toEqual([{ operation: replayed.id }]);
  });

  it.concurrent('can fail and be replayed again and again, each time from what stands', async () => {
    const namespace = freshNamespace();
    let { id } = await done(namespace, 'shop');
    const ids = [];
    for (let round = 0; round < 3; round += 1) {
      await holds.fail(namespace, 'install', 'after', 'too_large');
      id = round === 0 ? await shop.api.install(namespace, 'shop@1.0.0') : await shop.api.replay(id);
      ids.push(id);
      expect(await shop.api.ended(id)).toMatchObject({ state: 'failed', failure: { code: 'too_large' } });
      expect((await installs(namespace)).find(({ name }) => name === 'shop')).toMatchObject({ version: '1.1.0' });
    }
    const last = await shop.api.ended(await shop.api.replay(id));
    expect(last).toMatchObject({ state: 'succeeded', replayOf: ids.at(-1) });
    expect((await installs(namespace)).find(({ name }) => name === 'shop')).toMatchObject({
      version: '1.0.0',
      operation: last.id,
    });
  });
});

describe('an operation that takes longer than allowed', () => {
  it.concurrent.each<[StepName, HoldMoment, boolean]>([
    ['scan', 'before', false],
    ['install', 'after', true],
  ])('at %s is undone and fails with deadline_exceeded', async (name, moment, undone) => {
    const namespace = freshNamespace();
    const { client } = await shop.lab.startApi({ env: { CHANDLERY_INSTALL_TIMEOUT_MS: String(SHORT_DEADLINE_MS) } });
    const hold = await holds.hold(namespace, name, moment);
    const operation = await client.ended(await client.install(namespace, 'shop'), CANCELLED_WITHIN_MS);
    await hold.release();
    expect(operation).toMatchObject({
      state: 'failed',
      step: name,
      failure: { code: 'deadline_exceeded', message: expect.stringContaining(`2.5 s; it was at step ${name}`) },
    });
    expect(step(operation, name)?.undone ?? false).toBe(undone);
    expect(await installs(namespace)).toEqual([]);
    expect(Date.parse(operation.deadline ?? '') - Date.parse(operation.createdAt)).toBe(SHORT_DEADLINE_MS);
  });
});

describe('with workers that come and go', () => {
  it('an operation is cancelled before its first step, and undone although its worker was killed in undo', async () => {
    const queue = { CHANDLERY_TASK_QUEUE: 'comes-and-goes' };
    const { client } = await shop.lab.startApi({ env: queue });
    const untouched = freshNamespace();
    const early = await client.install(untouched, 'shop');
    expect((await client.call('POST', `/api/v1/operations/${early}/cancel`)).status).toBe(202);
    const startWorker = () => shop.lab.startWorker({ script: HOLDING_WORKER, env: { ...queue, ...holds.env } });
    const first = await startWorker();
    expect(await client.ended(early, CANCELLED_WITHIN_MS)).toMatchObject({ state: 'cancelled' });
    expect(await installs(untouched)).toEqual([]);

    const namespace = freshNamespace();
    const installing = await holds.hold(namespace, 'install', 'after');
    const undoing = await holds.hold(namespace, 'undo-install', 'after');
    const id = await client.install(namespace, 'shop');
    await installing.reached();
    await client.call('POST', `/api/v1/operations/${id}/cancel`);
    await undoing.reached();
    expect((await client.operation(id)).state).toBe('undoing');
    await first.kill();
    await undoing.release();
    await startWorker();
    const operation = await client.ended(id, 2 * CANCELLED_WITHIN_MS);
    expect(operation.state).toBe('cancelled');
    expect(step(operation, 'install')).toMatchObject({ undone: true });
    expect(await installs(namespace)).toEqual([]);
  }, 90_000);
});
