import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { AuditRecord } from '../../src/domain/audit.ts';
import { type DeployLab, openDeployLab, TEMPLATES } from './support/deploy-lab.ts';

let lab: DeployLab;
let db: pg.Client;
/** Entries of a log that is too long for any buffer: each has 1 KB. */
const LONG = 30_000;

beforeAll(async () => {
  lab = await openDeployLab(TEMPLATES);
  await lab.store.tokens.add('reader-token', 'reader', { user: 'rita', groups: [] }, { roles: [], scopes: ['audit:read'] });
  db = new pg.Client({ connectionString: lab.databaseUrl });
  await db.connect();
}, 120_000);
afterAll(async () => {
  await db?.end();
  await lab?.close();
}, 60_000);

const append = (actor: string, object: string, more: object = {}) =>
  lab.store.audit.append({ actor, action: 'test', object, outcome: 'allowed', ...more });
const get = (query: string) => lab.admin.get(`/api/v1/audit?${query}`);
const objectsOf = ({ body }: { body: { entries: AuditRecord[] } }) => body.entries.map(({ object }) => object);

function opened(path: string, token = 'admin-token'): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    httpRequest(`${lab.dev.url}${path}`, { headers }, resolve).once('error', reject).end();
  });
}

async function linesOf(response: IncomingMessage): Promise<AuditRecord[]> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as AuditRecord]));
}

describe('GET /api/v1/audit', () => {
  it('pages from the newest on, and is followed from there without a gap', async () => {
    for (const object of ['1', '2', '3']) await append('pia', object);
    const first = await get('actor=pia&limit=2');
    expect(objectsOf(first)).toEqual(['3', '2']);
    await append('pia', '4');
    const second = await get(`actor=pia&limit=2&cursor=${first.body.nextCursor}`);
    expect(objectsOf(second)).toEqual(['1']);
    expect(second.body).not.toHaveProperty('nextCursor');
    const followed = await get(`actor=pia&order=oldest&cursor=${first.body.followCursor}`);
    expect(objectsOf(followed)).toEqual(['4']);
    const nothing = await get(`actor=pia&order=oldest&cursor=${followed.body.nextCursor}`);
    expect(objectsOf(nothing)).toEqual([]);
    await append('pia', '5');
    expect(objectsOf(await get(`actor=pia&order=oldest&cursor=${nothing.body.nextCursor}`))).toEqual(['5']);
  });

  it('goes through everything from the oldest on, page by page', async () => {
    const all: string[] = [];
    for (const object of ['a', 'b', 'c']) await append('olga', object);
    let cursor = '';
    for (let page = await get('actor=olga&order=oldest&limit=2'); page.body.entries.length > 0; ) {
      all.push(...objectsOf(page));
      cursor = page.body.nextCursor;
      page = await get(`actor=olga&order=oldest&limit=2&cursor=${cursor}`);
    }
    expect(all).toEqual(['a', 'b', 'c']);
  });

  it('finds what happened in a namespace, and what was refused there', async () => {
    const none = { roles: [] };
    await lab.store.tokens.add('nobody-token', 'nobody', { user: 'nils', groups: [] }, none);
    const headers = { authorization: 'Bearer nobody-token' };
    const url = `${lab.dev.url}/api/v1/installs/local.secluded.redis`;
    expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(403);
    await append('nia', 'install/local/secluded/redis');
    const { body } = await get('namespace=secluded');
    expect(body.entries).toMatchObject([
      { actor: 'nia', outcome: 'allowed', namespace: 'secluded' },
      {
        ...{ actor: 'nils', action: 'uninstall', object: 'install/local/secluded/redis', outcome: 'denied', code: 'forbidden' },
        detail: { rule: 'DELETE /api/v1/installs/{id}', request: 'DELETE /api/v1/installs/local.secluded.redis' },
      },
    ]);
    expect(objectsOf(await get('outcome=denied&namespace=secluded'))).toHaveLength(1);
  });

  it('writes down a refusal about a name that cannot be kept', async () => {
    const headers = { authorization: 'Bearer nobody-token' };
    expect((await fetch(`${lab.dev.url}/api/v1/registries/%00`, { headers })).status).toBe(403);
    expect((await get('actor=nils&limit=1')).body.entries[0]).toMatchObject({ object: 'GET /api/v1/registries/%00' });
  });

  it.each([
    'limit=0',
    'limit=501',
    'outcome=maybe',
    'from=yesterday',
    'colour=red',
    'namespace=A',
    'cursor=abc',
    'actor=a&actor=b',
  ])('refuses %s', async (query) => {
    expect(await get(query)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('refuses a cursor of other filters', async () => {
    for (const object of ['1', '2']) await append('carl', object);
    const { body } = await get('actor=carl&limit=1');
    expect((await get(`actor=pia&limit=1&cursor=${body.nextCursor}`)).status).toBe(400);
    expect((await get(`actor=carl&limit=1&order=oldest&cursor=${body.nextCursor}`)).status).toBe(400);
  });

  it('is for administrators, and for a token with nothing but the scope', async () => {
    expect((await lab.dev.get('/api/v1/audit')).status).toBe(403);
    expect((await opened('/api/v1/audit', 'reader-token')).resume().statusCode).toBe(200);
  });
});

describe('GET /api/v1/audit/export', () => {
  it('answers lines, oldest first, and is itself written down first', async () => {
    for (const object of ['1', '2', '3']) await append('emil', object);
    const answer = await opened('/api/v1/audit/export?actor=emil', 'reader-token');
    expect(answer.headers['content-type']).toContain('application/x-ndjson');
    const lines = await linesOf(answer);
    expect(lines.map(({ object }) => object)).toEqual(['1', '2', '3']);
    const rest = await linesOf(await opened(`/api/v1/audit/export?actor=emil&after=${lines[0]?.id}&limit=1`));
    expect(rest.map(({ object }) => object)).toEqual(['2']);
    const { body } = await get('action=export-audit&actor=rita');
    expect(body.entries).toMatchObject([{ object: 'audit', detail: { actor: 'emil' } }]);
  });

  it('is empty where nothing fits', async () => {
    expect(await linesOf(await opened('/api/v1/audit/export?actor=none'))).toEqual([]);
  });

  it('is an error, and no shorter log, when the store is away', async () => {
    const { read } = lab.store.auditLog;
    const { ChandleryError } = await import('../../src/domain/errors.ts');
    lab.store.auditLog.read = async () => {
      throw new ChandleryError('store_unavailable', 'away');
    };
    try {
      const answer = await opened('/api/v1/audit/export');
      expect(answer.resume().statusCode).toBe(503);
    } finally {
      lab.store.auditLog.read = read;
    }
  });

  describe('of a long log', () => {
    let reads = 0;
    let failAt = Number.POSITIVE_INFINITY;

    beforeAll(async () => {
      await db.query(
        `insert into audit (actor, action, object, outcome, detail)
         select 'long', 'test', 'object/' || n, 'allowed', jsonb_build_object('text', repeat('x', 1000)) from generate_series(1, $1) n`,
        [LONG],
      );
      const { read } = lab.store.auditLog;
      lab.store.auditLog.read = (query) => {
        reads += 1;
        return reads > failAt ? Promise.reject(new Error('lost')) : read(query);
      };
    }, 60_000);

    it('reads no further than its reader has come', async () => {
      reads = 0;
      const answer = await opened('/api/v1/audit/export?actor=long');
      answer.pause();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const before = reads;
      expect(before).toBeLessThan(LONG / 500 / 2);
      const lines = await linesOf(answer);
      expect(lines).toHaveLength(LONG);
      expect(new Set(lines.map(({ id }) => id)).size).toBe(LONG);
      expect(reads).toBeGreaterThan(before);
    }, 60_000);

    it('stops reading when its reader hangs up', async () => {
      reads = 0;
      const answer = await opened('/api/v1/audit/export?actor=long');
      answer.destroy();
      await new Promise((resolve) => setTimeout(resolve, 500));
      const after = reads;
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(reads).toBe(after);
      expect(after).toBeLessThan(LONG / 500);
    });

    it('is cut off where it cannot go on, so that nobody takes it for the whole', async () => {
      reads = 0;
      failAt = 3;
      await expect(linesOf(await opened('/api/v1/audit/export?actor=long'))).rejects.toThrow(/aborted|hang up|ECONNRESET/);
      failAt = Number.POSITIVE_INFINITY;
    });
  });
});
