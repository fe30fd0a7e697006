import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type CheckedClient, documentProblems } from '../support/openapi-check.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { freshNamespace, openShopLab } from '../support/shop-lab.ts';

let shop: ShopLab;
let api: CheckedClient;

beforeAll(async () => {
  shop = await openShopLab();
  await shop.lab.startWorker();
  api = await shop.checked();
}, 180_000);

afterAll(async () => {
  await shop?.close();
}, 60_000);

/** Installs and answers the ended operation. */
async function install(namespace: string, ref: string) {
  return api.ended(await api.install(namespace, ref));
}

describe('the API', () => {
  it.each([
    [
      'an operation',
      'GET',
      '/api/v1/operations/install.local.nowhere.none.00000000-0000-4000-8000-000000000000',
      'operation_not_found',
    ],
    ['a text that is no operation id', 'GET', '/api/v1/operations/nonsense', 'operation_not_found'],
    ['events of an operation', 'GET', '/api/v1/operations/nonsense/events', 'operation_not_found'],
    ['a history', 'GET', '/api/v1/operations/nonsense/history', 'operation_not_found'],
    ['a replay', 'POST', '/api/v1/operations/nonsense/replay', 'operation_not_found'],
    ['a cancel', 'POST', '/api/v1/operations/nonsense/cancel', 'operation_not_found'],
    ['an install', 'GET', '/api/v1/installs/local.nowhere.none', 'install_not_found'],
    ['an uninstall', 'DELETE', '/api/v1/installs/local.nowhere.none', 'install_not_found'],
    ['a text that is no install id', 'GET', '/api/v1/installs/nonsense', 'install_not_found'],
    ['a template', 'GET', '/api/v1/templates/none', 'template_not_found'],
    ['a registry', 'GET', '/api/v1/search?registry=none', 'registry_not_found'],
    ['a path', 'GET', '/api/v1/nothing', 'not_found'],
  ])('answers 404 for %s that is not there', async (_what, method, path, code) => {
    const answer = await api.call(method, path);
    expect(answer.status).toBe(404);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.body).toMatchObject({ status: 404, code, instance: path.split('?')[0], requestId: expect.any(String) });
    expect(answer.body.guidance).not.toBe('');
  });

  it.each([
    ['an unknown key', { ref: 'shop', colour: 'red' }, [{ path: 'body/colour', message: 'is not known here' }]],
    ['a missing reference', { namespace: 'a' }, [{ path: 'body/ref' }]],
    ['a namespace that cannot be one', { ref: 'shop', namespace: 'A_b' }, [{ path: 'body/namespace' }]],
    [
      'values of another type',
      { ref: 'shop', force: 'yes', acceptUnsigned: 1 },
      [{ path: 'body/acceptUnsigned' }, { path: 'body/force' }],
    ],
    ['a body that is a list', [], [{ path: 'body' }]],
  ])('answers 400 for %s, naming each place', async (_what, body, issues) => {
    const answer = await api.call('POST', '/api/v1/installs', body);
    expect(answer.status).toBe(400);
    expect(answer.body.code).toBe('invalid_request');
    expect(answer.body.errors).toEqual(issues.map((issue) => expect.objectContaining(issue)));
  });

  it.each(['not a reference', 'shop@', 'a/b/c', 'Shop', 'shop@not-a-range', '../etc', 'shop@^1.0.0 ||| 2'])(
    'answers 400 for the reference "%s", showing a right one',
    async (ref) => {
      const answer = await api.call('POST', '/api/v1/installs', { namespace: freshNamespace(), ref });
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_reference', templateError: { type: 'version' } } });
      expect(answer.body.detail).toContain('redis@^7.0.0');
    },
  );

  it('answers 400 for a query it does not know, and for a body that is no JSON', async () => {
    expect(await api.get('/api/v1/installs?colour=red')).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', errors: [{ path: 'query/colour' }] },
    });
    expect(await api.get('/api/v1/operations?limit=0')).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'query/limit' }] },
    });
    expect(await api.get('/api/v1/operations?cursor=bm90LW91cnM')).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
    const broken = await fetch(`${api.url}/api/v1/installs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${api.token}`, 'content-type': 'application/json' },
      body: '{"ref": ',
    });
    expect([broken.status, await broken.json()]).toMatchObject([400, { code: 'invalid_request' }]);
  });

  it.each([
    ['no token', {}],
    ['another token', { authorization: 'Bearer chandlery-wrong-token' }],
    ['another scheme', { authorization: 'Basic YWRtaW46YWRtaW4=' }],
  ])('answers 401 for %s, on every path', async (_what, headers) => {
    for (const path of ['/api/v1/installs', '/api/v1/operations', '/api/v1/search', '/api/v1/nothing']) {
      const response = await fetch(`${api.url}${path}`, { headers });
      expect([path, response.status, response.headers.get('www-authenticate')]).toEqual([path, 401, 'Bearer']);
      expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
    }
  });

  it('needs no token for its health and its document', async () => {
    for (const path of ['/healthz', '/readyz', '/openapi.json']) expect((await fetch(`${api.url}${path}`)).status).toBe(200);
    expect(await (await fetch(`${api.url}/readyz`)).json()).toEqual({
      ok: true,
      parts: [
        { name: 'store', ok: true },
        { name: 'engine', ok: true },
      ],
    });
  });

  it('lists operations, by namespace and by state, in pages', async () => {
    const namespace = freshNamespace();
    const ids = [];
    for (const ref of ['main/redis@7.0.0', 'main/redis@7.2.0', 'main/redis@99']) ids.unshift((await install(namespace, ref)).id);
    const list = (query: string) => api.get(`/api/v1/operations?namespace=${namespace}${query}`);
    // The engine's list trails its truth by moments.
    let { body } = await list('');
    for (let tries = 0; body.operations.length < ids.length && tries < 50; tries += 1) ({ body } = await list(''));
    expect(body.operations.map(({ id }: { id: string }) => id)).toEqual(ids);
    expect((await list('&state=failed')).body.operations).toMatchObject([{ id: ids[0], state: 'failed', kind: 'install' }]);
    const first = await list('&limit=2');
    expect(first.body.operations).toHaveLength(2);
    const second = await list(`&limit=2&cursor=${encodeURIComponent(first.body.nextCursor)}`);
    expect(second.body.operations).toMatchObject([{ id: ids[2] }]);
  });

  it('finds templates, and tells which version a namespace has', async () => {
    const namespace = freshNamespace();
    await install(namespace, 'main/redis@7.0.0');
    const { body } = await api.get(`/api/v1/search?q=redis&registry=main&namespace=${namespace}`);
    expect(body).toMatchObject({ partial: false, templates: [{ name: 'redis', version: '7.2.0', installed: '7.0.0' }] });
    expect((await api.get('/api/v1/templates/shop?registry=main')).body).toMatchObject({ versions: ['1.1.0', '1.0.0'] });
    expect((await api.get('/api/v1/categories')).status).toBe(200);
    expect((await api.get('/api/v1/templates/web-app/versions')).status).toBe(200);
  });

  it('describes itself in a valid OpenAPI 3.1 document, and answers as it says', async () => {
    expect(documentProblems(api.document)).toEqual([]);
    const namespace = freshNamespace();
    const { id } = await install(namespace, 'docs');
    expect((await api.get(`/api/v1/installs?namespace=${namespace}`)).body.installs).toHaveLength(2);
    expect((await api.get(`/api/v1/installs/local.${namespace}.web`)).body).toMatchObject({ dependents: ['docs'] });
    await api.ended(await api.uninstall(namespace, 'docs'));
    expect((await api.get(`/api/v1/operations/${id}/history`)).body.events.length).toBeGreaterThan(20);
    expect((await api.call('POST', `/api/v1/operations/${id}/replay`, { from: 'start' })).status).toBe(202);
    // Each answer of this file was held against the document; these are the ones a client lives on.
    expect([...api.checked]).toEqual(
      expect.arrayContaining([
        'POST /api/v1/installs 202',
        'POST /api/v1/installs 400',
        'GET /api/v1/installs 200',
        'GET /api/v1/installs/{id} 200',
        'GET /api/v1/installs/{id} 404',
        'DELETE /api/v1/installs/{id} 202',
        'GET /api/v1/operations 200',
        'GET /api/v1/operations/{id} 200',
        'GET /api/v1/operations/{id} 404',
        'GET /api/v1/operations/{id}/history 200',
        'POST /api/v1/operations/{id}/replay 202',
        'GET /api/v1/search 200',
        'GET /api/v1/templates/{name} 200',
      ]),
    );
  });
});
