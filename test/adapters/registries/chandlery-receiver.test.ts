import { createHash, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Busboy } from '@fastify/busboy';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createGuardedClient, type GuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { createChandleryReceiver } from '../../../src/adapters/registries/chandlery-receiver.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import type { ArchiveToSend, TemplateReceiver } from '../../../src/domain/receiver.ts';
import { refusalOf } from '../../../src/domain/receiver.ts';

const RUN = '5f0c9f1e-9f43-4f55-8f0e-2f6f6a1f7c11';
const OPERATION = `publish.local.local.ship.${RUN}`;

let server: Server;
let answer: RequestListener;
let client: GuardedClient;
let receiver: TemplateReceiver;
let seen: IncomingMessage[];

beforeEach(async () => {
  seen = [];
  server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = createGuardedClient({ development: true, allow: [], timeouts: { headers: 500 } });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const credentials = { type: 'token', token: 'the-token' } as const;
  receiver = createChandleryReceiver({ name: 'port', kind: 'chandlery', type: 'private', url, credentials }, client);
});

afterEach(async () => {
  await client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function* pieces(...all: Array<Uint8Array | Error>): AsyncGenerator<Uint8Array> {
  for (const piece of all) {
    if (piece instanceof Error) throw piece;
    yield piece;
  }
}

function archive(data = Buffer.from('bytes'), body: ArchiveToSend['body'] = pieces(data)): ArchiveToSend {
  return {
    name: 'ship',
    version: '1.0.0',
    digest: `sha256:${createHash('sha256').update(data).digest('hex')}`,
    size: data.length,
    body,
  };
}

/** Answers once the request was read. */
function says(status: number, body: unknown, headers: Record<string, string> = {}): RequestListener {
  return (request, response) => {
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  };
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('send', () => {
  it('streams the archive as a form, to the own registry of the other server, with the digest before it', async () => {
    const data = randomBytes(3 * 1024 * 1024);
    const parts: Array<[string, string]> = [];
    const sent = archive(data, pieces(data.subarray(0, 1), data.subarray(1, 2_000_000), data.subarray(2_000_000)));
    answer = readThenSay(parts);
    expect(await receiver.send(sent)).toEqual({ operation: OPERATION, joined: true });
    expect(parts).toEqual([
      ['digest', sent.digest],
      ['archive', sent.digest],
    ]);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/api/v1/templates?registry=local' });
    expect(seen[0]?.headers.authorization).toBe('Bearer the-token');
    expect(Number(seen[0]?.headers['content-length'])).toBeGreaterThan(data.length);
  });

  it.each([
    [401, 'unauthenticated', 'authentication'],
    [403, 'forbidden', 'authorization'],
    [403, 'not_owner', 'not_owner'],
    [409, 'version_exists', 'version_exists'],
    [409, 'target_busy', 'target_busy'],
    [413, 'payload_too_large', 'payload_too_large'],
    [422, 'archive_invalid', 'archive_invalid'],
    [422, 'a_code_of_a_newer_server', 'registry_invalid'],
    [404, 'not_found', 'registry_read_only'],
    [404, undefined, 'registry_read_only'],
    [405, undefined, 'registry_read_only'],
    [503, 'store_unavailable', 'registry_unavailable'],
    [500, undefined, 'registry_unavailable'],
  ])('tells a refusal (%s %s) as %s', async (status, code, expected) => {
    answer = says(status, code === undefined ? '<h1>no</h1>' : { code, detail: 'words of the other server' });
    const error = await failureOf(receiver.send(archive()));
    expect(error).toMatchObject({ code: expected, details: { registry: 'port', upstreamStatus: status } });
    if (code === 'not_owner') expect(error).toMatchObject({ message: 'port: words of the other server' });
  });

  it('tells the rest of a refusal, but for what would speak of this server', async () => {
    const errors = [{ path: 'template.yaml', message: 'unknown key', line: 3 }];
    const templateError = { type: 'version', template: 'ship', details: { owners: ['bob'], operation: 'theirs' } };
    answer = says(422, { code: 'template_invalid', detail: 'no', errors, templateError, operation: 'theirs' });
    const error = (await failureOf(receiver.send(archive()))) as ChandleryError;
    expect(error.details).toEqual({ registry: 'port', template: 'ship', upstreamStatus: 422, issues: errors, owners: ['bob'] });
  });

  it('hears a refusal that comes before everything was sent', async () => {
    answer = (_request, response) => {
      response.writeHead(413, { 'content-type': 'application/problem+json', connection: 'close' });
      response.end(JSON.stringify({ code: 'payload_too_large', detail: 'too much' }));
    };
    const data = randomBytes(8 * 1024 * 1024);
    const error = await failureOf(receiver.send(archive(data, pieces(...slices(data)))));
    expect(error).toMatchObject({ code: 'payload_too_large', message: 'port: too much' });
  });

  it('waits as long as the other server said when it is asked too often', async () => {
    answer = says(429, '', { 'retry-after': '7' });
    expect(await failureOf(receiver.send(archive()))).toMatchObject({ code: 'rate_limit', details: { retryAfterMs: 7_000 } });
  });

  it('waits longer than usual for an answer to what was sent', async () => {
    answer = (request, response) =>
      void setTimeout(() => says(202, { operation: OPERATION, joined: false })(request, response), 1_200);
    expect(await receiver.send(archive())).toEqual({ operation: OPERATION, joined: false });
  }, 10_000);

  it('fails as what it reads from does', async () => {
    answer = says(202, { operation: OPERATION, joined: false });
    const broken = pieces(Buffer.from('by'), new ChandleryError('store_unavailable', 'the database is away'));
    await expect(receiver.send(archive(Buffer.from('bytes'), broken))).toFailWith('store_unavailable');
  });

  it.each([
    ['another id', { operation: '../../tokens', joined: false }],
    ['no id', { joined: false }],
    ['no JSON', 'hello'],
  ])('does not take %s for an answer', async (_what, body) => {
    answer = says(202, body);
    await expect(receiver.send(archive())).toFailWith('registry_invalid');
  });

  it('is never redirected', async () => {
    answer = says(307, '', { location: '/elsewhere' });
    await expect(receiver.send(archive())).toFailWith('registry_invalid');
    expect(seen).toHaveLength(1);
  });

  it('ends when it is aborted', async () => {
    const stop = new AbortController();
    answer = () => stop.abort(new Error('cancelled'));
    expect(await failureOf(receiver.send(archive(), stop.signal))).toMatchObject({ message: 'cancelled' });
  });
});

describe('follow', () => {
  const view = { id: OPERATION, state: 'running', step: 'scan', warnings: [] };

  it('tells how far it is, and how it ended', async () => {
    answer = says(200, view);
    expect(await receiver.follow(OPERATION)).toEqual({ id: OPERATION, step: 'scan', warnings: [] });
    expect(seen[0]?.url).toBe(`/api/v1/operations/${OPERATION}`);
    const endedAt = '2026-01-01T00:00:00.000Z';
    answer = says(200, { ...view, state: 'succeeded', endedAt, result: { status: 'needs-review', reasons: ['po\0or'] } });
    expect(await receiver.follow(OPERATION)).toMatchObject({
      ended: 'succeeded',
      verdict: { status: 'needs-review', reasons: ['poor'] },
    });
    const failure = { code: 'publish_rejected', message: 'no', step: 'status', details: { report: { status: 'rejected' } } };
    answer = says(200, { ...view, state: 'failed', endedAt, failure });
    const failed = await receiver.follow(OPERATION);
    expect(failed).toMatchObject({ ended: 'failed', failure });
    expect(refusalOf('port', failed?.failure ?? { code: '', message: '', details: {} })).toMatchObject({
      code: 'publish_rejected',
      message: 'port, at its step status: no',
      details: { report: { status: 'rejected' }, registry: 'port' },
    });
  });

  it('knows nothing of one that is not known there', async () => {
    answer = says(404, { code: 'operation_not_found', detail: 'none' });
    expect(await receiver.follow(OPERATION)).toBeUndefined();
  });

  it.each([
    [401, 'authentication'],
    [403, 'authorization'],
    [502, 'registry_unavailable'],
  ] as const)('fails when it is answered %s', async (status, code) => {
    answer = says(status, '');
    await expect(receiver.follow(OPERATION)).toFailWith(code);
  });
});

describe('find', () => {
  const wanted = { name: 'ship', version: '1.0.0', digest: 'sha256:1' };
  const listed = { operations: [{ id: OPERATION, target: 'publish/local/local/ship' }] };

  it.each([
    ['is the one with these bytes', listed, { version: '1.0.0', digest: 'sha256:1' }, OPERATION],
    ['is no other version', listed, { version: '1.1.0', digest: 'sha256:1' }, undefined],
    ['is none in another registry', { operations: [{ id: OPERATION, target: 'publish/local/far/ship' }] }, {}, undefined],
    ['is none where none runs', { operations: [] }, {}, undefined],
  ])('%s', async (_what, list, input, found) => {
    answer = (request, response) =>
      says(200, request.url?.includes('?') ? list : { id: OPERATION, state: 'running', input })(request, response);
    expect(await receiver.find(wanted)).toBe(found);
    expect(seen[0]?.url).toBe('/api/v1/operations?kind=publish&state=running&template=ship&limit=100');
  });
});

describe('cancel', () => {
  it('asks for it, and is content with one that has ended', async () => {
    answer = says(202, { id: OPERATION });
    await receiver.cancel(OPERATION);
    expect(seen[0]).toMatchObject({ method: 'POST', url: `/api/v1/operations/${OPERATION}/cancel` });
    answer = says(409, { code: 'operation_ended', detail: 'it has ended' });
    await receiver.cancel(OPERATION);
    answer = says(403, { code: 'forbidden', detail: 'operations:write' });
    await expect(receiver.cancel(OPERATION)).toFailWith('authorization');
  });
});

function readThenSay(parts: Array<[string, string]>): RequestListener {
  return (request, response) => {
    const form = new Busboy({ headers: { ...request.headers, 'content-type': request.headers['content-type'] ?? '' } });
    form.on('field', (name, value) => parts.push([name, value]));
    form.on('file', (name, stream) => {
      const hash = createHash('sha256');
      stream.on('data', (chunk: Buffer) => hash.update(chunk));
      stream.on('end', () => parts.push([name, `sha256:${hash.digest('hex')}`]));
    });
    form.on('finish', () => {
      response.writeHead(202, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ operation: OPERATION, joined: true }));
    });
    request.pipe(form);
  };
}

function slices(data: Buffer): Buffer[] {
  const size = 256 * 1024;
  return Array.from({ length: Math.ceil(data.length / size) }, (_, at) => data.subarray(at * size, (at + 1) * size));
}
