import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import type { Child } from '../../tools/lab/child.ts';
import type { Lab } from '../../tools/lab/index.ts';
import { openLab } from '../../tools/lab/index.ts';
import { HOLDING_WORKER, Holds } from '../support/holds.ts';
import { archiveDigest, archiveOf, postArchive } from '../support/publishing.ts';

const KILLABLE = 'test/support/processes/killable-worker.js';
/** The one that takes the fence, the one that writes, and the one after it; the others only look. */
const KILLED_STEPS = ['structure', 'publish', 'update-cache'];
const MOMENTS = ['before', 'between', 'after'] as const;

let lab: Lab;
let db: pg.Client;

beforeAll(async () => {
  lab = await openLab();
  await lab.startApi();
  db = new pg.Client({ connectionString: lab.engine.databaseUrl });
  await db.connect();
}, 180_000);

afterAll(async () => {
  await db?.end();
  await lab?.close();
}, 60_000);

async function start(client: ApiClient, name: string, version = '1.0.0'): Promise<string> {
  const { status, body } = await postArchive(client, archiveOf({ name, version }));
  if (status !== 202) throw new Error(`not accepted: ${status} ${JSON.stringify(body)}`);
  return body.operation;
}

/** What the store has of a name: versions, who owns it, records of effects that stand. */
async function stored(name: string) {
  const { rows } = await db.query(
    `select (select coalesce(json_agg(version order by version), '[]') from published_versions where name = $1) as versions,
            (select count(*)::int from published_names where name = $1) as names,
            (select count(*)::int from effects where target = 'publish/local/local/' || $1 and step = 'publish' and undone_at is null) as effects`,
    [name],
  );
  return rows[0];
}

describe('a worker killed with SIGKILL in one publish again and again', () => {
  it.each(MOMENTS)(
    '%s its effect: the version is there, once',
    async (moment) => {
      const queue = { CHANDLERY_TASK_QUEUE: `publish-${moment}` };
      const { child, client } = await lab.startApi({ env: queue });
      const dir = join(lab.dir, `killed-${moment}`);
      await mkdir(dir);
      const env = { ...queue, KILL_MOMENT: moment, KILL_DIR: dir, KILL_STEPS: KILLED_STEPS.join() };
      const startKillable = () => lab.startWorker({ script: KILLABLE, env });
      let worker: Child = await startKillable();
      const name = `killed-${moment}`;
      const id = await start(client, name);
      for (const _step of KILLED_STEPS) {
        expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
        worker = await startKillable();
      }
      const operation = await client.ended(id, 30_000);
      await worker.stop();
      await child.stop();
      expect(operation).toMatchObject({ state: 'succeeded', result: { changed: true } });
      for (const step of operation.steps.filter(({ name: one }) => KILLED_STEPS.includes(one)))
        expect(step).toMatchObject({ state: 'succeeded', attempt: 2, attempts: [{ outcome: 'worker_lost' }] });
      expect(await stored(name)).toEqual({ versions: ['1.0.0'], names: 1, effects: 1 });
      const { rows } = await db.query(
        "select count(*)::int as n from audit where operation = $1 and action = 'publish-template'",
        [id],
      );
      expect(rows).toEqual([{ n: 1 }]);
    },
    180_000,
  );
});

describe('a worker killed with SIGKILL in one install of what is published here', () => {
  it.each(MOMENTS)(
    '%s its effects: it is counted as one download',
    async (moment) => {
      const queue = { CHANDLERY_TASK_QUEUE: `install-${moment}` };
      const { child, client } = await lab.startApi({ env: queue });
      const name = `counted-${moment}`;
      const publisher = await lab.startWorker({ env: queue });
      expect((await client.ended(await start(client, name))).state).toBe('succeeded');
      await publisher.stop();
      const dir = join(lab.dir, `killed-install-${moment}`);
      await mkdir(dir);
      const killed = ['install', 'update-cache'];
      const env = { ...queue, KILL_MOMENT: moment, KILL_DIR: dir, KILL_STEPS: killed.join() };
      const startKillable = () => lab.startWorker({ script: KILLABLE, env });
      let worker: Child = await startKillable();
      const id = await client.install('killed-installs', name);
      for (const _step of killed) {
        expect(await worker.exited).toMatchObject({ signal: 'SIGKILL' });
        worker = await startKillable();
      }
      const operation = await client.ended(id, 30_000);
      await worker.stop();
      await child.stop();
      expect(operation).toMatchObject({ state: 'succeeded', result: { registry: 'local', changed: true } });
      expect(operation.steps.find((step) => step.name === 'update-cache')).toMatchObject({ state: 'succeeded', attempt: 2 });
      const { rows } = await db.query('select version, count::int from template_downloads where name = $1', [name]);
      expect(rows).toEqual([{ version: '1.0.0', count: 1 }]);
    },
    180_000,
  );
});

describe('a publish that is cancelled', () => {
  let client: ApiClient;
  let holds: Holds;
  let worker: Child;

  beforeAll(async () => {
    const queue = { CHANDLERY_TASK_QUEUE: 'publish-cancel' };
    holds = await Holds.create(lab.dir);
    ({ client } = await lab.startApi({ env: queue }));
    worker = await lab.startWorker({ script: HOLDING_WORKER, env: { ...queue, ...holds.env } });
  }, 60_000);

  afterAll(async () => {
    await worker?.stop();
  }, 30_000);

  /** Cancels while the worker is held at the moment of the step. */
  async function cancelledAt(name: string, step: string, moment: 'before' | 'after', version = '1.0.0') {
    const hold = await holds.hold('local', step, moment);
    const id = await start(client, name, version);
    await hold.reached();
    expect((await client.call('POST', `/api/v1/operations/${id}/cancel`)).status).toBe(202);
    const operation = await client.ended(id);
    await hold.release();
    return operation;
  }

  it.each([
    ['before the version is written', 'publish', 'before'],
    ['after it was written', 'publish', 'after'],
    ['when every server is being told', 'update-cache', 'before'],
  ] as const)('%s leaves nothing', async (_when, step, moment) => {
    const name = `cancelled-${step}-${moment}`;
    const operation = await cancelledAt(name, step, moment);
    expect(operation.state).toBe('cancelled');
    expect(await stored(name)).toEqual({ versions: [], names: 0, effects: 0 });
    expect((await client.get(`/api/v1/templates/${name}`)).status).toBe(404);
    expect((await client.get(`/api/v1/search?q=${name}`)).body.total).toBe(0);
    // The name is anybody's again, and so is the version.
    const again = await client.ended(await start(client, name));
    expect(again).toMatchObject({ state: 'succeeded', result: { changed: true } });
  });

  it('leaves what an earlier one has published', async () => {
    const name = 'cancelled-later';
    expect((await client.ended(await start(client, name))).state).toBe('succeeded');
    expect((await cancelledAt(name, 'publish', 'after')).state).toBe('cancelled');
    expect((await cancelledAt(name, 'publish', 'after', '1.1.0')).state).toBe('cancelled');
    expect(await stored(name)).toMatchObject({ versions: ['1.0.0'], names: 1 });
  });

  it('can be replayed', async () => {
    const name = 'cancelled-replayed';
    const cancelled = await cancelledAt(name, 'publish', 'after');
    const operation = await client.ended(await client.replay(cancelled.id));
    expect(operation).toMatchObject({ state: 'succeeded', result: { changed: true }, replayOf: cancelled.id });
    expect(await stored(name)).toMatchObject({ versions: ['1.0.0'], names: 1, effects: 1 });
  });
});

describe('another Chandlery', () => {
  let there: Lab;

  beforeAll(async () => {
    const { client } = await lab.startApi();
    const worker = await lab.startWorker();
    for (const [name, version] of [
      ['shipped', '1.0.0'],
      ['shipped', '1.1.0'],
      ['unsound', '1.0.0'],
    ] as const)
      expect((await client.ended(await start(client, name, version))).state).toBe('succeeded');
    await client.call('POST', '/api/v1/templates/shipped/versions/1.1.0/yank', { reason: 'it sinks' });
    await client.call('POST', '/api/v1/templates/shipped/ratings', { rating: 4 });
    await worker.stop();
    there = await openLab({ registries: [{ name: 'port', url: client.url, token: client.token, default: true }] });
  }, 180_000);

  afterAll(async () => {
    await there?.close();
  }, 60_000);

  it('lists and installs what was published here, and the read is counted', async () => {
    const { client } = await there.startApi();
    await there.startWorker();
    const { body } = await client.get('/api/v1/search?q=shipped');
    expect(body.templates[0]).toMatchObject({
      name: 'shipped',
      version: '1.0.0',
      registry: 'port',
      rating: 4,
      ratingCount: 1,
      digest: archiveDigest({ name: 'shipped', version: '1.0.0' }),
    });
    const operation = await client.ended(await client.install('harbour', 'shipped@^1.0.0'));
    expect(operation).toMatchObject({ state: 'succeeded', result: { registry: 'port', version: '1.0.0' } });
    const exact = await client.ended(await client.install('elsewhere', 'port/shipped@1.1.0'));
    expect(exact).toMatchObject({ state: 'succeeded', result: { version: '1.1.0' } });
    const { rows } = await db.query(`select version, count::int from template_downloads where name = 'shipped' order by version`);
    expect(rows).toEqual([
      { version: '1.0.0', count: 1 },
      { version: '1.1.0', count: 1 },
    ]);
  }, 120_000);
});
