import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { StepName, StepView } from '../../src/domain/operation.ts';
import { STEPS } from '../../src/domain/operation.ts';
import type { TemplateFixture } from '../support/registry-folder.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab, REGISTRY_TOKEN } from '../support/shop-lab.ts';

/** Each case has its own registry, whose proxy it may break, and its own template, so that no archive is there already. */
const CASES = [
  ...['reset', 'refused', 'garbage', 'denied', 'denied-late', 'forbidden', 'absent', 'slow', 'silent', 'limited'],
  ...['limited-late', 'mended', 'truncated', 'throttled', 'exhausted', 'small'],
] as const;
type Case = (typeof CASES)[number];

/** Three of the store's chunks and a bit, in bytes. */
const LARGE = 800_000;
const CHUNK = 256 * 1024;
/** Larger than the 15 s that the client waits for an answer's headers, milliseconds. */
const SILENT_MS = 17_000;
/** A port that nothing listens on (tcpmux). */
const NOBODY = 'http://127.0.0.1:1';

function templatesOf(name: Case): TemplateFixture[] {
  const large = ['truncated', 'throttled'].includes(name);
  return [
    { name: `shop-${name}`, version: '1.0.0', dependencies: [{ name: `redis-${name}`, version: '^1.0.0' }] },
    {
      name: `redis-${name}`,
      version: '1.0.0',
      files: large ? { 'large.bin': randomBytes(LARGE / 2).toString('hex') } : {},
    },
  ];
}

let shop: ShopLab;

beforeAll(async () => {
  shop = await openShopLab({
    templates: CASES.flatMap(templatesOf),
    more: CASES.filter((name) => name !== 'refused'),
    registries: [{ name: 'refused', url: NOBODY, token: REGISTRY_TOKEN }],
  });
  await shop.lab.startWorker();
}, 180_000);

afterAll(async () => {
  await shop?.close();
}, 60_000);

async function start(name: Case): Promise<{ namespace: string; id: string }> {
  const namespace = freshNamespace();
  return { namespace, id: await shop.api.install(namespace, `${name}/shop-${name}`) };
}

async function run(name: Case) {
  const { namespace, id } = await start(name);
  return { namespace, operation: await shop.api.ended(id) };
}

function stepOf({ steps }: { steps: StepView[] }, name: StepName): StepView {
  const found = steps.find((step) => step.name === name);
  if (!found) throw new Error(`no step ${name}`);
  return found;
}

async function installedIn(namespace: string): Promise<string[]> {
  const { body } = await shop.api.get(`/api/v1/installs?namespace=${namespace}`);
  return body.installs.map(({ name }: { name: string }) => name);
}

describe('a registry that is away', () => {
  it.concurrent.each<[Case, RegExp]>([
    ['reset', /the connection was (reset|closed)/],
    ['refused', /the connection was refused/],
  ])('fails with registry_unavailable after three attempts, each told: %s', async (name, message) => {
    if (name === 'reset') shop.proxy(name).setFaults([{ kind: 'reset' }]);
    const { namespace, operation } = await run(name);
    expect(operation).toMatchObject({
      state: 'failed',
      step: 'resolve-dependencies',
      failure: { code: 'registry_unavailable', message: expect.stringMatching(message), details: { registry: name } },
    });
    const step = stepOf(operation, 'resolve-dependencies');
    expect(step.attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual(
      [1, 2, 3].map((attempt) => [attempt, 'registry_unavailable']),
    );
    for (const attempt of step.attempts)
      expect(attempt).toMatchObject({ message: expect.stringMatching(message), at: expect.any(String) });
    expect(await installedIn(namespace)).toEqual([]);
  });

  it.concurrent('is waited for when it is only slow', async () => {
    shop.proxy('slow').setFaults([{ kind: 'delay', ms: 1_000 }]);
    const { operation } = await run('slow');
    expect(operation.state).toBe('succeeded');
    expect(operation.steps.map(({ attempt }) => attempt)).toEqual(STEPS.install.map(() => 1));
  });

  it.concurrent('is tried again when it says nothing for longer than the client waits', async () => {
    shop.proxy('silent').setFaults([{ kind: 'delay', ms: SILENT_MS, path: '/versions', times: 1 }]);
    const { operation } = await run('silent');
    expect(operation.state).toBe('succeeded');
    expect(stepOf(operation, 'resolve-dependencies')).toMatchObject({
      attempt: 2,
      attempts: [{ outcome: 'registry_unavailable', message: expect.stringContaining('no answer in time') }],
    });
  }, 60_000);

  it.concurrent('is tried again when it cannot serve for a while, and the failures stay listed', async () => {
    shop.proxy('mended').setFaults([
      { kind: 'status', status: 503, path: '/archive', times: 1 },
      { kind: 'status', status: 500, path: '/archive', times: 1 },
    ]);
    const { namespace, operation } = await run('mended');
    expect(operation.state).toBe('succeeded');
    expect(stepOf(operation, 'download')).toMatchObject({
      state: 'succeeded',
      attempt: 3,
      attempts: [
        { attempt: 1, outcome: 'registry_unavailable', message: expect.stringContaining('answered 503') },
        { attempt: 2, outcome: 'registry_unavailable', message: expect.stringContaining('answered 500') },
      ],
    });
    expect(await installedIn(namespace)).toEqual(['redis-mended', 'shop-mended']);
  });
});

describe('a registry that refuses', () => {
  it.concurrent.each<[Case, number, string | undefined, StepName, ErrorCode]>([
    ['denied', 401, undefined, 'resolve-dependencies', 'authentication'],
    ['denied-late', 401, '/search', 'authenticate', 'authentication'],
    ['forbidden', 403, '/archive', 'download', 'authorization'],
    ['absent', 404, undefined, 'resolve-dependencies', 'registry_invalid'],
  ])('ends the operation at once: %s (%d)', async (name, status, path, step, code) => {
    shop.proxy(name).setFaults([{ kind: 'status', status, body: 'no', ...(path && { path }) }]);
    const { namespace, operation } = await run(name);
    expect(operation).toMatchObject({
      state: 'failed',
      step,
      failure: { code, details: { registry: name, upstreamStatus: status } },
    });
    expect(operation.failure?.guidance).not.toBe('');
    expect(stepOf(operation, step)).toMatchObject({ attempt: 1, attempts: [{ outcome: code }] });
    expect(await installedIn(namespace)).toEqual([]);
    // Nowhere in what anyone can read does the credential appear.
    const { body: history } = await shop.api.get(operation.links.history);
    expect(JSON.stringify([operation, history])).not.toContain(REGISTRY_TOKEN);
    expect(JSON.stringify(history)).not.toContain(Buffer.from(REGISTRY_TOKEN).toString('base64').replace(/=+$/, ''));
  });

  it.concurrent('ends the operation when it is no registry at all', async () => {
    shop.proxy('garbage').setFaults([{ kind: 'garbage', body: '<html>Sign in</html>', contentType: 'text/html' }]);
    const { operation } = await run('garbage');
    expect(operation).toMatchObject({
      state: 'failed',
      failure: { code: 'registry_invalid', message: expect.stringContaining('text/html') },
    });
  });

  it.concurrent('is asked again when it says so: 429 with Retry-After', async () => {
    const proxy = shop.proxy('limited');
    proxy.setFaults([{ kind: 'status', status: 429, headers: { 'retry-after': '3' }, path: '/archive', times: 1 }]);
    const { id } = await start('limited');
    const waiting = await shop.api.waitFor(id, (operation) => stepOf(operation, 'download').state === 'retrying', 10_000);
    const step = stepOf(waiting, 'download');
    expect(step).toMatchObject({ failure: { code: 'rate_limit' }, attempts: [{ outcome: 'rate_limit' }] });
    expect(Date.parse(step.nextRetryAt ?? '') - Date.now()).toBeGreaterThan(1_000);
    const operation = await shop.api.ended(id);
    expect(operation.state).toBe('succeeded');
    const { startedAt = '', endedAt = '' } = stepOf(operation, 'download');
    expect(Date.parse(endedAt) - Date.parse(startedAt)).toBeGreaterThanOrEqual(3_000);
    expect(proxy.count('GET', '/archive')).toBe(3);
  });

  it.concurrent('fails with rate_limit when it never allows more', async () => {
    shop.proxy('limited-late').setFaults([{ kind: 'status', status: 429, headers: { 'retry-after': '0' } }]);
    const { operation } = await run('limited-late');
    expect(operation).toMatchObject({ state: 'failed', failure: { code: 'rate_limit' } });
    expect(stepOf(operation, 'resolve-dependencies').attempts).toHaveLength(3);
  });
});

describe('a transfer', () => {
  it.concurrent('goes on where it broke off', async () => {
    const proxy = shop.proxy('truncated');
    proxy.setFaults([{ kind: 'truncate', bytes: 2.5 * CHUNK, path: '/redis-truncated/archive', times: 1 }]);
    const { operation } = await run('truncated');
    expect(operation.state).toBe('succeeded');
    expect(stepOf(operation, 'download')).toMatchObject({
      attempt: 2,
      attempts: [{ outcome: 'network', message: expect.stringContaining('broke off') }],
    });
    const [first, second, ...rest] = proxy.requests().filter(({ path }) => path.includes('/redis-truncated/archive'));
    expect(rest).toEqual([]);
    expect(first?.headers).not.toHaveProperty('range');
    expect(second).toMatchObject({
      status: 206,
      headers: { range: `bytes=${2 * CHUNK}-`, 'if-range': expect.stringContaining('sha256:') },
    });
    expect(second?.bytes).toBeLessThan(LARGE);
  });

  it.concurrent('shows how far it is', async () => {
    shop.proxy('throttled').setFaults([{ kind: 'throttle', bytesPerSecond: 250_000, path: '/redis-throttled/archive' }]);
    const { id } = await start('throttled');
    const half = await shop.api.waitFor(id, (operation) => (stepOf(operation, 'download').bytes?.done ?? 0) > CHUNK, 15_000);
    const step = stepOf(half, 'download');
    expect(step).toMatchObject({ state: 'running', waitingFor: 'redis-throttled@1.0.0' });
    expect(step.bytes?.total).toBeGreaterThan(LARGE);
    expect(half.percent).toBeGreaterThanOrEqual(42);
    expect((await shop.api.ended(id)).state).toBe('succeeded');
  });

  it.concurrent('starts again when less than a piece arrived', async () => {
    const proxy = shop.proxy('small');
    proxy.setFaults([{ kind: 'truncate', bytes: 512, path: '/redis-small/archive', times: 1 }]);
    const { operation } = await run('small');
    expect(operation.state).toBe('succeeded');
    const asked = proxy.requests().filter(({ path }) => path.includes('/redis-small/archive'));
    expect(asked.map(({ headers }) => headers.range)).toEqual([undefined, undefined]);
  });
});

describe('an operation that gave up on its registry', () => {
  it.concurrent('is replayed from there when the registry is mended: what stood is kept and not asked for again', async () => {
    const proxy = shop.proxy('exhausted');
    proxy.setFaults([{ kind: 'status', status: 503, path: '/archive' }]);
    const { namespace, operation: failed } = await run('exhausted');
    expect(failed).toMatchObject({ state: 'failed', step: 'download', failure: { code: 'registry_unavailable' } });
    expect(stepOf(failed, 'download').attempts).toHaveLength(3);
    expect(await installedIn(namespace)).toEqual([]);

    proxy.setFaults([]);
    proxy.clear();
    const answer = await shop.api.call('POST', `/api/v1/operations/${failed.id}/replay`, {});
    const kept = ['pre-validate', 'resolve-dependencies', 'authenticate'];
    expect(answer).toMatchObject({ status: 202, body: { from: 'download', keeps: kept } });
    const replayed = await shop.api.ended(answer.body.operation);
    expect(replayed).toMatchObject({ state: 'succeeded', replayOf: failed.id, target: failed.target });
    expect(replayed.steps.filter((step) => step.kept).map(({ name }) => name)).toEqual(kept);
    expect(replayed.steps.every(({ attempts }) => attempts.length === 0)).toBe(true);
    expect(proxy.count('GET', '/versions')).toBe(0);
    // A credential may have been revoked since: that is proven anew.
    expect(proxy.count('GET', '/search')).toBe(1);
    expect(proxy.count('GET', '/archive')).toBe(2);
    expect(await installedIn(namespace)).toEqual(['redis-exhausted', 'shop-exhausted']);
    // The failed one stays as it was.
    expect(await shop.api.operation(failed.id)).toEqual(failed);
  });
});
