import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { createDocument } from 'zod-openapi';
import type { ArchiveRead } from '../../src/api/registry-protocol.ts';
import * as schemas from '../../src/api/schemas/registry.ts';
import { type RegistryServer, startRegistryServer } from '../../src/registry.ts';
import { createRegistryFolder, manifestText, type RegistryFolder } from '../support/registry-folder.ts';

let folder: RegistryFolder;
let server: RegistryServer;
let digest: string;
let archive: Buffer;
const reads: ArchiveRead[] = [];
let refuseReads = false;

beforeAll(async () => {
  folder = await createRegistryFolder([
    { name: 'postgres', version: '16.0.0', category: 'database', tags: ['sql'] },
    { name: 'redis', version: '7.0.0', category: 'database', tags: ['cache'] },
    { name: 'redis', version: '7.1.0', category: 'database', tags: ['cache'] },
    { name: 'web-app', version: '1.0.0', category: 'web', tags: ['http', 'cache'] },
  ]);
  await folder.write('packed/1.0.0.tgz', 'ready made');
  await folder.write('packed/1.0.0.yaml', manifestText({ name: 'packed', version: '1.0.0' }));
  const onArchiveRead = (read: ArchiveRead) => {
    if (refuseReads) throw new Error('the audit is full');
    reads.push(read);
  };
  server = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'local', templatesDir: folder.dir }, { onArchiveRead });
  const response = await get('/templates/redis/archive?version=7.0.0').buffer(true).parse(binary);
  archive = response.body;
  digest = `sha256:${createHash('sha256').update(archive).digest('hex')}`;
});
afterAll(async () => {
  await server.close();
  await folder.remove();
});
beforeEach(() => {
  reads.length = 0;
});

const get = (path: string) => request(server.url).get(`/api/v1${path}`);
const getArchive = (headers: Record<string, string> = {}) =>
  get('/templates/redis/archive?version=7.0.0').set(headers).buffer(true).parse(binary);
const names = async (query: string) => (await get(`/search?${query}`)).body.templates.map(({ name }: { name: string }) => name);

function binary(response: request.Response, done: (error: Error | null, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  // The types speak of the parsed answer; what a parser is given is the stream.
  (response as unknown as NodeJS.ReadableStream)
    .on('data', (chunk: Buffer) => chunks.push(chunk))
    .on('end', () => done(null, Buffer.concat(chunks)));
}

describe('GET /search', () => {
  it('finds, filters and sorts', async () => {
    expect(await names('q=redis')).toEqual(['redis']);
    expect(await names('category=web&category=database&sort=name')).toEqual(['postgres', 'redis', 'web-app']);
    expect(await names('category=web,database')).toHaveLength(3);
    expect(await names('categories=web')).toEqual(['web-app']);
    expect(await names('tag=cache&tag=http')).toEqual(['web-app']);
    expect(await names('type=stack')).toEqual([]);
  });

  it('answers as its schema says', async () => {
    const response = await get('/search');
    expect(() => schemas.searchPageSchema.parse(response.body)).not.toThrow();
    expect(response.body).toMatchObject({
      total: 4,
      templates: expect.arrayContaining([expect.objectContaining({ name: 'redis', version: '7.1.0' })]),
    });
  });

  it('pages by cursor, and by number with scope=local', async () => {
    const first = (await get('/search?limit=2')).body;
    const second = (await get(`/search?limit=2&cursor=${first.nextCursor}`)).body;
    const both = [...first.templates, ...second.templates].map(({ name }: { name: string }) => name);
    expect(new Set(both).size).toBe(4);
    expect(second.nextCursor).toBeUndefined();
    expect(await names('scope=local&page=2&pageSize=2')).toEqual(both.slice(2));
  });

  it.each([
    ['limit=0', 'query/limit'],
    ['limit=101', 'query/limit'],
    ['limit=x', 'query/limit'],
    ['page=1', 'query/page'],
    ['pageSize=5', 'query/pageSize'],
    ['scope=local&pageSize=5&limit=5', 'query/pageSize'],
    ['scope=all', 'query/scope'],
    ['sort=downloads', 'query/sort'],
    ['type=thing', 'query/type'],
    ['q=a&q=b', 'query/q'],
    [`q=${'x'.repeat(201)}`, 'query/q'],
    ['colour=red', 'query/colour'],
    ['cursor=tampered', 'cursor'],
  ])('answers 400 invalid_request for %s', async (query, path) => {
    const response = await get(`/search?${query}`);
    expect(response.status).toBe(400);
    expect(response.body.code).toBe('invalid_request');
    expect(response.body.errors.map((issue: { path: string }) => issue.path)).toContain(path);
  });
});

describe('GET /templates/{name}', () => {
  it('shows one version, its versions and its manifest', async () => {
    const response = await get('/templates/redis?version=7.0.0');
    expect(() => schemas.templateDetailSchema.parse(response.body)).not.toThrow();
    expect(response.body).toMatchObject({ version: '7.0.0', versions: ['7.1.0', '7.0.0'], digest });
    expect((await get('/templates/redis')).body.version).toBe('7.1.0');
  });

  it('lists versions', async () => {
    const response = await get('/templates/redis/versions');
    expect(schemas.versionListSchema.parse(response.body).versions.map(({ version }) => version)).toEqual(['7.1.0', '7.0.0']);
  });

  it('answers 404 with suggestions, and 400 for what cannot be a name or a version', async () => {
    const missing = await get('/templates/redsi');
    expect(missing.status).toBe(404);
    expect(missing.body).toMatchObject({ code: 'template_not_found', alternatives: ['redis'] });
    expect((await get('/templates/redis?version=8.0.0')).body.code).toBe('version_not_found');
    expect((await get('/templates/redis/archive?version=8.0.0')).body.code).toBe('version_not_found');
    for (const path of [
      '/templates/..%2F..%2Fetc',
      '/templates/redis?version=latest',
      '/templates/redis/archive',
      '/templates/redis/versions?x=1',
    ]) {
      expect((await get(path)).body).toMatchObject({ status: 400, code: 'invalid_request' });
    }
  });
});

describe('GET /categories', () => {
  it('counts templates', async () => {
    expect((await get('/categories')).body).toEqual({
      categories: [
        { name: 'database', count: 2 },
        { name: 'web', count: 1 },
      ],
    });
  });
});

describe('GET /templates/{name}/archive', () => {
  it('sends the archive with its digest', async () => {
    const response = await getArchive();
    const base64 = Buffer.from(digest.slice(7), 'hex').toString('base64');
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({
      etag: `"${digest}"`,
      digest: `sha-256=${base64}`,
      'repr-digest': `sha-256=:${base64}:`,
      'accept-ranges': 'bytes',
      'content-type': 'application/x-tar',
      'content-length': String(archive.length),
    });
    expect(reads).toEqual([{ name: 'redis', version: '7.0.0', digest, start: 0, end: archive.length }]);
    const packed = await get('/templates/packed/archive?version=1.0.0').buffer(true).parse(binary);
    expect(packed.headers['content-type']).toBe('application/gzip');
    expect(packed.body.toString()).toBe('ready made');
  });

  it.each([
    ['bytes=100-', 100, undefined],
    ['bytes=100-199', 100, 200],
    ['bytes=0-0', 0, 1],
    ['bytes=100-99999999', 100, undefined],
    ['bytes=-50', -50, undefined],
    ['bytes=-99999999', 0, undefined],
  ])('sends the part %s', async (range, start, end) => {
    const response = await getArchive({ range });
    const expected = archive.subarray(start, end);
    const from = start < 0 ? archive.length + start : start;
    expect(response.status).toBe(206);
    expect(response.headers['content-range']).toBe(`bytes ${from}-${from + expected.length - 1}/${archive.length}`);
    expect(response.headers['content-length']).toBe(String(expected.length));
    expect(expected.equals(response.body)).toBe(true);
  });

  it.each(['bytes=abc', 'bytes=5-3', 'items=0-5', 'bytes=-', 'bytes=0-1,5-6'])('sends everything for %s', async (range) => {
    expect((await getArchive({ range })).status).toBe(200);
  });

  it('sends a part only of the same bytes', async () => {
    expect((await getArchive({ range: 'bytes=5-', 'if-range': `"${digest}"` })).status).toBe(206);
    expect((await getArchive({ range: 'bytes=5-', 'if-range': '"other"' })).status).toBe(200);
  });

  it('answers 416 past the end and 304 for what the caller has', async () => {
    const past = await getArchive({ range: `bytes=${archive.length}-` });
    expect(past.status).toBe(416);
    expect(past.headers['content-range']).toBe(`bytes */${archive.length}`);
    expect((await getArchive({ range: 'bytes=-0' })).status).toBe(416);
    const known = await getArchive({ 'if-none-match': `"x", "${digest}"` });
    expect(known.status).toBe(304);
    expect(reads).toEqual([]);
  });

  it('answers HEAD without a body and without counting a read', async () => {
    const response = await request(server.url).head('/api/v1/templates/redis/archive?version=7.0.0');
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({
      'content-length': String(archive.length),
      'content-type': 'application/x-tar',
      etag: `"${digest}"`,
    });
    expect(reads).toEqual([]);
  });

  it('sends nothing when the read cannot be recorded', async () => {
    refuseReads = true;
    const response = await getArchive();
    refuseReads = false;
    expect(response.status).toBe(500);
    expect(response.headers.digest).toBeUndefined();
    expect(JSON.parse(response.body.toString()).code).toBe('internal');
  });
});

describe('the OpenAPI document', () => {
  it('can be made from the schemas', () => {
    const json = (
      schema: typeof schemas.searchPageSchema | typeof schemas.templateDetailSchema | typeof schemas.versionListSchema,
    ) => ({
      responses: { '200': { description: 'ok', content: { 'application/json': { schema } } } },
    });
    const document = createDocument({
      openapi: '3.1.0',
      info: { title: 'registry', version: '1' },
      paths: {
        '/search': { get: { requestParams: { query: schemas.searchParametersSchema }, ...json(schemas.searchPageSchema) } },
        '/templates/{name}': {
          get: {
            requestParams: { path: schemas.templatePathSchema, query: schemas.versionQuerySchema },
            ...json(schemas.templateDetailSchema),
          },
        },
        '/templates/{name}/versions': { get: json(schemas.versionListSchema) },
      },
    });
    expect(Object.keys(document.components?.schemas ?? {})).toEqual(
      expect.arrayContaining([
        'SearchPage',
        'TemplateSummary',
        'TemplateDetail',
        'VersionEntry',
        'Dependency',
        'Digest',
        'TemplateName',
      ]),
    );
    const parameters = document.paths?.['/search']?.get?.parameters as Array<{ name: string; schema: unknown }>;
    expect(parameters.find(({ name }) => name === 'category')?.schema).toMatchObject({
      type: 'array',
      items: { type: 'string' },
    });
  });
});
