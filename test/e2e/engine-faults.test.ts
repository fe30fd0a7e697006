import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OperationView } from '../../src/domain/operation.ts';
import type { Child } from '../../tools/lab/child.ts';
import { freeze, keepDown } from '../support/outage.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab, SHOP } from '../support/shop-lab.ts';
import { followEvents, type SseFrame } from '../support/sse-reader.ts';

/** A request must say soon that a part is away, milliseconds. */
const WITHIN_MS = 10_000;
/** Reading needs no worker, and is quick, milliseconds. */
const READ_WITHIN_MS = 1_000;
const OUTAGE_MS = 3_000;
/** Several attempts, each with the time of an archive, milliseconds. */
const TOLD_WITHIN_MS = 20_000;
const TEST_MS = 60_000;

let shop: ShopLab;
let worker: Child;

beforeAll(async () => {
  const own = ['late', 'slow', 'streamed', 'patient'].map((name) => ({ name, version: '1.0.0' }));
  shop = await openShopLab({ templates: [...SHOP, ...own] });
  worker = await shop.lab.startWorker();
}, 180_000);

afterAll(async () => {
  await shop?.close();
}, 60_000);

async function timed<T>(call: () => Promise<T>): Promise<T & { ms: number }> {
  const startedAt = performance.now();
  const answer = await call();
  return { ...answer, ms: performance.now() - startedAt };
}

const request = (namespace: string, ref = 'shop') => timed(() => shop.api.call('POST', '/api/v1/installs', { namespace, ref }));

/** Until `/readyz` names this part: a server that was killed is not gone at once. */
async function gone(part: string): Promise<void> {
  while (!(await readiness()).away.includes(part)) await sleep(20);
}

/**
 * Until the answer names this code: as the failure of a step that is tried again, or as its own when the server has to ask the store
 * whose token this is, as it does every five seconds.
 */
async function told(path: string, code: string): Promise<void> {
  for (const deadline = Date.now() + TOLD_WITHIN_MS; Date.now() < deadline; await sleep(20)) {
    const { body } = await shop.api.get(path);
    const { steps = [] } = body as Partial<OperationView>;
    if (body.code === code || steps.some((step) => step.state === 'retrying' && step.failure?.code === code)) return;
  }
  throw new Error(`${path} did not say ${code} within ${TOLD_WITHIN_MS} ms`);
}

async function readiness() {
  const response = await fetch(`${shop.api.url}/readyz`);
  const { ok, parts } = (await response.json()) as { ok: boolean; parts: Array<{ name: string; ok: boolean }> };
  return { status: response.status, ok, away: parts.filter((part) => !part.ok).map(({ name }) => name) };
}

/** Every archive takes this long, so that an outage falls into the operation. */
function slowArchives(ms: number): void {
  shop.registry.setFaults([{ kind: 'delay', ms, path: '/archive' }]);
}

describe('with the engine away', () => {
  it(
    'an operation that runs goes on when the engine was killed in the middle, and so does who follows it',
    async () => {
      const namespace = freshNamespace();
      slowArchives(2_000);
      const id = await shop.api.install(namespace, 'late');
      const frames: SseFrame[] = [];
      const follow = async () => {
        for await (const frame of followEvents(shop.api, id, frames.findLast((frame) => frame.id !== undefined)?.id))
          frames.push(frame);
      };
      const broken = follow().catch(() => undefined);
      await shop.api.waitFor(id, ({ step }) => step === 'download');
      const back = keepDown(shop.lab.engine, 'temporal');
      await sleep(OUTAGE_MS);
      await back();
      await broken;
      // The server outlived the stream that broke.
      expect((await fetch(`${shop.api.url}/healthz`)).status).toBe(200);
      while (frames.at(-1)?.event !== 'end') await follow().catch(() => sleep(200));
      expect((await shop.api.ended(id)).state).toBe('succeeded');
      expect(frames.at(-2)?.operation.state).toBe('succeeded');
      shop.registry.setFaults([]);
    },
    TEST_MS,
  );

  it.each<[string, () => Promise<() => unknown>]>([
    ['silent', async () => freeze(shop.lab.engine, 'temporal')],
    ['dead', async () => keepDown(shop.lab.engine, 'temporal')],
  ])(
    '%s: requests are answered with 503 within seconds, and the same request works afterwards',
    async (_how, away) => {
      const namespace = freshNamespace();
      const { id: earlier } = await shop.api.ended(await shop.api.install(freshNamespace(), 'docs'));
      const back = await away();
      try {
        const [ready, ...answers] = await Promise.all([
          readiness(),
          request(namespace),
          timed(() => shop.api.get(`/api/v1/operations/${earlier}`)),
          timed(() => shop.api.get('/api/v1/operations')),
          timed(() => shop.api.call('POST', `/api/v1/operations/${earlier}/replay`, { from: 'start' })),
        ]);
        for (const answer of answers) {
          expect(answer).toMatchObject({
            status: 503,
            body: { code: 'engine_unavailable', guidance: expect.stringContaining('again') },
          });
          expect(answer.ms).toBeLessThan(WITHIN_MS);
        }
        expect(ready).toEqual({ status: 503, ok: false, away: ['engine'] });
        // What needs only the store goes on.
        expect((await shop.api.get(`/api/v1/installs?namespace=${namespace}`)).status).toBe(200);
      } finally {
        await back();
      }
      const accepted = await untilAccepted(namespace);
      expect((await shop.api.ended(accepted)).state).toBe('succeeded');
      expect((await shop.api.get(`/api/v1/installs?namespace=${namespace}`)).body.installs).toHaveLength(3);
      expect((await shop.api.operation(earlier)).state).toBe('succeeded');
      expect((await readiness()).status).toBe(200);
    },
    TEST_MS,
  );

  /** A channel that broke is made anew a moment after the engine is back. */
  async function untilAccepted(namespace: string): Promise<string> {
    for (const deadline = Date.now() + 2 * WITHIN_MS; ; ) {
      const { status, body } = await request(namespace);
      if (status === 202) return body.operation;
      if (Date.now() > deadline) throw new Error(`still ${status} ${JSON.stringify(body)}`);
    }
  }
});

describe('with no worker', () => {
  it(
    'an operation is read at once, before its first step and in the middle of one',
    async () => {
      slowArchives(8_000);
      const id = await shop.api.install(freshNamespace(), 'slow');
      await shop.api.waitFor(id, ({ step }) => step === 'download');
      await worker.kill();
      const waiting = await shop.api.install(freshNamespace(), 'docs');
      const read = async (operation: string) => timed(() => shop.api.get(`/api/v1/operations/${operation}`));
      const middle = await read(id);
      expect(middle).toMatchObject({ status: 200, body: { state: 'running', step: 'download' } });
      expect(middle.ms).toBeLessThan(READ_WITHIN_MS);
      const first = await read(waiting);
      expect(first).toMatchObject({ status: 200, body: { state: 'running', percent: 0 } });
      expect(first.ms).toBeLessThan(READ_WITHIN_MS);
      const list = await timed(() => shop.api.get('/api/v1/operations?state=running'));
      expect(list.ms).toBeLessThan(READ_WITHIN_MS);
      const events = followEvents(shop.api, waiting);
      expect(await timed(() => events.next())).toMatchObject({ value: { operation: { id: waiting, state: 'running' } } });
      await events.return(undefined);
      shop.registry.setFaults([]);
      worker = await shop.lab.startWorker();
      expect((await shop.api.ended(waiting)).state).toBe('succeeded');
      expect((await shop.api.ended(id)).state).toBe('succeeded');
    },
    TEST_MS,
  );
});

describe('an API that is killed while it streams', () => {
  it(
    'is followed by another one that goes on from the last event',
    async () => {
      const first = await shop.lab.startApi();
      slowArchives(3_000);
      const id = await first.client.install(freshNamespace(), 'streamed');
      const seen: SseFrame[] = [];
      const reading = (async () => {
        for await (const frame of followEvents(first.client, id)) seen.push(frame);
      })();
      await shop.api.waitFor(id, ({ step }) => step === 'download');
      while (seen.at(-1)?.operation.step !== 'download') await sleep(20);
      await first.child.kill();
      await expect(reading).rejects.toThrow();

      const second = await shop.lab.startApi();
      const last = seen.findLast((frame) => frame.id !== undefined)?.id ?? '';
      expect(last).toMatch(new RegExp(`^${id.split('.').at(-1)}:\\d+$`));
      const rest: SseFrame[] = [];
      for await (const frame of followEvents(second.client, id, last)) rest.push(frame);
      expect(rest.at(-1)?.event).toBe('end');
      expect(rest.at(-2)?.operation).toMatchObject({ id, state: 'succeeded', percent: 100 });
      const place = (frame?: SseFrame) => Number(frame?.id?.split(':').at(-1) ?? 0);
      const places = rest.filter(({ id: at }) => at !== undefined).map(place);
      expect(places[0]).toBeGreaterThan(Number(last.split(':').at(-1)));
      expect(places).toEqual([...places].sort((a, b) => a - b));
      // Who has seen the end is told so, and nothing again.
      const again: SseFrame[] = [];
      for await (const frame of followEvents(second.client, id, rest.at(-2)?.id)) again.push(frame);
      expect(again.map(({ event }) => event)).toEqual(['end']);
      shop.registry.setFaults([]);
    },
    TEST_MS,
  );
});

describe('with the store away', () => {
  it(
    'an operation waits for it, says so, and completes',
    async () => {
      const namespace = freshNamespace();
      slowArchives(1_500);
      const id = await shop.api.install(namespace, 'patient');
      await shop.api.waitFor(id, ({ step }) => step === 'download');
      const back = keepDown(shop.lab.engine, 'postgres');
      try {
        await told(`/api/v1/operations/${id}`, 'store_unavailable');
        expect((await readiness()).away).toContain('store');
        // Longer than three attempts, after which a step gives up: an absent store is not the step's failure.
        await sleep(OUTAGE_MS);
      } finally {
        await back();
      }
      const operation = await shop.api.ended(id);
      expect(operation.state).toBe('succeeded');
      // The failures themselves could be written down nowhere; what the engine counted remains.
      expect(operation.steps.find(({ name }) => name === 'download')?.attempt).toBeGreaterThan(3);
      expect((await shop.api.get(`/api/v1/installs?namespace=${namespace}`)).body.installs).toHaveLength(1);
      shop.registry.setFaults([]);
    },
    TEST_MS,
  );

  it.each<[string, () => Promise<() => unknown>]>([
    ['silent', async () => freeze(shop.lab.engine, 'postgres')],
    ['dead', async () => keepDown(shop.lab.engine, 'postgres')],
  ])(
    '%s: the API says store_unavailable within seconds, and /readyz names it',
    async (_how, away) => {
      const { id } = await shop.api.ended(await shop.api.install(freshNamespace(), 'docs'));
      const back = await away();
      try {
        // A token that nobody knows: whether it is valid cannot be told now, so it is not called invalid.
        await gone('store');
        const [ready, ...answers] = await Promise.all([
          readiness(),
          timed(() => shop.api.call('GET', '/api/v1/installs', undefined, { authorization: 'Bearer unknown' })),
          timed(() => shop.api.get('/api/v1/installs')),
          timed(() => shop.api.call('DELETE', '/api/v1/installs/local.default.shop')),
        ]);
        for (const answer of answers) {
          expect(answer).toMatchObject({ status: 503, body: { code: 'store_unavailable' } });
          expect(answer.ms).toBeLessThan(2 * WITHIN_MS);
        }
        expect(ready).toEqual({ status: 503, ok: false, away: ['store'] });
      } finally {
        await back();
      }
      expect((await shop.api.get('/api/v1/installs')).status).toBe(200);
      expect((await shop.api.operation(id)).state).toBe('succeeded');
      expect((await readiness()).status).toBe(200);
    },
    TEST_MS,
  );
});
