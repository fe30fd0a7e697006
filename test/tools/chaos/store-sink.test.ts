import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { createStore } from '../../../src/adapters/store/index.ts';
import { STEPS } from '../../../src/domain/operation.ts';
import type { Engine } from '../../../src/embedded/engine.ts';
import { startEngine } from '../../../src/embedded/engine.ts';
import type { Outcome } from '../../../tools/chaos/findings.ts';
import { inspectStore } from '../../../tools/chaos/store-sink.ts';

/** A count that cannot find anything would find every run in order: each thing it looks for is put there once. */
describe('the count at the store', () => {
  let dir: string;
  let engine: Engine;
  let db: pg.Client;
  let done: Outcome;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'chandlery-sink-'));
    // With an address given, no Temporal is started: only the store is looked at here.
    const temporalAddress = '127.0.0.1:1';
    engine = await startEngine({ dataDir: join(dir, 'data'), cacheDir: dir, env: process.env, temporalAddress, log: () => {} });
    const store = createStore({ url: engine.databaseUrl, onIdleError: () => {} });
    await store.migrate();
    await store.close();
    db = new pg.Client({ connectionString: engine.databaseUrl });
    await db.connect();
  }, 60_000);

  afterAll(async () => {
    await db?.end();
    await engine?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  beforeEach(async () => {
    await db.query('truncate effects, installs, blobs, blob_chunks, uploads');
    done = await completeInstall();
  });

  const count = () => inspectStore(engine.databaseUrl, [done]);
  const root = () => done.id.split('.').at(-1);

  it('finds nothing after an install as it should be', async () => {
    expect(await count()).toEqual([]);
  });

  it.each<[string, 'lost' | 'doubled' | 'orphaned', () => Promise<unknown>]>([
    ['a step that left no record', 'lost', () => db.query("delete from effects where step = 'scan'")],
    ['a step recorded twice', 'doubled', () => addEffect('download', { generation: 1 })],
    [
      'a template that is not installed',
      'lost',
      () => db.query('delete from installs').then(() => db.query('delete from blobs')),
    ],
    ['a template nobody planned', 'doubled', () => addInstall('other')],
    ['another version', 'doubled', () => db.query("update installs set version = '2.0.0'")],
    ['an install by another operation', 'doubled', () => db.query("update installs set operation = 'another'")],
    ['an install written twice', 'doubled', () => db.query("update installs set installed_at = now() + interval '1 s'")],
    ['a second audit entry for the target', 'doubled', () => addAudit('another')],
    ['a blob that is not whole', 'lost', () => db.query('delete from blob_chunks')],
    ['a missing blob', 'lost', () => db.query('delete from blobs')],
    ['a blob that belongs to nothing', 'orphaned', () => addBlob('unneeded')],
    ['an open upload', 'orphaned', () => db.query("insert into uploads (key, digest) values ('k', 'd')")],
    ['chunks that belong to nothing', 'orphaned', () => addChunk(randomUUID())],
  ])('finds %s', async (_what, kind, spoil) => {
    await spoil();
    const kinds = (await count()).map((finding) => finding.kind);
    expect(kinds).toContain(kind);
  });

  describe('when update-cache has no record', () => {
    const without = async (state: 'failed' | 'succeeded', warnings: string[]) => {
      await db.query("delete from effects where step = 'update-cache'");
      const step = { name: 'update-cache', state, attempt: 6, maxAttempts: 3, attempts: [] };
      done = { ...done, operation: { ...(done.operation as NonNullable<Outcome['operation']>), steps: [step], warnings } };
      return count();
    };

    it('finds nothing where the operation warns that the step gave up', async () => {
      expect(await without('failed', ['update-cache: the step took longer than it may'])).toEqual([]);
    });

    it('calls it lost where the operation says nothing of it', async () => {
      expect(await without('failed', [])).toMatchObject([{ kind: 'lost' }]);
      expect(await without('succeeded', [])).toMatchObject([{ kind: 'lost' }]);
    });
  });

  it('calls orphaned what an operation left that has not succeeded', async () => {
    done = { ...done, operation: { ...(done.operation as NonNullable<Outcome['operation']>), state: 'failed' } };
    expect(await count()).toMatchObject([{ kind: 'orphaned' }]);
  });

  async function completeInstall(): Promise<Outcome> {
    const namespace = `sink-${randomUUID()}`;
    const id = `install.local.${namespace}.app.${randomUUID()}`;
    done = {
      install: { at: 0, namespace, name: 'app', expected: { app: '1.0.0' } },
      id,
      fate: 'ended',
      operation: {
        ...{
          id,
          kind: 'install',
          target: `install/local/${namespace}/app`,
          requester: 'admin',
          state: 'succeeded',
          percent: 100,
        },
        ...{ steps: [], input: {}, warnings: [], createdAt: '', links: { self: '', events: '', history: '' } },
      },
    };
    await db.query('begin');
    for (const step of STEPS.install) await addEffect(step);
    await addInstall('app');
    await db.query('commit');
    await addBlob('app');
    await addAudit(id);
    return done;
  }

  function addEffect(step: string, { generation = 0 } = {}) {
    return db.query(
      `insert into effects (root, step, object, generation, operation, target, fence, input_digest, result, result_digest)
       values ($1, $2, '-', $3, $4, 't', 1, '', '{}', '')`,
      [root(), step, generation, done.id],
    );
  }

  function addInstall(name: string) {
    return db.query(
      `insert into installs (cluster, namespace, name, registry, version, digest, content_hash, explicit, manifest, dependencies, trust, requester, operation)
       values ('local', $1, $2, 'main', '1.0.0', $2, '', true, '{}', '[]', '{}', 'admin', $3)`,
      [done.install.namespace, name, done.id],
    );
  }

  async function addBlob(digest: string) {
    const content = randomUUID();
    await db.query('insert into blobs (digest, content, size) values ($1, $2, 5)', [digest, content]);
    await addChunk(content);
  }

  function addChunk(content: string) {
    return db.query('insert into blob_chunks (content, n, data) values ($1, 0, $2)', [content, Buffer.from('bytes')]);
  }

  function addAudit(operation: string) {
    return db.query(
      "insert into audit (actor, action, object, outcome, operation) values ('admin', 'install', $1, 'allowed', $2)",
      [`install/local/${done.install.namespace}/app`, operation],
    );
  }
});
