import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type pg from 'pg';
import { packFiles } from '../../src/adapters/archive/pack.ts';
import { digestOf } from '../../src/domain/content-hash.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import { runCli } from '../cli/support/run-cli.ts';
import type { CheckedClient } from '../support/openapi-check.ts';
import { archiveDigest, archiveOf, clientFor, postArchive, postForm, publish } from '../support/publishing.ts';
import { manifestText } from '../support/registry-folder.ts';
import type { ShopLab } from '../support/shop-lab.ts';
import { openShopLab } from '../support/shop-lab.ts';

let shop: ShopLab;
let api: CheckedClient;
let ann: ApiClient;
let bob: ApiClient;
/** Another server on the same store and engine. */
let other: ApiClient;
let db: pg.Client;

beforeAll(async () => {
  shop = await openShopLab({
    registries: [
      { name: 'curated', url: 'http://127.0.0.1:9', entry: { type: 'official' } },
      { name: 'charts', url: 'http://127.0.0.1:9', entry: { kind: 'helm' } },
    ],
  });
  await shop.lab.startWorker();
  api = await shop.checked();
  ann = await clientFor(shop.api, 'ann');
  bob = await clientFor(shop.api, 'bob');
  other = (await shop.lab.startApi()).client;
  db = await shop.database();
}, 180_000);

afterAll(async () => {
  await shop?.close();
}, 60_000);

let lastName = 0;
function freshName(): string {
  lastName += 1;
  return `wares-${lastName}`;
}

async function rows(name: string): Promise<unknown[]> {
  return (await db.query('select version, digest, publisher from published_versions where name = $1 order by version', [name]))
    .rows;
}

async function leftovers(digest: string) {
  const { rows: found } = await db.query(
    `select (select count(*)::int from blobs where digest = $1) as blobs,
            (select count(*)::int from uploads where key like 'publish/%') as uploads`,
    [digest],
  );
  return found[0];
}

describe('a template that is published', () => {
  it('goes through every step, each of which says what it looked at', async () => {
    const name = freshName();
    const answer = await postArchive(ann, archiveOf({ name, version: '1.0.0' }));
    const { operation: id } = answer.body;
    expect(answer).toMatchObject({
      status: 202,
      body: { name, version: '1.0.0', joined: false, digest: archiveDigest({ name, version: '1.0.0' }) },
    });
    expect(answer.headers.get('location')).toBe(`/api/v1/operations/${id}`);
    const operation = await api.ended(id);
    expect(operation).toMatchObject({
      kind: 'publish',
      state: 'succeeded',
      target: `publish/local/local/${name}`,
      requester: 'ann',
      input: { registry: 'local', name, version: '1.0.0' },
      result: { changed: true, registry: 'local', name, version: '1.0.0', status: 'approved', score: { total: 96.5 } },
    });
    expect(operation.steps.map((step) => [step.name, step.state, step.detail])).toEqual([
      ['structure', 'succeeded', `${name}@1.0.0, type manifests, 3 files; no trust block in manifest — pack is unsigned`],
      [
        'security',
        'succeeded',
        expect.stringMatching(
          /looked at the sealed content hash, secrets, Kubernetes objects and images, licences.*: 1 finding$/,
        ),
      ],
      [
        'quality',
        'succeeded',
        expect.stringMatching(
          /looked at documentation and metadata, parameters, defaults and upgrades, limits and probes: 2 findings$/,
        ),
      ],
      ['dependency', 'succeeded', 'it needs nothing'],
      ['score', 'succeeded', '96.5 (security 99.9, quality 90, documentation 100, metadata 95); simple'],
      ['status', 'succeeded', 'approved'],
      ['publish', 'succeeded', `${name}@1.0.0 is published`],
      ['update-cache', 'succeeded', `every server was told about ${name}`],
    ]);
    expect(await rows(name)).toEqual([{ version: '1.0.0', digest: answer.body.digest, publisher: 'ann' }]);
  });

  it('is found, shown and installed at once, on every server, and its archive comes with ranges', async () => {
    const name = freshName();
    // Both servers have just looked.
    for (const server of [shop.api, other]) await server.get(`/api/v1/search?q=${name}`);
    expect((await publish(ann, { name, version: '1.0.0' })).state).toBe('succeeded');
    for (const server of [shop.api, other]) {
      const { body } = await server.get(`/api/v1/search?q=${name}&sort=downloads`);
      expect(body.templates[0]).toMatchObject({ name, version: '1.0.0', registry: 'local', license: 'Apache-2.0' });
    }
    const { body: shown } = await api.get(`/api/v1/templates/${name}`);
    expect(shown).toMatchObject({ name, versions: ['1.0.0'], readme: expect.stringContaining('## Usage') });
    const archive = archiveOf({ name, version: '1.0.0' });
    const url = `${shop.api.url}/api/v1/templates/${name}/archive?version=1.0.0`;
    const headers = { authorization: `Bearer ${shop.api.token}` };
    const whole = await fetch(url, { headers });
    expect(Buffer.from(await whole.arrayBuffer()).equals(archive)).toBe(true);
    expect(whole.headers.get('etag')).toBe(`"${digestOf(archive)}"`);
    const rest = await fetch(url, { headers: { ...headers, range: 'bytes=1000-' } });
    expect(rest.status).toBe(206);
    expect(Buffer.from(await rest.arrayBuffer()).equals(archive.subarray(1000))).toBe(true);
    const installed = await shop.api.ended(await shop.api.install('publish-ns', name));
    expect(installed).toMatchObject({ state: 'succeeded', result: { registry: 'local', digest: digestOf(archive) } });
  });

  it('counts reads of its archive to the end, once each', async () => {
    const name = freshName();
    await publish(ann, { name, version: '1.0.0' });
    const url = `${shop.api.url}/api/v1/templates/${name}/archive?version=1.0.0`;
    const read = async (range?: string) =>
      await (await fetch(url, { headers: { authorization: `Bearer ${shop.api.token}`, ...(range && { range }) } })).arrayBuffer();
    // Whole; the beginning only; and the rest of that: two reads.
    await read();
    await read('bytes=0-99');
    await read('bytes=100-');
    await fetch(url, { method: 'HEAD', headers: { authorization: `Bearer ${shop.api.token}` } });
    await eventually(async () => (await api.get(`/api/v1/templates/${name}`)).body.downloads, 2);
  });

  it('counts installs on this server, once for each namespace, and every server shows it', async () => {
    const name = freshName();
    await publish(ann, { name, version: '1.0.0' });
    for (const namespace of ['counted-a', 'counted-b', 'counted-b'])
      expect(await shop.api.ended(await shop.api.install(namespace, name))).toMatchObject({ state: 'succeeded' });
    await eventually(async () => (await other.get(`/api/v1/templates/${name}`)).body.downloads, 2);
  });

  it('changes nothing the second time, and is refused with other bytes', async () => {
    const name = freshName();
    await publish(ann, { name, version: '1.0.0' });
    const again = await publish(ann, { name, version: '1.0.0' });
    expect(again).toMatchObject({ state: 'succeeded', result: { changed: false } });
    const refused = await postArchive(ann, archiveOf({ name, version: '1.0.0', description: 'Something else altogether.' }));
    expect(refused).toMatchObject({ status: 409, body: { code: 'version_exists', templateError: { type: 'version' } } });
    expect(await rows(name)).toHaveLength(1);
  });

  it('may need what the registries of this server have', async () => {
    const name = freshName();
    const needs = { name: 'web', version: '^1.0.0', registry: 'main' };
    const operation = await publish(ann, { name, version: '1.0.0', dependencies: [needs] });
    expect(operation.steps.find((step) => step.name === 'dependency')?.detail).toBe('main/web@1.3.0');
    const lacking = await publish(ann, {
      name,
      version: '1.1.0',
      dependencies: [{ name: 'nowhere', version: '^1.0.0', registry: 'main' }],
    });
    expect(lacking).toMatchObject({ state: 'failed', step: 'dependency', failure: { code: 'dependency_missing' } });
    expect(await rows(name)).toHaveLength(1);
  });
});

describe('a template that is not good enough', () => {
  it('is rejected with a report, and nothing is stored', async () => {
    const name = freshName();
    const bare = {
      name,
      version: '1.0.0',
      description: 'short',
      metadata: { license: undefined, category: undefined, tags: undefined, homepage: undefined, maintainers: undefined },
      spec: {
        parameters: { type: 'object', properties: { size: { type: 'integer', default: 1 } } },
        outputs: [{ name: 'host', from: 'value', value: 'x' }],
      },
      files: { 'README.md': '', 'logo.bin': `\0 ${['AKIA', 'J5Q7W6ZLPUW3X2QA'].join('')} ` },
    };
    const operation = await publish(ann, bare);
    expect(operation).toMatchObject({
      state: 'failed',
      step: 'status',
      failure: {
        code: 'publish_rejected',
        message: expect.stringContaining('critical: logo.bin:1: looks like an access key of AWS'),
        details: {
          reasons: [expect.any(String)],
          report: {
            status: 'rejected',
            score: { parts: { documentation: { points: 0 }, metadata: { points: 25 } } },
            findings: expect.arrayContaining([
              {
                id: 'completeness/description-length',
                severity: 'low',
                file: 'template.yaml',
                line: 1,
                explanation: expect.any(String),
                recommendation: expect.any(String),
              },
            ]),
          },
        },
      },
    });
    expect(await rows(name)).toEqual([]);
    expect((await shop.api.get(`/api/v1/templates/${name}`)).status).toBe(404);
  });

  it('is published and said to need a review where it is only poor', async () => {
    const name = freshName();
    const metadata = { license: undefined, category: undefined, tags: undefined, homepage: undefined, maintainers: undefined };
    const spec = { parameters: { type: 'object', properties: { size: { type: 'integer', default: 1 } } } };
    const operation = await publish(ann, { name, version: '1.0.0', metadata, spec, files: { 'README.md': '' } });
    expect(operation).toMatchObject({ state: 'succeeded', result: { status: 'needs-review' } });
    expect(operation.warnings).toEqual([expect.stringContaining('it should be reviewed')]);
  });
});

describe('what is sent in place of a template', () => {
  const file = (path: string, data: Buffer) => ({ path, data });
  const bomb = gzipSync(packFiles([file('zeros', Buffer.alloc(64 * 1024 * 1024))]));
  it.each([
    ['garbage', Buffer.from('this is no archive at all'.repeat(100)), 422, 'archive_invalid'],
    ['an archive bomb', bomb, 422, 'too_large'],
    ['nothing', Buffer.alloc(0), 422, 'archive_invalid'],
    ['an archive that is cut off', archiveOf({ name: 'cut', version: '1.0.0' }).subarray(0, 700), 422, 'archive_invalid'],
    ['an archive without a manifest', packFiles([file('README.md', Buffer.from('hello'))]), 422, 'template_invalid'],
    [
      'a manifest of 20 MB',
      packFiles([file('template.yaml', Buffer.alloc(20 * 1024 * 1024, 'a: 1\n'))]),
      422,
      'template_invalid',
    ],
    ['a manifest that is none', packFiles([file('template.yaml', Buffer.from('a: 1'))]), 422, 'template_invalid'],
  ])('is refused, with nothing stored: %s', async (_what, archive, status, code) => {
    const answer = await postArchive(ann, archive);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(await leftovers(digestOf(archive))).toEqual({ blobs: 0, uploads: 0 });
  });

  it('is refused: a form without a file, another body, and a form that is broken', async () => {
    const form = new FormData();
    form.set('registry', 'local');
    expect(await postForm(ann, form)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(await postForm(ann, '{}', '', 'application/json')).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    const cut = '--x\r\ncontent-disposition: form-data; name="archive"; filename="a"\r\n\r\nabc';
    expect(await postForm(ann, cut, '', 'multipart/form-data; boundary=x')).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
    expect((await postForm(ann, cut, '', 'multipart/form-data')).status).toBe(400);
    expect(await leftovers('')).toEqual({ blobs: 0, uploads: 0 });
  });

  it('leaves nothing behind when the connection breaks in the middle', async () => {
    const archive = archiveOf({ name: freshName(), version: '1.0.0', files: { big: 'x'.repeat(2 * 1024 * 1024) } });
    const stop = new AbortController();
    const body = new ReadableStream({
      start(controller) {
        const head = '--x\r\ncontent-disposition: form-data; name="archive"; filename="a"\r\n\r\n';
        controller.enqueue(Buffer.concat([Buffer.from(head), archive.subarray(0, 1024 * 1024)]));
        setTimeout(() => stop.abort(), 500);
      },
    });
    const sent = fetch(`${ann.url}/api/v1/templates`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ann.token}`, 'content-type': 'multipart/form-data; boundary=x' },
      body,
      duplex: 'half',
      signal: stop.signal,
    } as RequestInit);
    await expect(sent).rejects.toThrow();
    await eventually(async () => leftovers(digestOf(archive)), { blobs: 0, uploads: 0 });
  });
});

describe('where it is published', () => {
  it('is this server where that is named, and no registry that takes nothing, least of all an official one', async () => {
    const archive = archiveOf({ name: freshName(), version: '1.0.0' });
    expect(await postArchive(ann, archive, { query: '?registry=curated' })).toMatchObject({
      status: 403,
      body: { code: 'registry_read_only', detail: expect.stringContaining('official') },
    });
    expect(await postArchive(ann, archive, { registry: 'charts' })).toMatchObject({
      status: 403,
      body: { code: 'registry_read_only', detail: expect.stringContaining('of kind helm') },
    });
    expect(await postArchive(ann, archive, { registry: 'nowhere' })).toMatchObject({ status: 404 });
    expect(await postArchive(ann, archive)).toMatchObject({ status: 202, body: { registry: 'local' } });
  });

  it('is the default registry where none is named; one that only reads says so', async () => {
    const name = freshName();
    const { status, body } = await postArchive(ann, archiveOf({ name, version: '1.0.0' }), { registry: '' });
    expect([status, body.registry]).toEqual([202, 'main']);
    const operation = await api.ended(body.operation);
    expect(operation).toMatchObject({
      state: 'failed',
      target: `publish/local/main/${name}`,
      step: 'publish',
      failure: { code: 'registry_read_only', message: expect.stringContaining('main takes nothing in') },
    });
    expect(await rows(name)).toEqual([]);
  });

  it('takes the bytes that the sender promised, and no others', async () => {
    const template = { name: freshName(), version: '1.0.0' };
    const digest = `sha256:${'0'.repeat(64)}`;
    expect(await postArchive(ann, archiveOf(template), { digest })).toMatchObject({
      status: 422,
      body: { code: 'digest_mismatch' },
    });
    expect(await leftovers(archiveDigest(template))).toEqual({ blobs: 0, uploads: 0 });
    expect((await postArchive(ann, archiveOf(template), { digest: archiveDigest(template) })).status).toBe(202);
  });
});

describe('whose it is', () => {
  it('belongs to who published it first; others are refused until they are made owners', async () => {
    const name = freshName();
    await publish(ann, { name, version: '1.0.0' });
    const theirs = archiveOf({ name, version: '2.0.0' });
    expect(await postArchive(bob, theirs)).toMatchObject({ status: 403, body: { code: 'not_owner' } });
    expect(await bob.call('PUT', `/api/v1/templates/${name}/owners`, { owners: ['bob'] })).toMatchObject({ status: 403 });
    expect((await bob.call('POST', `/api/v1/templates/${name}/versions/1.0.0/yank`, { reason: 'mine' })).status).toBe(403);
    const owners = await ann.call('PUT', `/api/v1/templates/${name}/owners`, { owners: ['ann', 'bob'] });
    expect(owners).toMatchObject({ status: 200, body: { name, owners: ['ann', 'bob'] } });
    const answer = await postArchive(bob, theirs);
    expect((await api.ended(answer.body.operation)).state).toBe('succeeded');
    const { rows: audit } = await db.query('select actor, action, outcome from audit where starts_with(object, $1) order by id', [
      `template/${name}`,
    ]);
    expect(audit).toEqual([
      { actor: 'ann', action: 'publish-template', outcome: 'allowed' },
      { actor: 'bob', action: 'publish-template', outcome: 'denied' },
      { actor: 'bob', action: 'change-owners', outcome: 'denied' },
      { actor: 'bob', action: 'yank-version', outcome: 'denied' },
      { actor: 'ann', action: 'change-owners', outcome: 'allowed' },
      { actor: 'bob', action: 'publish-template', outcome: 'allowed' },
    ]);
  });

  it('goes to one of two publishers at once', async () => {
    const name = freshName();
    const answers = await Promise.all([
      postArchive(ann, archiveOf({ name, version: '1.0.0' })),
      postArchive(bob, archiveOf({ name, version: '2.0.0' })),
    ]);
    const statuses = answers.map(({ status, body }) => (status === 202 ? 202 : body.code));
    expect(statuses.toSorted()).toEqual([202, 'target_busy']);
    const id = answers.find(({ status }) => status === 202)?.body.operation;
    expect((await api.ended(id)).state).toBe('succeeded');
    expect(await rows(name)).toHaveLength(1);
  });

  it("is nobody else's than the operator's where it lies in a folder", async () => {
    const operation = await publish(ann, { name: 'redis', version: '99.0.0' });
    expect(operation).toMatchObject({ state: 'failed', failure: { code: 'not_owner' } });
    const taken = await ann.call('PUT', '/api/v1/templates/redis/owners', { owners: ['ann'] });
    expect(taken).toMatchObject({ status: 403, body: { code: 'not_owner' } });
  });

  it('is not for somebody without the role, unless the token was given for the name', async () => {
    const name = freshName();
    const viewer = await clientFor(shop.api, 'cid', { roles: [{ role: 'viewer', namespace: '*' }] });
    expect(await postArchive(viewer, archiveOf({ name, version: '1.0.0' }))).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    });
    const scoped = await clientFor(shop.api, 'dan', {
      roles: [{ role: 'viewer', namespace: '*' }],
      scopes: ['templates:publish/acme', 'operations:read', 'catalog:read'],
    });
    expect((await postArchive(scoped, archiveOf({ name, version: '1.0.0' }))).status).toBe(403);
    const acme = `acme-${name}`;
    expect((await publish(scoped, { name: acme, version: '1.0.0' })).state).toBe('succeeded');
    // Proven by the scope: it may vouch for itself, and nobody else may but an administrator.
    const vouch = { note: 'acme.example signed for it' };
    expect(await ann.call('PUT', `/api/v1/templates/${acme}/verified`, vouch)).toMatchObject({ status: 403 });
    const marked = await scoped.call('PUT', `/api/v1/templates/${acme}/verified`, vouch);
    expect(marked).toMatchObject({ status: 200, body: { verified: { by: 'dan', note: vouch.note } } });
    const { body } = await api.get(`/api/v1/search?q=${acme}&verified=true`);
    expect(body.templates.map((template: { name: string }) => template.name)).toEqual([acme]);
    expect((await shop.api.call('DELETE', `/api/v1/templates/${acme}/verified`)).body).toEqual({ name: acme, verified: null });
    expect((await api.get(`/api/v1/search?q=${acme}&verified=true`)).body.total).toBe(0);
  });
});

describe('a yanked version', () => {
  it('is there for whoever names it, and never chosen by a range', async () => {
    const name = freshName();
    for (const version of ['1.0.0', '1.1.0']) await publish(ann, { name, version });
    const path = `/api/v1/templates/${name}/versions/1.1.0`;
    const yanked = await ann.call('POST', `${path}/yank`, { reason: 'it loses data' });
    expect(yanked).toMatchObject({ status: 200, body: { version: '1.1.0', yanked: { by: 'ann', reason: 'it loses data' } } });
    expect((await api.get(`/api/v1/search?q=${name}`)).body.templates[0]).toMatchObject({ name, version: '1.0.0' });
    const install = async (namespace: string, ref: string) => shop.api.ended(await shop.api.install(namespace, ref));
    expect((await install('yank-a', `${name}@^1.0.0`)).result).toMatchObject({ version: '1.0.0' });
    expect((await install('yank-b', `${name}@1.1.0`)).result).toMatchObject({ version: '1.1.0' });
    expect((await ann.call('POST', `${path}/unyank`)).body).toEqual({ name, version: '1.1.0', yanked: null });
    expect((await install('yank-c', `${name}@^1.0.0`)).result).toMatchObject({ version: '1.1.0' });
    const missing = await ann.call('POST', `/api/v1/templates/${name}/versions/9.9.9/yank`, { reason: 'x' });
    expect(missing).toMatchObject({ status: 404, body: { code: 'version_not_found' } });
    expect((await ann.call('POST', `${path}/yank`, {})).status).toBe(400);
  });
});

describe('ratings', () => {
  it('are one of each user, the latest, and sort the catalog', async () => {
    const [good, bad] = [freshName(), freshName()];
    for (const name of [good, bad]) await publish(ann, { name, version: '1.0.0', metadata: { category: 'rated' } });
    await ann.call('POST', `/api/v1/templates/${bad}/ratings`, { rating: 5 });
    await ann.call('POST', `/api/v1/templates/${bad}/ratings`, { rating: 1, comment: 'it broke' });
    await ann.call('POST', `/api/v1/templates/${good}/ratings`, { rating: 4 });
    const answer = await bob.call('POST', `/api/v1/templates/${good}/ratings`, { rating: 5 });
    expect(answer).toMatchObject({ status: 200, body: { name: good, rating: 4.5, ratingCount: 2 } });
    const { body } = await api.get('/api/v1/search?category=rated&sort=rating');
    expect(body.templates.map((one: { name: string; rating: number }) => [one.name, one.rating])).toEqual([
      [good, 4.5],
      [bad, 1],
    ]);
    expect((await api.get(`/api/v1/templates/${bad}/ratings`)).body.ratings).toEqual([
      { user: 'ann', rating: 1, comment: 'it broke', at: expect.any(String) },
    ]);
    expect((await ann.call('POST', `/api/v1/templates/${bad}/ratings`, { rating: 6 })).status).toBe(400);
    expect((await ann.call('POST', '/api/v1/templates/nothing-like-it/ratings', { rating: 3 })).status).toBe(404);
  });
});

describe('the command line', () => {
  let dir = '';
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'chandlery-publish-'));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  it('packs a directory, shows the steps, and tells what became of it', async () => {
    const name = freshName();
    const env = { CHANDLERY_URL: ann.url, CHANDLERY_TOKEN: ann.token };
    const cli = (...words: string[]) => runCli(words, env);
    await writeFile(join(dir, 'template.yaml'), manifestText({ name, version: '1.0.0' }));
    await mkdir(join(dir, 'manifests'));
    await writeFile(join(dir, 'manifests', 'config.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n');
    const published = await cli('publish', dir, '--registry', 'local');
    expect([published.code, published.stderr]).toEqual([
      0,
      expect.stringContaining(`${name}@1.0.0 to the server itself (local), sha256:`),
    ]);
    expect(published.stdout).toMatch(new RegExp(`^status  succeeded .*approved[^]*^publish ${name} in local  succeeded`, 'm'));
    const again = await cli('publish', dir, '--registry', 'local', '-o', 'json');
    expect(JSON.parse(again.stdout)).toMatchObject({ state: 'succeeded', result: { changed: false } });
    expect((await cli('rate', name, '4')).stdout).toBe(`${name}: 4 of 5, from 1 user\n`);
    expect((await cli('owners', name)).stdout).toBe('ann\n');
    expect((await cli('show', name)).stdout).toContain('rated 4 of 5 (1)');
    expect((await cli('yank', `${name}@1.0.0`, '--reason', 'a test')).code).toBe(0);
    await writeFile(join(dir, 'template.yaml'), manifestText({ name, version: '1.0.0', description: 'Other bytes.' }));
    expect(await cli('publish', dir, '--registry', 'local')).toMatchObject({
      code: 5,
      stderr: expect.stringContaining('version_exists'),
    });
  });
});

/** Reads until it is as wanted; the counters are written beside the answers. */
async function eventually(read: () => Promise<unknown>, wanted: unknown): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    if (JSON.stringify(await read()) === JSON.stringify(wanted)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(await read()).toEqual(wanted);
}
