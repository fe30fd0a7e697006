import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readEvents } from '../../src/cli/sse.ts';
import type { DeployLab } from './support/deploy-lab.ts';
import { openDeployLab } from './support/deploy-lab.ts';

let lab: DeployLab;

beforeAll(async () => {
  lab = await openDeployLab([
    { name: 'queue', version: '1.0.0', category: 'messaging', tags: ['events'] },
    { name: 'queue', version: '1.1.0', category: 'messaging', tags: ['events'] },
    { name: 'cache-one', version: '1.0.0', category: 'database', tags: ['cache', 'fast'] },
  ]);
}, 120_000);
afterAll(async () => await lab?.close(), 60_000);

// biome-ignore lint/suspicious/noExplicitAny: an answer is looked into freely
const names = (body: any) => body.templates.map(({ name }: { name: string }) => name);

describe('GET /search', () => {
  it('searches every registry at once, with counts when they are asked for', async () => {
    const { status, body } = await lab.dev.get('/api/v1/search?sort=name&limit=100&facets=true');
    expect(status).toBe(200);
    expect(names(body)).toEqual(expect.arrayContaining(['cache-one', 'queue', 'redis']));
    expect(body).toMatchObject({ partial: false, errors: [], stale: [] });
    expect(body.facets.registry).toContainEqual({ value: 'main', count: 2 });
    expect((await lab.dev.get('/api/v1/search')).body.facets).toBeUndefined();
  });

  it.each([
    ['category=messaging&category=database&registry=main', ['cache-one', 'queue']],
    ['categories=messaging,database&registry=main', ['cache-one', 'queue']],
    ['tag=cache,fast&registry=main', ['cache-one']],
    ['registry=main&registryType=community&type=manifests,helm', ['cache-one', 'queue']],
    ['registry=main&type=helm', []],
    ['registry=main&verified=true', []],
    ['registry=main&verified=false', ['cache-one', 'queue']],
    ['q=queeu&registry=main', ['queue']],
    ['registry=main&minRating=1', []],
  ])('narrows by %s', async (query, found) => {
    expect(names((await lab.dev.get(`/api/v1/search?sort=name&${query}`)).body)).toEqual(found);
  });

  it('leads on by cursor', async () => {
    const first = await lab.dev.get('/api/v1/search?registry=main&sort=name&limit=1');
    const next = await lab.dev.get(`/api/v1/search?registry=main&sort=name&limit=1&cursor=${first.body.nextCursor}`);
    expect([...names(first.body), ...names(next.body)]).toEqual(['cache-one', 'queue']);
    expect(next.body.nextCursor).toBeUndefined();
    const other = await lab.dev.get(`/api/v1/search?registry=main&limit=1&cursor=${first.body.nextCursor}`);
    expect(other).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ path: 'cursor' }] } });
  });

  it.each(['colour=red', 'limit=0', 'verified=maybe', 'type=magic', 'sort=luck', 'page=2', 'minRating=5.5', 'minRating=good'])(
    'refuses %s',
    async (query) => {
      expect(await lab.dev.get(`/api/v1/search?${query}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    },
  );

  it('tells it live, to whom asks for events', async () => {
    const response = await fetch(`${lab.dev.url}/api/v1/search?registry=main&sort=name`, {
      headers: { authorization: `Bearer ${lab.dev.token}`, accept: 'text/event-stream' },
    });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const events: Array<[string, unknown]> = [];
    for await (const event of readEvents(response.body as unknown as AsyncIterable<Uint8Array>))
      if (event) events.push([event.event, names(JSON.parse(event.data))]);
    expect(events[0]?.[0]).toBe('held');
    expect(events.at(-1)).toEqual(['done', ['cache-one', 'queue']]);
  });

  it('answers a registry that does not exist with 404, to whom asks for events too', async () => {
    for (const accept of ['application/json', 'text/event-stream'])
      expect(await lab.dev.call('GET', '/api/v1/search?registry=none', undefined, { accept })).toMatchObject({ status: 404 });
  });
});

describe('GET /templates/{name}', () => {
  it('is of the registry that is named, or that the bare name means', async () => {
    const { body } = await lab.dev.get('/api/v1/templates/queue?registry=main');
    expect(body).toMatchObject({ registry: 'main', version: '1.1.0', versions: ['1.1.0', '1.0.0'] });
    expect((await lab.dev.get('/api/v1/templates/redis')).body.registry).toBe('local');
    expect((await lab.dev.get('/api/v1/templates/queue?version=1.0.0')).body.version).toBe('1.0.0');
  });

  it('names what is near when there is none', async () => {
    const { status, body } = await lab.dev.get('/api/v1/templates/queu');
    expect(status).toBe(404);
    expect(body.code).toBe('template_not_found');
    expect(body.alternatives).toEqual(expect.arrayContaining([expect.stringContaining('queue')]));
  });
});

describe('GET /categories', () => {
  it('counts over every registry', async () => {
    const { body } = await lab.dev.get('/api/v1/categories');
    expect(body.categories).toContainEqual({ name: 'messaging', count: 1 });
    expect(body).toMatchObject({ partial: false, errors: [], stale: [] });
    expect((await lab.dev.get('/api/v1/categories?scope=local')).body.categories).not.toContainEqual(
      expect.objectContaining({ name: 'messaging' }),
    );
  });
});

describe('/registries', () => {
  it('lists them with how they are', async () => {
    await lab.dev.get('/api/v1/search');
    const { body } = await lab.dev.get('/api/v1/registries');
    expect(body.registries).toMatchObject([
      { name: 'local', status: 'ok', default: false },
      { name: 'main', status: 'ok', default: true, kind: 'chandlery', type: 'community', templates: 2, credential: 'none' },
    ]);
    expect((await lab.dev.get('/api/v1/registries/main')).body).toMatchObject({ name: 'main', problems: [] });
    expect((await lab.dev.get('/api/v1/registries/none')).status).toBe(404);
  });

  it('tells how one has been answering', async () => {
    const { body } = await lab.dev.get('/api/v1/registries/main/health');
    expect(body).toMatchObject({ registry: 'main', available: true, breaker: 'closed', figures: { failures: 0 } });
    expect((await lab.dev.get('/api/v1/registries/none/health')).status).toBe(404);
  });

  it('tests and refreshes one, and writes down who asked', async () => {
    expect((await lab.dev.call('POST', '/api/v1/registries/main/test')).body).toMatchObject({ ok: true, outcome: 'ok' });
    const refreshed = await lab.dev.call('POST', '/api/v1/registries/main/refresh');
    expect(refreshed).toMatchObject({ status: 200, body: { registry: 'main', state: 'unchanged', templates: 2 } });
    expect(lab.audited.slice(-2)).toMatchObject([
      { actor: 'dev', action: 'test-registry', object: 'registry/main' },
      { actor: 'dev', action: 'refresh-registry', object: 'registry/main' },
    ]);
    expect((await lab.dev.call('POST', '/api/v1/registries/none/refresh')).status).toBe(404);
  });
});
