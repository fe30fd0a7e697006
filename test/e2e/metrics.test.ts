import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiClient } from '../../tools/lab/api-client.ts';
import { freshNamespace, openShopLab, type ShopLab } from '../support/shop-lab.ts';

/** Quick enough to be seen, and not before the first check at start has ended. */
const ENV = { CHANDLERY_HEALTH_INTERVAL: '10s', CHANDLERY_WORKER_METRICS_PORT: '0', CHANDLERY_CACHE_SEARCH: '2s' };

let shop: ShopLab;

beforeAll(async () => {
  shop = await openShopLab({ env: ENV, more: ['flaky'] });
}, 120_000);
afterAll(() => shop.close(), 60_000);

/** Values by name with labels, as a scraper would keep them. */
function parse(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

async function scrape(url = shop.api.url, token = shop.api.token): Promise<Map<string, number>> {
  const { status, body } = await new ApiClient(url, token).get('/metrics');
  expect(status).toBe(200);
  return parse(body as string);
}

async function until<T>(read: () => Promise<T | undefined>, ms = 30_000): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await read();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error('it did not come in time');
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function tokenWith(more: object): Promise<string> {
  const { status, body } = await shop.api.call('POST', '/api/v1/tokens', { user: 'prometheus', ...more });
  expect(status).toBe(201);
  return body.token;
}

const search = (query: string) => shop.api.get(`/api/v1/search?${query}`);

describe('GET /metrics', () => {
  it('is for administrators, and for tokens with its scope', async () => {
    const get = async (token: string) => (await new ApiClient(shop.api.url, token).get('/metrics')).status;
    expect(await get('none')).toBe(401);
    expect(await get(await tokenWith({ roles: [{ role: 'viewer', namespace: '*' }] }))).toBe(403);
    expect(await get(await tokenWith({ roles: [], scopes: ['metrics:read'] }))).toBe(200);
    expect(await get(shop.api.token)).toBe(200);
  });

  it('shows each of the five figures of a registry move', async () => {
    const of = (name: string, labels = '') => `chandlery_registry_${name}{registry="flaky"${labels}}`;
    const faulty = async (status: number, path: string) => {
      shop.proxy('flaky').setFaults([{ kind: 'status', status, headers: { 'retry-after': '0' } }]);
      await shop.api.get(path);
      shop.proxy('flaky').setFaults([]);
      // Once refused, the registry is left alone until somebody asks for it.
      await shop.api.call('POST', '/api/v1/registries/flaky/refresh');
    };
    await search('registry=flaky&q=redis');
    await search('registry=flaky&q=redis');
    const before = await scrape();
    // Some find what is held fresh, and some do not.
    await until(async () => {
      await search('registry=flaky&q=web');
      const now = await scrape();
      const more = (result: string) => {
        const name = of('cache_requests_total', `,tier="search",result="${result}"`);
        return (now.get(name) ?? 0) > (before.get(name) ?? 0);
      };
      return more('hit') && more('miss') ? true : undefined;
    });
    await faulty(401, '/api/v1/templates/docs?registry=flaky');
    await faulty(429, '/api/v1/templates/shop?registry=flaky');
    const after = await scrape();
    const moved = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0);
    // Response time, success rate, cache hit rate, auth failures, rate-limit hits (reference 2).
    expect(moved(of('request_duration_seconds_count', ',work="listing"'))).toBeGreaterThan(0);
    expect(moved(of('request_duration_seconds_sum', ',work="listing"'))).toBeGreaterThan(0);
    expect(moved(of('requests_total', ',outcome="success"'))).toBeGreaterThan(0);
    expect(moved(of('requests_total', ',outcome="failure"'))).toBe(2);
    expect(moved(of('cache_requests_total', ',tier="search",result="miss"'))).toBeGreaterThan(0);
    expect(moved(of('cache_requests_total', ',tier="search",result="hit"'))).toBeGreaterThan(0);
    expect(moved(of('auth_failures_total'))).toBe(1);
    expect(moved(of('rate_limit_hits_total'))).toBe(1);
    expect(moved(of('errors_total', ',code="authentication"'))).toBe(1);
    expect(after.get(of('templates'))).toBe(4);
    expect(after.get(of('listing_age_seconds'))).toBeLessThan(30);
    expect(after.get(of('circuit_state', ',state="closed"'))).toBe(1);
  }, 60_000);

  it('shows the circuit of a registry that is left alone', async () => {
    shop.proxy('flaky').setFaults([{ kind: 'status', status: 401 }]);
    await shop.api.get('/api/v1/templates/redis?registry=flaky&version=6.2.0');
    expect((await scrape()).get('chandlery_registry_circuit_state{registry="flaky",state="open"}')).toBe(1);
    shop.proxy('flaky').setFaults([]);
    await shop.api.call('POST', '/api/v1/registries/flaky/refresh');
    expect((await scrape()).get('chandlery_registry_circuit_state{registry="flaky",state="open"}')).toBe(0);
  });

  it('knows requests by their route, never by their path', async () => {
    for (const path of [
      '/api/v1/templates/shop',
      '/api/v1/templates/no-such-thing',
      '/wp-login.php?x=1',
      '/api/v1/templates/%zz',
    ])
      await shop.api.get(path);
    const values = await scrape();
    const http = [...values.keys()].filter((name) => name.startsWith('chandlery_http_requests_total'));
    expect(http).toContain('chandlery_http_requests_total{method="GET",route="/api/v1/templates/{name}",status="2xx"}');
    expect(http).toContain('chandlery_http_requests_total{method="GET",route="/api/v1/templates/{name}",status="4xx"}');
    expect(http).toContain('chandlery_http_requests_total{method="GET",route="none",status="4xx"}');
    for (const name of values.keys()) expect(name).not.toMatch(/no-such-thing|wp-login|"shop"|"redis"/);
  });
});

describe('with a worker', () => {
  let workerUrl = '';

  beforeAll(async () => {
    await shop.lab.startWorker();
    workerUrl = await until(async () => {
      const lines = (await readFile(join(shop.lab.dir, 'worker.log'), 'utf8')).split('\n');
      const told = lines.find((line) => line.includes("the worker's metrics are served"));
      return told && (JSON.parse(told).url as string).replace('/metrics', '');
    });
  }, 60_000);

  it('operations are counted by kind and outcome, where the worker tells its own metrics', async () => {
    expect((await new ApiClient(workerUrl, 'none').get('/metrics')).status).toBe(401);
    const namespace = freshNamespace();
    await shop.api.ended(await shop.api.install(namespace, 'main/shop'));
    await shop.api.ended(await shop.api.install(namespace, 'main/redis@^99.0.0'));
    const values = await scrape(workerUrl);
    expect(values.get('chandlery_operations_started_total{kind="install"}')).toBe(2);
    expect(values.get('chandlery_operations_ended_total{kind="install",outcome="succeeded"}')).toBe(1);
    expect(values.get('chandlery_operations_ended_total{kind="install",outcome="failed"}')).toBe(1);
    expect((await new ApiClient(workerUrl, shop.api.token).get('/healthz')).status).toBe(404);
  }, 60_000);

  it('a template tells how often it was found and installed, and how that went', async () => {
    await search('q=shop&registry=main');
    const metrics = await until(async () => {
      const { body } = await shop.api.get('/api/v1/templates/shop/metrics?registry=main');
      return body.searches > 0 && body.installs.total > 0 ? body : undefined;
    });
    expect(metrics).toMatchObject({ name: 'shop', registry: 'main', installs: { succeeded: 1, failed: 0, successRate: 1 } });
    expect(Object.keys(metrics.validations)).toEqual([expect.stringMatching(/^(passed|warned)$/)]);
    const redis = (await shop.api.get('/api/v1/templates/redis/metrics')).body;
    expect(redis.installs).toMatchObject({ failed: 1, successRate: 0 });
    expect(Object.values(redis.errors)).toEqual([1]);
    const { status, body } = await shop.api.get('/api/v1/templates/reddis/metrics');
    expect([status, body.code, body.alternatives]).toEqual([
      404,
      'template_not_found',
      expect.arrayContaining([expect.stringMatching(/.redis$/)]),
    ]);
  }, 60_000);

  it('each registry is looked at by the clock, and a server that makes no checks shows them too', async () => {
    shop.proxy('flaky').setFaults([{ kind: 'status', status: 503 }]);
    const { client: second } = await shop.lab.startApi();
    const of = async (name: string) => (await second.get(`/api/v1/registries/${name}/health`)).body.checks;
    const flaky = await until(async () => {
      const checks = await of('flaky');
      return checks?.latest.ok === false ? checks : undefined;
    });
    expect(flaky.latest).toMatchObject({ code: 'registry_unavailable', bytes: 0 });
    expect(flaky.window.errors).toMatchObject({ registry_unavailable: expect.any(Number) });
    const main = await of('main');
    expect(main).toMatchObject({ latest: { ok: true }, window: { failures: 0, errorRate: 0, pattern: 'healthy' } });
    expect(main.latest.bytes).toBeGreaterThan(0);
    expect(main.latest.bytesPerSecond).toBeGreaterThan(0);
    const values = await scrape(second.url, second.token);
    expect(values.get('chandlery_registry_available{registry="flaky"}')).toBe(0);
    expect(values.get('chandlery_registry_available{registry="main"}')).toBe(1);
    shop.proxy('flaky').setFaults([]);
    const recovered = await until(async () => {
      const checks = await of('flaky');
      return checks.latest.ok ? checks : undefined;
    });
    expect(['recovered', 'intermittent']).toContain(recovered.window.pattern);
  }, 90_000);
});
