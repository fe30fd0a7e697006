import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HelmdeckLab, TOKEN } from '../../support/helmdeck-lab.ts';
import { createPackCatalog, FILES, INDEX, packText } from '../../support/pack-catalog.ts';

const MANIFEST = '/packs/cmd.upper/helmdeck-pack.yaml';
const lab = new HelmdeckLab();

beforeAll(() => lab.open(), 120_000);
afterAll(() => lab.close(), 60_000);
beforeEach(() => lab.begin({ '/index.yaml': INDEX, [MANIFEST]: packText('cmd.upper') }));
afterEach(() => lab.end());

const problem = (status: number, error: string) => ({
  status,
  body: { status, error, code: error, message: expect.any(String), detail: expect.any(String) },
});

describe('GET /marketplace/catalog', () => {
  it('answers what was fetched at start, as the reference has it', async () => {
    const { status, body } = await (await lab.face()).ready();
    expect(status).toBe(200);
    expect(body).toEqual({
      index: {
        catalog_version: 'v1',
        packs: [
          {
            name: 'cmd.upper',
            version: 'v1',
            path: 'packs/cmd.upper',
            description: 'Uppercase a string.',
            author: 'tosin2013',
            category: 'developer-tools',
            tags: ['example', 'string'],
            installs: 12,
          },
          {
            name: 'cmd.dated',
            version: '2026.05',
            path: 'packs/cmd.dated/',
            description: 'With a date for a version.',
            author: 'tosin2013',
          },
        ],
      },
      meta: {
        source: lab.upstream.url,
        resolved_url: `${lab.upstream.url}/index.yaml`,
        fetched_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      },
    });
  });

  it('does not fetch: a changed index shows only after a refresh', async () => {
    const face = await lab.face();
    await face.ready();
    lab.upstream.texts['/index.yaml'] = 'packs: []';
    for (let times = 0; times < 5; times += 1) expect((await face.catalog()).body.index.packs).toHaveLength(2);
    expect(lab.upstream.asked).toEqual(['GET /index.yaml']);
    expect((await face.refresh()).body.index).toEqual({ packs: [] });
    expect((await face.catalog()).body.index).toEqual({ packs: [] });
  });

  it('answers marketplace_not_ready while the first fetch is under way, and the start does not wait for it', async () => {
    let answer = () => undefined as unknown;
    lab.upstream.texts['/index.yaml'] = (_request, response) => {
      answer = () => response.end(INDEX);
    };
    const face = await lab.face();
    expect(await face.catalog()).toMatchObject(problem(503, 'marketplace_not_ready'));
    expect(await face.pack('cmd.upper')).toMatchObject(problem(503, 'marketplace_not_ready'));
    while (lab.upstream.asked.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    answer();
    expect(await face.ready()).toMatchObject({ status: 200 });
  });

  it('stays not ready after a start without an answer, says why, and recovers by a refresh', async () => {
    delete lab.upstream.texts['/index.yaml'];
    const face = await lab.face();
    expect(await face.ready()).toMatchObject({
      ...problem(503, 'marketplace_not_ready'),
      body: { message: expect.stringContaining('404') },
    });
    expect(face.failures).toHaveLength(1);
    lab.upstream.texts['/index.yaml'] = INDEX;
    expect((await face.refresh()).body.meta).not.toHaveProperty('last_error');
    expect((await face.catalog()).status).toBe(200);
  });
});

describe('POST /marketplace/refresh', () => {
  it.each([
    ['a 500', (_: unknown, response: import('node:http').ServerResponse) => void response.writeHead(500).end()],
    ['broken YAML', 'packs: ['],
    ['packs that are no list', 'packs: {}'],
    ['a broken connection', (request: import('node:http').IncomingMessage) => void request.socket.destroy()],
    ['no answer in time', () => undefined],
  ])('keeps the old catalog on %s', async (_what, text) => {
    const face = await lab.face({ timeoutMs: 300 });
    const before = (await face.ready()).body;
    lab.upstream.texts['/index.yaml'] = text;
    const failed = await face.refresh();
    expect(failed).toMatchObject(problem(502, 'marketplace_fetch_failed'));
    const after = await face.catalog();
    expect(after).toMatchObject({
      status: 200,
      body: { index: before.index, meta: { ...before.meta, last_error: failed.body.message } },
    });
    lab.upstream.texts['/index.yaml'] = INDEX;
    expect((await face.refresh()).body.meta).not.toHaveProperty('last_error');
    expect((await face.catalog()).body.meta).not.toHaveProperty('last_error');
  });

  it('looks at no body and no content type', async () => {
    const face = await lab.face();
    await face.ready();
    for (const [type, body] of [
      ['application/x-www-form-urlencoded', '{"name":"cmd.upper"}'],
      ['application/json', '{broken'],
      ['text/plain', ''],
    ] as const) {
      const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': type };
      const answer = await fetch(`${face.url}/api/v1/marketplace/refresh`, { method: 'POST', headers, body });
      expect([answer.status, Object.keys((await answer.json()) as object)]).toEqual([200, ['index', 'meta']]);
    }
  });

  it('fetches once for all who wait, after the one under way', async () => {
    const face = await lab.face();
    await face.ready();
    const answers = await Promise.all(Array.from({ length: 20 }, face.refresh));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(lab.upstream.asked.length).toBeLessThan(21);
  });

  it('tells what is wrong with the configured URL', async () => {
    const face = await lab.face({ source: 'https://github.com/' });
    expect(await face.refresh()).toMatchObject({
      status: 502,
      body: { message: expect.stringContaining('an owner and a repository') },
    });
  });
});

describe('GET /marketplace/packs/{name}', () => {
  it('answers the entry and the manifest as it is now', async () => {
    const face = await lab.face();
    await face.ready();
    const first = await face.pack('cmd.upper');
    expect(first).toMatchObject({
      status: 200,
      body: {
        entry: { name: 'cmd.upper', version: 'v1' },
        manifest: {
          name: 'cmd.upper',
          version: 'v1',
          input_schema: { required: ['text'] },
          handler: { type: 'command', command: ['./upper'], timeout_s: 5 },
          examples: [{ expected_output_subset: { text: 'HELLO' } }],
        },
      },
    });
    expect(first.body).not.toHaveProperty('warnings');
    lab.upstream.texts[MANIFEST] = packText('cmd.upper')
      .replace('version: v1', 'version: 1.10')
      .replace('type: command', 'type: builtin');
    expect((await face.pack('cmd.upper')).body.manifest).toMatchObject({ version: '1.10', handler: { type: 'builtin' } });
  });

  it.each([
    ['absent', undefined],
    ['forbidden', (_: unknown, response: import('node:http').ServerResponse) => void response.writeHead(403).end()],
    ['broken', 'name: ['],
    ['too long', 'x'.repeat(300_000)],
  ])('answers manifest_fetch_failed for one that is %s', async (_what, text) => {
    const face = await lab.face();
    await face.ready();
    if (text === undefined) delete lab.upstream.texts[MANIFEST];
    else lab.upstream.texts[MANIFEST] = text as string;
    expect(await face.pack('cmd.upper')).toMatchObject(problem(502, 'manifest_fetch_failed'));
  });

  it('knows only what the catalog lists', async () => {
    const face = await lab.face();
    await face.ready();
    expect(await face.pack('cmd.none')).toMatchObject(problem(404, 'pack_not_in_catalog'));
    expect(await face.pack('..%2F..%2Fetc')).toMatchObject(problem(404, 'pack_not_in_catalog'));
  });
});

describe('the catalog', () => {
  it.each(['', '/index.yaml'])('may be a folder: file://...%s', async (ending) => {
    const folder = await createPackCatalog(FILES);
    const face = await lab.face({ source: folder.url + ending });
    expect((await face.ready()).body.meta).toMatchObject({
      source: folder.url + ending,
      resolved_url: `${folder.url}/index.yaml`,
    });
    expect((await face.pack('cmd.dated')).body.manifest).toMatchObject({ version: '2026.05' });
    await folder.remove();
    expect(await face.refresh()).toMatchObject(problem(502, 'marketplace_fetch_failed'));
    expect((await face.catalog()).status).toBe(200);
  });

  it('answers marketplace_disabled everywhere and fetches nothing when it is turned off', async () => {
    const face = await lab.face({ disabled: true });
    for (const answer of [await face.catalog(), await face.refresh(), await face.pack('cmd.upper')])
      expect(answer).toMatchObject(problem(503, 'marketplace_disabled'));
    expect(lab.upstream.asked).toEqual([]);
  });

  it.each([
    ['no credential', {}, 'missing_bearer'],
    ['another scheme', { authorization: 'Basic YTpi' }, 'missing_bearer'],
    ['an unknown token', { authorization: 'Bearer nobody' }, 'invalid_token'],
  ])('is for bearers only: %s', async (_what, headers, error) => {
    const face = await lab.face();
    for (const [method, path] of [
      ['GET', 'catalog'],
      ['POST', 'refresh'],
      ['GET', 'packs/cmd.upper'],
      ['GET', 'nothing'],
    ] as const) {
      const answer = await fetch(`${face.url}/api/v1/marketplace/${path}`, {
        method,
        headers: headers as Record<string, string>,
      });
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('Bearer')]);
      expect(await answer.json()).toMatchObject({ error, message: expect.any(String), code: 'unauthenticated' });
    }
  });

  it('answers unknown paths in its own shape', async () => {
    const face = await lab.face();
    const answer = await fetch(`${face.url}/api/v1/marketplace/nothing`, { headers: { authorization: `Bearer ${TOKEN}` } });
    expect([answer.status, await answer.json()]).toEqual([
      404,
      expect.objectContaining({ error: 'not_found', message: expect.any(String) }),
    ]);
  });
});
