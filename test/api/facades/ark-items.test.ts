import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createItemsAggregator, ITEM_LIMITS, type ItemLimits } from '../../../src/api/facades/ark/items.ts';
import type { FetchedItems } from '../../../src/domain/sources/items.ts';
import { type ArkSources, openArkSources } from '../../support/ark-lab.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../../support/cluster.ts';
import { DOCUMENT } from '../../support/source-server.ts';

const silent = { warn: () => undefined };
const source = (name: string, url = `https://x.example/${name}`) => ({ name, url, displayName: null });
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the items of many sources', () => {
  const collect = async (
    fetch: (url: string, signal: AbortSignal) => Promise<FetchedItems>,
    names: string[],
    limits: Partial<ItemLimits> = {},
  ) => {
    const items = createItemsAggregator({ fetcher: { fetch }, log: silent, limits: { ...ITEM_LIMITS, ...limits } });
    const sources = names.map((name) => source(name));
    const ask = async (refresh = false, namespace = 'a', of = sources) =>
      JSON.parse(await items.collect({ namespace, sources: of, startedAt: performance.now(), refresh }));
    return { ask, first: await ask() };
  };
  const counting = () => {
    const asked: string[] = [];
    return { asked, fetch: async (url: string): Promise<FetchedItems> => ({ items: `[{"at":${asked.push(url)}}]` }) };
  };

  it('are fetched at the same time and told in the order of the list', async () => {
    const names = ['c', 'a', 'b'];
    let most = 0;
    let now = 0;
    const { first } = await collect(async () => {
      now += 1;
      most = Math.max(most, now);
      await wait(20);
      now -= 1;
      return { items: '[]' };
    }, names);
    expect(first.map((entry: { source: string }) => entry.source)).toEqual(names);
    expect(most).toBe(3);
  });

  it('are aggregator_timeout when the whole time is over, also those that were still waiting for their turn', async () => {
    const startedAt = performance.now();
    const { first } = await collect(
      (url) => (url.endsWith('quick') ? Promise.resolve({ items: '[{}]' }) : new Promise(() => undefined)),
      ['quick', 'stuck', 'stuck2', 'waiting'],
      { totalMs: 200, atOnce: 2 },
    );
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(first[0]).toEqual({ source: 'quick', displayName: 'quick', items: [{}] });
    for (const entry of first.slice(1)) expect(entry.error.code).toBe('aggregator_timeout');
  });

  it('are remembered by namespace, name and url, for their time', async () => {
    const { asked, fetch } = counting();
    const { ask } = await collect(fetch, ['a'], { cacheMs: 300 });
    await ask();
    expect(asked).toHaveLength(1);
    await ask(false, 'another');
    expect(asked).toHaveLength(2);
    await ask(false, 'a', [source('b', 'https://x.example/a')]);
    expect(asked).toHaveLength(3);
    await ask(false, 'a', [source('a', 'https://x.example/new')]);
    expect(asked).toHaveLength(4);
    // Back to the first address: it is still there.
    await ask();
    expect(asked).toHaveLength(4);
    await ask(true);
    expect(asked).toHaveLength(5);
    await wait(400);
    await ask();
    expect(asked).toHaveLength(6);
  });

  it('share the fetch of callers of the same moment', async () => {
    const { asked, fetch } = counting();
    const slow = async (url: string) => {
      await wait(50);
      return fetch(url);
    };
    const { ask } = await collect(slow, []);
    await Promise.all([1, 2, 3].map(() => ask(true, 'a', [source('x')])));
    expect(asked).toHaveLength(1);
  });

  it('are fetched again at once after a failure', async () => {
    let answer: FetchedItems = { error: { code: 'http_error', message: 'source returned HTTP 503' } };
    const { ask, first } = await collect(async () => answer, ['a']);
    expect(first[0].error.code).toBe('http_error');
    answer = { items: '[{"ok":true}]' };
    expect((await ask())[0].items).toEqual([{ ok: true }]);
  });

  it('leave a source out, and tell it, where all together would be too much', async () => {
    const { first } = await collect(async () => ({ items: JSON.stringify([{ text: 'x'.repeat(60) }]) }), ['a', 'b'], {
      answerChars: 100,
    });
    expect(first.map((entry: { items?: unknown; error?: { code: string } }) => entry.error?.code)).toEqual([
      undefined,
      'network_error',
    ]);
  });

  it('have the limits of the contract', () => {
    expect(ITEM_LIMITS).toMatchObject({ sourceMs: 10_000, totalMs: 30_000, cacheMs: 3_600_000, cacheEntries: 512 });
  });
});

describeCluster('marketplace-items', () => {
  let lab: ArkSources;
  let server: ArkSources['server'];
  let ann: ArkSources['ann'];
  let namespace: string;
  const items = (query = '') => ann.get(`/api/v1/namespaces/${namespace}/marketplace-items${query}`);
  const write = (sources: Record<string, string>) =>
    lab.byHand(
      namespace,
      Object.fromEntries(Object.entries(sources).map(([name, path]) => [name, JSON.stringify({ url: `${server.url}${path}` })])),
    );

  beforeAll(async () => {
    lab = await openArkSources();
    ({ server, ann, namespace } = lab);
  }, CLUSTER_TIMEOUT_MS);

  afterAll(async () => await lab?.close(), 60_000);

  it('is always 200 with one entry per source, the slow ones after 10 s', async () => {
    await write({ good: '/good', hang: '/hang', drip: '/drip', denied: '/status/401', down: '/status/500', html: '/html' });
    await lab.byHand(namespace, {
      broken: '{"url":',
      named: `{"url":"${server.url}/good?2","displayName":"A name"}`,
      redirect: JSON.stringify({ url: `${server.url}/to-loopback` }),
    });
    const startedAt = performance.now();
    const { status, body, headers } = await items();
    const ms = performance.now() - startedAt;
    expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(ms).toBeGreaterThan(9_500);
    expect(ms).toBeLessThan(20_000);
    const good = JSON.parse(DOCUMENT).items;
    const failed = (name: string, code: string) => ({
      source: name,
      displayName: name,
      error: { code, message: expect.any(String) },
    });
    expect(body).toEqual([
      failed('broken', 'parse_error'),
      failed('denied', 'http_error'),
      failed('down', 'http_error'),
      failed('drip', 'fetch_timeout'),
      { source: 'good', displayName: 'good', items: good },
      failed('hang', 'fetch_timeout'),
      failed('html', 'parse_error'),
      { source: 'named', displayName: 'A name', items: good },
      failed('redirect', 'network_error'),
    ]);
  }, 30_000);

  it('serves from memory what was fetched, with the present label, and nothing to who may not read', async () => {
    namespace = await lab.cluster.namespace('ann');
    await write({ one: '/good?cached' });
    await items();
    const path = `/api/v1/namespaces/${namespace}/marketplace-sources/one`;
    await ann.call('PATCH', path, { url: `${server.url}/good?cached`, displayName: 'New label' });
    expect((await items()).body).toMatchObject([{ source: 'one', displayName: 'New label', items: [{ name: 'phoenix' }, {}] }]);
    const asked = () => server.asked.filter((one) => one === '/good?cached').length;
    expect(asked()).toBe(1);
    const eve = await lab.as({ user: 'eve', groups: [] });
    expect(await eve.get(`/api/v1/namespaces/${namespace}/marketplace-items`)).toMatchObject({
      status: 403,
      body: { error: 'impersonation_forbidden', user: 'eve' },
    });
    await items('?refresh=true');
    expect(asked()).toBe(2);
    expect((await items('?refresh=maybe')).status).toBe(400);
  });

  it('names the source and the code in the log, never the address', () => {
    const lines = lab.logged.filter((line) => line.includes('gives no items'));
    expect(lines.some((line) => line.includes('"source":"down"') && line.includes('http_error'))).toBe(true);
    expect(lab.logged.filter((line) => line.includes('localhost:'))).toEqual([]);
  });
});
