import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Response } from 'express';
import { Router } from 'express';
import type { AuditFilter, AuditLog, AuditRecord } from '../domain/audit.ts';
import { MAX_AUDIT_PAGE } from '../domain/audit.ts';
import { decodeCursor, encodeCursor } from '../domain/page-cursor.ts';
import type { AuditStore } from '../domain/store.ts';
import { requesterOf } from './auth.ts';
import { parseWith } from './problem.ts';
import { type AuditRequest, auditExportQuerySchema, auditQuerySchema } from './schemas/audit.ts';

export interface AuditRouterDeps {
  auditLog: AuditLog;
  /** Taking the log away is itself written down. */
  audit: AuditStore;
  /** Aborted when the server stops. */
  stopping: AbortSignal;
}

type Order = AuditRequest['order'];
const LINES_TYPE = 'application/x-ndjson';

/** The audit log, for those who may read it (domain/access-table.ts). */
export function createAuditRouter({ auditLog, audit, stopping }: AuditRouterDeps): Router {
  const router = Router();

  router.get('/', async (request, response) => {
    const query = parseWith(auditQuerySchema, request.query, 'query');
    response
      .set('Cache-Control', 'no-store')
      .json(query.order === 'newest' ? await newest(auditLog, query) : await oldest(auditLog, query));
  });

  router.get('/export', async (request, response) => {
    const { after = 0, limit, ...filter } = parseWith(auditExportQuerySchema, request.query, 'query');
    if (request.method === 'HEAD') return void response.type(LINES_TYPE).end();
    const { user } = requesterOf(request);
    await audit.append({
      ...{ actor: user, action: 'export-audit', object: 'audit', outcome: 'allowed' },
      detail: { ...filter, ...(after > 0 && { after }), limit },
    });
    await send(linesOf(auditLog, present(filter), { after, limit }), response, stopping);
  });

  return router;
}

/** From the newest one on, back in time. */
async function newest(auditLog: AuditLog, { cursor, limit, order, ...filters }: AuditRequest) {
  const filter = present(filters);
  // Where it begins: what is being written at this moment is behind the cursor to follow, and so in no gap between the two.
  const upTo = cursor === undefined ? await auditLog.settled() : decodeCursor(cursor, keyOf(order, filter));
  const found = await auditLog.read({ filter, order, upTo, limit: limit + 1 });
  const entries = found.slice(0, limit);
  const next = found.length > limit ? found[limit] : undefined;
  return {
    entries,
    ...(next && { nextCursor: encodeCursor(next.id, keyOf(order, filter)) }),
    ...(cursor === undefined && { followCursor: encodeCursor(upTo, keyOf('oldest', filter)) }),
  };
}

/** From the oldest one, or the cursor, on; never at an end, since the log goes on. */
async function oldest(auditLog: AuditLog, { cursor, limit, order, ...filters }: AuditRequest) {
  const filter = present(filters);
  const above = cursor === undefined ? 0 : decodeCursor(cursor, keyOf(order, filter));
  const upTo = Math.max(above, await auditLog.settled());
  const entries = await auditLog.read({ filter, order, above, upTo, limit });
  const last = entries.length < limit ? upTo : (entries.at(-1)?.id ?? upTo);
  return { entries, nextCursor: encodeCursor(last, keyOf(order, filter)) };
}

function keyOf(order: Order, filter: AuditFilter): unknown[] {
  return ['audit', order, Object.entries(filter).toSorted()];
}

/** Exactly the filters that were given. */
function present(filters: { [Name in keyof AuditFilter]: AuditFilter[Name] | undefined }): AuditFilter {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined));
}

/** A page at a time, each read when the one before has gone out: a slow reader holds neither rows nor a connection to the store. */
async function* linesOf(
  auditLog: AuditLog,
  filter: AuditFilter,
  { after, limit }: { after: number; limit: number },
): AsyncGenerator<string, void, undefined> {
  const upTo = await auditLog.settled();
  let [above, left] = [after, limit];
  while (left > 0) {
    const wanted = Math.min(left, MAX_AUDIT_PAGE);
    const page = await auditLog.read({ filter, order: 'oldest', above, upTo, limit: wanted });
    if (page.length > 0) yield page.map(lineOf).join('');
    if (page.length < wanted) return;
    left -= page.length;
    above = page.at(-1)?.id ?? upTo;
  }
}

function lineOf(record: AuditRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/** A reader that hangs up is no failure. One that gets no further because of us sees the connection cut, and not a shorter log. */
async function send(lines: AsyncGenerator<string, void, undefined>, response: Response, signal: AbortSignal): Promise<void> {
  // Before anything goes out: a store that is away is an error, and not an empty log.
  const first = await lines.next();
  response.status(200).set({ 'Content-Type': LINES_TYPE, 'Cache-Control': 'no-store' });
  if (first.done) return void response.end();
  try {
    // One page at most waits for the reader.
    await pipeline(Readable.from(after(first.value, lines), { highWaterMark: 1 }), response, { signal });
  } catch (error) {
    if (!signal.aborted && (error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

async function* after(first: string, rest: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  yield first;
  yield* rest;
}
