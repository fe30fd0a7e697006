import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { ChandleryError } from '../../src/domain/errors.ts';
import { installId } from '../../src/domain/operation.ts';
import { REQUEST_SECONDS } from '../../src/domain/request-keys.ts';
import type { ApiAnswer } from '../../tools/lab/api-client.ts';
import { freshNamespace } from '../support/shop-lab.ts';
import type { DeployLab } from './support/deploy-lab.ts';
import { openDeployLab } from './support/deploy-lab.ts';

const TINY = { name: 'tiny', version: '1.0.0' };

let lab: DeployLab;
let namespace: string;

beforeAll(async () => {
  lab = await openDeployLab([TINY]);
}, 120_000);
afterAll(async () => await lab?.close(), 60_000);
beforeEach(() => {
  namespace = freshNamespace();
  lab.started.length = 0;
  lab.marked.clear();
  delete lab.next.failure;
});

let keys = 0;
const freshKey = () => ({ 'Idempotency-Key': `key-${++keys}` });
const deploy = (headers: Record<string, string>, more: Record<string, unknown> = {}, as = lab.dev) =>
  as.call('POST', '/api/v1/deployments', { namespace, ref: 'main/tiny', ...more }, headers);

async function query(text: string) {
  const db = new pg.Client({ connectionString: lab.databaseUrl });
  await db.connect();
  return await db.query(text).finally(() => db.end());
}

describe('a request with an Idempotency-Key', () => {
  it('is answered with the same operation when it is sent again, and starts nothing', async () => {
    const key = freshKey();
    const first = await deploy(key);
    const again = await deploy(key);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect([first, again].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect(lab.started).toHaveLength(1);
  });

  it('waits for its like, and many at once start one operation', async () => {
    const key = freshKey();
    const all = await Promise.all(Array.from({ length: 8 }, () => deploy(key)));
    expect(new Set(all.map(({ status, body }) => `${status} ${body.operation}`)).size).toBe(1);
    expect(lab.started).toHaveLength(1);
  });

  it('starts one operation each for two keys', async () => {
    await deploy(freshKey());
    await deploy(freshKey());
    expect(lab.started).toHaveLength(2);
  });

  it('is refused with another body, path or method', async () => {
    const key = freshKey();
    await deploy(key);
    const path = `/api/v1/deployments/local.${namespace}.tiny`;
    const others = [
      await deploy(key, { readySeconds: 10 }),
      await lab.dev.call('POST', `${path}/rollback`, {}, key),
      await lab.dev.call('DELETE', path, undefined, key),
    ];
    for (const { status, body } of others) expect([status, body.code]).toEqual([422, 'idempotency_key_reused']);
    expect(lab.started).toHaveLength(1);
  });

  it('has its key to itself: another user may use the same', async () => {
    const key = freshKey();
    await deploy(key);
    expect((await deploy(key, {}, lab.admin)).headers.get('idempotent-replayed')).toBeNull();
    expect(lab.started).toHaveLength(2);
  });

  it('may be corrected when it was refused', async () => {
    const key = freshKey();
    expect((await deploy(key, { ref: 'main/nothing' })).status).toBe(404);
    expect((await deploy(key)).status).toBe(202);
    expect((await deploy(key)).headers.get('idempotent-replayed')).toBe('true');
  });

  it('is tried anew after a failure of ours, with the same body only', async () => {
    const key = freshKey();
    lab.next.failure = new ChandleryError('engine_unavailable', 'the engine does not answer');
    expect((await deploy(key)).status).toBe(503);
    expect((await deploy(key, { readySeconds: 10 })).body.code).toBe('idempotency_key_reused');
    delete lab.next.failure;
    expect((await deploy(key)).status).toBe(202);
  });

  it('finds the operation it started when its answer was lost with the server', async () => {
    const key = freshKey();
    lab.next.failure = new ChandleryError('engine_unavailable', 'the answer of the engine got lost');
    await deploy(key);
    const [started] = lab.started;
    const target = started?.input.target;
    const mark = lab.aimed.at(-1);
    expect(mark).toMatchObject({ target });
    lab.marked.set(mark?.mark ?? '', started?.id ?? '');
    const again = await deploy(key);
    expect(again.status).toBe(202);
    expect(again.body).toMatchObject({ operation: started?.id, joined: true, deployment: installId(target) });
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await deploy(key)).body).toEqual(again.body);
    expect(lab.started).toHaveLength(1);
  });

  it('can be tried again at once when the engine could not say whether it started something', async () => {
    const key = freshKey();
    lab.next.failure = new ChandleryError('engine_unavailable', 'the answer of the engine got lost');
    await deploy(key);
    delete lab.next.failure;
    lab.next.markedFailure = new ChandleryError('engine_unavailable', 'the engine does not answer');
    expect((await deploy(key)).status).toBe(503);
    delete lab.next.markedFailure;
    const before = Date.now();
    expect((await deploy(key)).status).toBe(202);
    expect(Date.now() - before).toBeLessThan(REQUEST_SECONDS * 1_000);
  });

  it('starts nothing when it was so slow that the same one, sent again, has taken over', async () => {
    const key = freshKey();
    let again: Promise<ApiAnswer> | undefined;
    lab.next.beforeAim = async () => {
      delete lab.next.beforeAim;
      await query('update request_keys set busy_until = now() where answer is null and busy_until > now()');
      again = deploy(key);
      await again;
    };
    const slow = await deploy(key);
    expect([slow.status, slow.body.code]).toEqual([409, 'target_busy']);
    const answered = await again;
    expect(answered?.status).toBe(202);
    // What the slow one was answered has taken nothing from the other's key.
    const third = await deploy(key);
    expect(third.body).toEqual(answered?.body);
    expect(third.headers.get('idempotent-replayed')).toBe('true');
    expect(lab.started).toHaveLength(1);
  });

  it('keeps neither the key nor what was asked', async () => {
    const key = { 'Idempotency-Key': 'a-key-that-nobody-else-has' };
    await deploy(key, { parameters: { text: 'hush-hush' } });
    const { rows } = await query('select row_to_json(k)::text as row from request_keys k');
    const text = rows.map(({ row }) => row).join('\n');
    expect(rows.length).toBeGreaterThan(0);
    expect(text).not.toMatch(/a-key-that|hush/);
  });

  it.each(['', 'ä', 'x'.repeat(256), 'two words'])('is refused when the key is %j', async (value) => {
    const headers = { 'Idempotency-Key': Buffer.from(value, 'utf8').toString('latin1') };
    expect((await deploy(headers)).body).toMatchObject({ code: 'invalid_request', errors: [{ path: 'header/Idempotency-Key' }] });
  });

  it('only reads without regard to it', async () => {
    const key = freshKey();
    for (const path of ['/api/v1/deployments', '/api/v1/deployments?limit=1'])
      expect((await lab.dev.call('GET', path, undefined, key)).status).toBe(200);
  });
});
