import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A reverse proxy on loopback that breaks answers on order: what a registry, a network or an attacker does to a client. The demo
 * uses it too, so nothing of the test framework may be imported here.
 */

type FaultAction =
  /** Answers itself; the target is not asked. */
  | { kind: 'status'; status: number; headers?: Record<string, string>; body?: string | Buffer }
  | { kind: 'garbage'; body: string | Buffer; contentType: string }
  /** Closes the connection without an answer. */
  | { kind: 'reset' }
  /** Waits before the target is asked. */
  | { kind: 'delay'; ms: number }
  /** Breaks the connection after so many bytes of the body. */
  | { kind: 'truncate'; bytes: number }
  | { kind: 'throttle'; bytesPerSecond: number }
  /** Flips one bit of the byte at this place of the body (default: the first). */
  | { kind: 'corrupt'; at?: number };

type Fault = FaultAction & {
  /** Part of the path and query, or an expression over it; absent = every request. */
  path?: string | RegExp;
  /** Applies to so many requests, then never again; absent = for ever. */
  times?: number;
};

interface ProxiedRequest {
  method: string;
  /** with the query */
  path: string;
  headers: Record<string, string>;
  /** What the client was sent; 0 when the connection was broken before an answer. */
  status: number;
  /** Bytes of the body that were sent. */
  bytes: number;
  fault?: FaultAction['kind'];
}

export interface FaultProxy {
  url: string;
  /** Replaces all faults. The first that fits a request is applied to it. */
  setFaults(faults: readonly Fault[]): void;
  /** Every request so far, oldest first. */
  requests(): readonly ProxiedRequest[];
  /** How many requests fit. */
  count(method: string, path: string | RegExp): number;
  clear(): void;
  close(): Promise<void>;
}

export interface FaultProxyOptions {
  /** Where requests go, `http://host:port`. */
  target: string;
  /** Default 127.0.0.1 */
  host?: string;
}

/** Pieces a slowed body is sent in. */
const SLICES_PER_SECOND = 10;

export async function startFaultProxy({ target, host = '127.0.0.1' }: FaultProxyOptions): Promise<FaultProxy> {
  let faults: Fault[] = [];
  const seen: ProxiedRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const fault = takeFault(faults, incoming.url ?? '/');
    const record: ProxiedRequest = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: flatten(incoming.headers),
      status: 0,
      bytes: 0,
      ...(fault ? { fault: fault.kind } : {}),
    };
    seen.push(record);
    answer(incoming, outgoing, { target, fault, record }).catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve));
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    setFaults: (next) => {
      faults = next.map((fault) => ({ ...fault }));
    },
    requests: () => seen,
    count: (method, path) => seen.filter((request) => request.method === method && fits(path, request.path)).length,
    clear: () => {
      seen.length = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Exchange {
  target: string;
  fault: Fault | undefined;
  record: ProxiedRequest;
}

function fits(pattern: string | RegExp | undefined, path: string): boolean {
  if (pattern === undefined) return true;
  return typeof pattern === 'string'
    ? path.includes(pattern)
    : new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, '')).test(path);
}

function takeFault(faults: Fault[], path: string): Fault | undefined {
  const fault = faults.find((candidate) => fits(candidate.path, path) && candidate.times !== 0);
  if (fault?.times !== undefined) fault.times -= 1;
  return fault;
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, { target, fault, record }: Exchange): Promise<void> {
  if (fault?.kind === 'reset') return void incoming.socket.resetAndDestroy();
  if (fault?.kind === 'status') return sendOwn(outgoing, record, fault.status, fault.headers ?? {}, fault.body ?? '');
  if (fault?.kind === 'garbage') return sendOwn(outgoing, record, 200, { 'content-type': fault.contentType }, fault.body);
  if (fault?.kind === 'delay') await sleep(fault.ms);
  const upstream = await forward(incoming, target);
  outgoing.once('close', () => upstream.destroy());
  record.status = upstream.statusCode ?? 502;
  outgoing.writeHead(record.status, upstream.headers).flushHeaders();
  for await (const piece of broken(upstream, fault)) {
    if (outgoing.destroyed) return;
    record.bytes += piece.length;
    await written(outgoing, piece);
  }
  // A body cut short must look so: ending it properly would add an error of another kind.
  if (fault?.kind === 'truncate') return void setImmediate(() => incoming.socket.destroy());
  outgoing.end();
}

/** Resolves when the piece has left the process, or the client has. */
function written(outgoing: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once('close', resolve);
    outgoing.write(piece, () => {
      outgoing.off('close', resolve);
      resolve();
    });
  });
}

function sendOwn(
  outgoing: ServerResponse,
  record: ProxiedRequest,
  status: number,
  headers: Record<string, string>,
  body: string | Buffer,
): void {
  record.status = status;
  record.bytes = Buffer.byteLength(body);
  outgoing.writeHead(status, { 'content-length': String(record.bytes), ...headers }).end(body);
}

function forward(incoming: IncomingMessage, target: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { host, connection: _connection, ...headers } = incoming.headers;
    const url = new URL(incoming.url ?? '/', target);
    // `agent: false`: a connection per request, so that a broken one is never taken again.
    const upstream = httpRequest(
      url,
      { method: incoming.method ?? 'GET', headers: { ...headers, host: url.host }, agent: false },
      resolve,
    );
    upstream.once('error', reject);
    incoming.pipe(upstream);
  });
}

async function* broken(body: AsyncIterable<Buffer>, fault: Fault | undefined): AsyncGenerator<Buffer, void, undefined> {
  let position = 0;
  for await (const chunk of body) {
    const start = position;
    position += chunk.length;
    if (fault?.kind === 'truncate') {
      if (start < fault.bytes) yield chunk.subarray(0, fault.bytes - start);
      if (position >= fault.bytes) return;
    } else if (fault?.kind === 'corrupt') yield flip(chunk, (fault.at ?? 0) - start);
    else if (fault?.kind === 'throttle') yield* slowly(chunk, fault.bytesPerSecond);
    else yield chunk;
  }
}

async function* slowly(chunk: Buffer, bytesPerSecond: number): AsyncGenerator<Buffer, void, undefined> {
  const slice = Math.max(1, Math.floor(bytesPerSecond / SLICES_PER_SECOND));
  for (let at = 0; at < chunk.length; at += slice) {
    const piece = chunk.subarray(at, at + slice);
    await sleep((piece.length / bytesPerSecond) * 1000);
    yield piece;
  }
}

function flip(chunk: Buffer, at: number): Buffer {
  const byte = chunk[at];
  if (at < 0 || byte === undefined) return chunk;
  const copy = Buffer.from(chunk);
  copy[at] = byte ^ 1;
  return copy;
}

function flatten(headers: IncomingMessage['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]));
}
