import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CatalogLab } from '../support/catalog-lab.ts';

const lab = new CatalogLab();
const MINUTE = 60_000;

beforeAll(async () => {
  await lab.open();
  await lab.serve('alpha', [
    { name: 'redis', version: '7.0.0', category: 'database', tags: ['cache'] },
    { name: 'web', version: '1.0.0', category: 'web' },
  ]);
  await lab.serve('beta', [
    { name: 'redis', version: '7.0.0', category: 'database', tags: ['cache'] },
    { name: 'postgres', version: '18.0.0', category: 'database' },
  ]);
  await lab.serve('gamma', [{ name: 'queue', version: '2.0.0', category: 'messaging' }]);
}, 60_000);
afterAll(() => lab.close(), 60_000);
beforeEach(() => lab.calm());

const listings = (name: string) => lab.proxy(name).count('GET', '/api/v1/catalog');

describe('a search over several registries', () => {
  it('is one answer, attributed, with equal bytes once', async () => {
    const page = await lab.catalog().search({ sort: 'name', facets: true });
    expect(page.templates.map(({ name, registry, alsoIn }) => [name, registry, alsoIn])).toEqual([
      ['postgres', 'beta', undefined],
      ['queue', 'gamma', undefined],
      ['redis', 'alpha', ['beta']],
      ['web', 'alpha', undefined],
    ]);
    expect(page).toMatchObject({ total: 4, partial: false, errors: [], stale: [] });
    expect(page.facets?.category).toContainEqual({ value: 'database', count: 2 });
  });

  it('asks a registry once while its listing is fresh, and only for changes after that', async () => {
    let time = Date.now();
    const catalog = lab.catalog(undefined, { now: () => time });
    await Promise.all([catalog.search({}), catalog.search({ q: 'redis' }), catalog.search({ q: 'web' })]);
    expect(listings('alpha')).toBe(1);
    time += 14 * MINUTE;
    await catalog.search({});
    expect(listings('alpha')).toBe(1);
    time += 2 * MINUTE;
    await catalog.search({});
    expect(listings('alpha')).toBe(2);
    expect(lab.proxy('alpha').requests().at(-1)?.status).toBe(304);
  });

  it('asks no registry that another server has just asked, unless somebody wants that', async () => {
    const [one, two] = [lab.catalog(undefined, { scope: 'cccc' }), lab.catalog(undefined, { scope: 'cccc' })];
    await one.search({});
    await two.search({});
    expect(listings('alpha')).toBe(1);
    await two.refresh('alpha');
    expect(listings('alpha')).toBe(2);
  });

  it('asks only the registries that are named', async () => {
    const catalog = lab.catalog();
    const page = await catalog.search({ registry: ['gamma'] });
    expect(page.templates.map(({ name }) => name)).toEqual(['queue']);
    expect(listings('alpha')).toBe(0);
    await expect(catalog.search({ registry: ['nope'] })).toFailWith('registry_not_found');
  });

  it('pages without a gap or a repetition, and refuses a cursor of another query or one that was changed', async () => {
    const catalog = lab.catalog();
    const first = await catalog.search({ sort: 'name', limit: 3 });
    const cursor = first.nextCursor ?? '';
    const second = await catalog.search({ sort: 'name', limit: 3, cursor });
    expect([...first.templates, ...second.templates].map(({ name }) => name)).toEqual(['postgres', 'queue', 'redis', 'web']);
    expect(second.nextCursor).toBeUndefined();
    await expect(catalog.search({ q: 'redis', sort: 'name', cursor })).toFailWith('invalid_request');
    await expect(catalog.search({ sort: 'name', registry: ['alpha'], cursor })).toFailWith('invalid_request');
    for (let at = 0; at < cursor.length; at += 1) {
      const changed = `${cursor.slice(0, at)}${cursor[at] === 'A' ? 'B' : 'A'}${cursor.slice(at + 1)}`;
      await expect(catalog.search({ sort: 'name', cursor: changed })).toFailWith('invalid_request');
    }
  });

  it('finds what was mistyped, and names what is near when it finds nothing', async () => {
    const catalog = lab.catalog();
    expect((await catalog.search({ q: 'postgers' })).templates[0]?.name ?? 'none').toBe('postgres');
    const nothing = await catalog.search({ q: 'queu', category: ['web'] });
    expect(nothing.total).toBe(0);
    expect(nothing.suggestions).toContainEqual({ registry: 'gamma', name: 'queue' });
  });
});

describe('when a registry fails', () => {
  it.each([
    ['is away', [{ kind: 'reset' as const }], 'registry_unavailable'],
    ['answers 500', [{ kind: 'status' as const, status: 500 }], 'registry_unavailable'],
    ['asks for a credential', [{ kind: 'status' as const, status: 401 }], 'authentication'],
    ['denies', [{ kind: 'status' as const, status: 403 }], 'authorization'],
    ['limits the rate', [{ kind: 'status' as const, status: 429, headers: { 'retry-after': '7' } }], 'rate_limit'],
    ['answers html', [{ kind: 'garbage' as const, body: '<html>', contentType: 'text/html' }], 'registry_invalid'],
    ['answers garbage', [{ kind: 'garbage' as const, body: '\u0000{{{', contentType: 'application/jsonl' }], 'registry_invalid'],
    [
      'answers JSON that is 10,000 deep',
      [{ kind: 'garbage' as const, body: '['.repeat(10_000), contentType: 'application/jsonl' }],
      'registry_invalid',
    ],
    ['breaks off', [{ kind: 'truncate' as const, bytes: 50 }], 'network'],
  ])('and %s, it is told inline and the others are there', async (_what, faults, code) => {
    lab.proxy('beta').setFaults(faults);
    const page = await lab.catalog().search({ sort: 'name' });
    expect(page.templates.map(({ name }) => name)).toEqual(['queue', 'redis', 'web']);
    expect(page).toMatchObject({ partial: true, stale: [], errors: [{ registry: 'beta', code }] });
  });

  it('and is away, the categories are counted without it, and that is told', async () => {
    lab.proxy('beta').setFaults([{ kind: 'reset' }]);
    const body = await lab.catalog().categories();
    expect(body.categories).toContainEqual({ name: 'messaging', count: 1 });
    expect(body).toMatchObject({ partial: true, stale: [], errors: [{ registry: 'beta', code: 'registry_unavailable' }] });
    lab.calm();
    expect(await lab.catalog().categories()).toMatchObject({ partial: false, errors: [], stale: [] });
  });

  it('and is slow, the search goes on without it and has it the next time', async () => {
    lab.proxy('beta').setFaults([{ kind: 'delay', ms: 700 }]);
    const catalog = lab.catalog(undefined, { limits: { firstListingMs: 300 } });
    const page = await catalog.search({});
    expect(page).toMatchObject({ total: 3, partial: true, errors: [{ registry: 'beta', code: 'registry_unavailable' }] });
    await new Promise((resolve) => setTimeout(resolve, 900));
    await expect(catalog.search({})).resolves.toMatchObject({ total: 4, partial: false });
    expect(listings('beta')).toBe(1);
  });

  it('and is slow while all others have answered, the very first search does not wait for it as long as for the first of them', async () => {
    lab.proxy('gamma').setFaults([{ kind: 'delay', ms: 2_000 }]);
    const catalog = lab.catalog(['alpha', 'beta', { name: 'third', url: lab.proxy('alpha').url }, 'gamma'], {
      limits: { stragglerMs: 100, firstListingMs: 20_000 },
    });
    await expect(catalog.search({})).resolves.toMatchObject({
      total: 3,
      partial: true,
      errors: [{ registry: 'gamma', code: 'registry_unavailable', message: expect.stringContaining('than the others') }],
    });
    await catalog.refresh('gamma');
    await expect(catalog.search({})).resolves.toMatchObject({ total: 4, partial: false });
    expect(listings('gamma')).toBe(1);
  }, 10_000);

  it('and was slow before, nobody waits for it again, neither while it is asked nor the next time', async () => {
    let time = Date.now();
    lab.proxy('beta').setFaults([{ kind: 'delay', ms: 1_500 }]);
    const catalog = lab.catalog(undefined, { now: () => time, limits: { firstListingMs: 700, olderListingMs: 700 } });
    const took = async () => {
      const startedAt = performance.now();
      const { errors } = await catalog.search({});
      expect(errors).toMatchObject([{ registry: 'beta', code: 'registry_unavailable' }]);
      return performance.now() - startedAt;
    };
    const first = await took();
    const second = await took();
    expect(first).toBeGreaterThan(650);
    // It has been asked for as long as a search waits.
    expect(second).toBeLessThan(first);
    await catalog.refresh('beta');
    expect(listings('beta')).toBe(1);
    time += 25 * 60 * MINUTE;
    await took();
    expect(listings('beta')).toBe(2);
    await catalog.refresh('beta');
    time += 20 * MINUTE;
    lab.proxy('beta').setFaults([]);
    await took();
    await catalog.refresh('beta');
    time += 20 * MINUTE;
    // It was fast now, so that it is waited for again.
    await expect(catalog.search({})).resolves.toMatchObject({ partial: false, total: 4 });
  }, 20_000);

  it('what it listed before is served, with its age', async () => {
    let time = Date.now();
    const catalog = lab.catalog(undefined, { now: () => time });
    await catalog.search({});
    lab.proxy('beta').setFaults([{ kind: 'reset' }]);
    time += 20 * MINUTE;
    const page = await catalog.search({});
    expect(page).toMatchObject({ total: 4, partial: true, errors: [{ registry: 'beta' }] });
    expect(page.stale).toEqual([{ registry: 'beta', ageSeconds: 1200 }]);
    await expect(catalog.registry('beta')).resolves.toMatchObject({ status: 'stale', error: { code: 'registry_unavailable' } });
    lab.proxy('beta').setFaults([]);
    time += 20 * MINUTE;
    await expect(catalog.search({})).resolves.toMatchObject({ total: 4, partial: false, stale: [] });
    await expect(catalog.registry('beta')).resolves.toMatchObject({ status: 'ok' });
  });

  it('a server that starts again serves what was held', async () => {
    await lab.catalog(undefined, { scope: 'aaaa' }).search({});
    for (const { proxy } of lab.servers.values()) proxy.setFaults([{ kind: 'reset' }]);
    const later = lab.catalog(undefined, { scope: 'aaaa', now: () => Date.now() + 60 * MINUTE });
    await expect(later.search({})).resolves.toMatchObject({ total: 4, partial: true });
    // Another credential is another scope: it sees nothing of what this one saw.
    await expect(lab.catalog(undefined, { scope: 'bbbb' }).search({})).resolves.toMatchObject({ total: 0, partial: true });
  });

  it('it is left alone after failures in a row, and asked again later', async () => {
    let time = Date.now();
    const catalog = lab.catalog(['beta'], { now: () => time });
    lab.proxy('beta').setFaults([{ kind: 'reset' }]);
    for (let call = 0; call < 5; call += 1) await catalog.search({});
    expect(listings('beta')).toBe(3);
    await expect(catalog.health('beta')).resolves.toMatchObject({ available: false, breaker: 'open' });
    lab.proxy('beta').setFaults([]);
    time += 6_000;
    await expect(catalog.search({})).resolves.toMatchObject({ partial: false, total: 2 });
    await expect(catalog.health('beta')).resolves.toMatchObject({ available: true, breaker: 'closed' });
  });

  it('which asks for a pause, it is given that pause', async () => {
    let time = Date.now();
    const catalog = lab.catalog(['beta'], { now: () => time });
    lab.proxy('beta').setFaults([{ kind: 'status', status: 429, headers: { 'retry-after': '120' } }]);
    await catalog.search({});
    time += 100_000;
    await catalog.search({});
    expect(listings('beta')).toBe(1);
    await expect(catalog.health('beta')).resolves.toMatchObject({ figures: { rateLimitHits: 1, errors: { rate_limit: 1 } } });
  });
});

describe('twenty registries, one dead and one slow', () => {
  it('answer with the eighteen others, live as soon as each is there', async () => {
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(0, '127.0.0.1', resolve));
    const port = (dead.address() as AddressInfo).port;
    await new Promise((resolve) => dead.close(resolve));
    lab.proxy('gamma').setFaults([{ kind: 'delay', ms: 1_500 }]);
    const healthy = Array.from({ length: 18 }, (_, at) => ({ name: `mirror-${at}`, url: lab.proxy('alpha').url }));
    const names = [...healthy, { name: 'dead', url: `http://127.0.0.1:${port}` }, { name: 'slow', url: lab.proxy('gamma').url }];
    const page = await lab.catalog(names, { limits: { firstListingMs: 1_000 } }).search({ sort: 'name' });
    expect(page.templates.map(({ name, alsoIn }) => [name, alsoIn?.length])).toEqual([
      ['redis', 17],
      ['web', 17],
    ]);
    expect(page.errors.map(({ registry }) => registry).sort()).toEqual(['dead', 'slow']);

    const events: string[] = [];
    const live = lab.catalog(names).searchLive({}, new AbortController().signal);
    for await (const { event, data } of live) events.push(event === 'registry' ? `${data.registry} ${data.total}` : event);
    expect(events[0]).toBe('held');
    expect(events.slice(-2)).toEqual(['slow 1', 'done']);
    expect(events).toHaveLength(22);
  }, 20_000);
});

describe('two servers that list each other', () => {
  it('ask only for what the other publishes itself', async () => {
    const seen: string[] = [];
    const servers: Server[] = [];
    // Each answers a catalog by asking the other, unless it is asked for its own alone.
    const start = async (): Promise<string> => {
      const server = createServer((request, response) => {
        seen.push(request.url ?? '');
        if (!request.url?.includes('scope=local')) response.destroy();
        else response.writeHead(200, { 'content-type': 'application/jsonl' }).end('');
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    const catalog = lab.catalog([
      { name: 'one', url: await start() },
      { name: 'two', url: await start() },
    ]);
    await expect(catalog.search({})).resolves.toMatchObject({ total: 0, partial: false });
    expect(seen).toEqual(['/api/v1/catalog?scope=local', '/api/v1/catalog?scope=local']);
    for (const server of servers) server.close();
  });
});
