import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { type Agent, request as httpsRequest } from 'node:https';
import { importLibrary } from './config.ts';
import type { Connections, Target } from './connections.ts';
import { LIMITS } from './limits.ts';
import { connectionFailure, timeoutFailure, tooLargeFailure } from './wire-failures.ts';

/**
 * Requests over node:https. Not the library's own client: that one joins several `Impersonate-Group` headers to a single group, and
 * builds an agent per request. Nothing here is tried again.
 */

export interface Call {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** with the query */
  path: string;
  /** JSON text */
  body?: string;
  /** Default application/json. */
  contentType?: string;
  /** Those of the impersonation. */
  headers?: OutgoingHttpHeaders;
  /** Of the answer; default one object. */
  maxBytes?: number;
  signal?: AbortSignal | undefined;
}

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** An answer whose body is still to come. */
export interface Stream {
  server: string;
  response: IncomingMessage;
  /** Why the body broke off: the signal's reason, our own failure, or the connection's. */
  failure(error: unknown): unknown;
  /** Ends it with this failure. */
  stop(reason: unknown): void;
}

export interface Transport {
  /** The whole answer, of any status. Fails with `cluster_unavailable`, `too_large` or the signal's reason. */
  call(call: Call): Promise<Reply>;
  /** On a socket of its own; `requestMs` bounds the time to the headers only. An error status comes with its body read. */
  stream(call: Call): Promise<{ stream: Stream } | { reply: Reply; server: string }>;
  /** The target, with our credentials at hand. */
  target(signal?: AbortSignal): Promise<Target>;
  close(): void;
}

/** One request whose headers have come, under its deadline and signal until `settle`. */
interface Exchange extends Stream {
  settle(): void;
  /** Ends the deadline, not the signal. */
  unbound(): void;
}

export function createTransport(connections: Connections): Transport {
  const target = async (signal?: AbortSignal): Promise<Target> => {
    signal?.throwIfAborted();
    const ready = connections.ready();
    if (ready) return ready;
    // Before the clock starts: on a busy machine the first import alone can take longer than a request may.
    await importLibrary();
    return within(connections.load(), signal);
  };

  async function begin(call: Call, poolOf: (target: Target) => Agent): Promise<Exchange> {
    const to = await target(call.signal);
    const exchange = await send(to, poolOf(to), call);
    if (exchange.response.statusCode === 401) connections.refused(to);
    return exchange;
  }

  return {
    target,
    close: () => connections.close(),
    async call(call) {
      return readReply(await begin(call, ({ pool }) => pool), call.maxBytes ?? LIMITS.objectBytes);
    },
    async stream(call) {
      const exchange = await begin(call, ({ streams }) => streams);
      if (exchange.response.statusCode !== 200) {
        return { reply: await readReply(exchange, LIMITS.errorBytes), server: exchange.server };
      }
      exchange.unbound();
      exchange.response.once('close', exchange.settle);
      return { stream: exchange };
    },
  };
}

/** Sends and waits for the headers. */
async function send(target: Target, agent: Agent, call: Call): Promise<Exchange> {
  const { signal } = call;
  signal?.throwIfAborted();
  return new Promise((resolve, reject) => {
    let stopped: { reason: unknown } | undefined;
    let response: IncomingMessage | undefined;
    const request = httpsRequest({
      host: target.host,
      port: target.port,
      agent,
      method: call.method,
      path: target.basePath + call.path,
      headers: headersOf(target, call),
    });
    const failure = (error: unknown) => (stopped ? stopped.reason : connectionFailure(target.server, error));
    const stop = (reason: unknown) => {
      stopped ??= { reason };
      (response ?? request).destroy(new Error('stopped'));
    };
    const onAbort = () => stop(signal?.reason);
    const timer = setTimeout(() => stop(timeoutFailure(target.server)), LIMITS.requestMs);
    const unbound = () => clearTimeout(timer);
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    request.on('error', (error) => {
      settle();
      reject(failure(error));
    });
    request.on('response', (incoming) => {
      response = incoming;
      // Whoever reads it says what went wrong; until somebody does, an abort must not end the process.
      incoming.on('error', () => undefined);
      resolve({ server: target.server, response, failure, stop, settle, unbound });
    });
    // Node frames the body of a DELETE only when it is told the length; the server would take the bytes for the next request.
    if (call.body !== undefined) request.setHeader('content-length', Buffer.byteLength(call.body));
    request.end(call.body);
  });
}

function headersOf(target: Target, call: Call): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    Accept: 'application/json, */*',
    'User-Agent': 'chandlery',
    ...target.headers,
    ...call.headers,
  };
  if (call.body !== undefined) {
    headers['Content-Type'] = call.contentType ?? 'application/json';
    // Node leaves the length out for DELETE: the server would take the preconditions for the next request, and delete without them.
    headers['Content-Length'] = Buffer.byteLength(call.body);
  }
  return headers;
}

function readReply(exchange: Exchange, maxBytes: number): Promise<Reply> {
  const { response, server, settle, stop, failure } = exchange;
  const status = response.statusCode ?? 0;
  const limit = status < 400 ? maxBytes : Math.min(maxBytes, LIMITS.errorBytes);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let seen = 0;
    response.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (seen > limit) stop(tooLargeFailure(server, limit));
      else chunks.push(chunk);
    });
    response.on('end', () => {
      settle();
      resolve({ status, headers: response.headers, body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) });
    });
    // 'error' does not come when the connection just ends in the middle; 'close' always does, and after 'end' it changes nothing.
    response.on('error', (error) => reject(failure(error)));
    response.on('close', () => {
      settle();
      reject(failure(new Error('the answer broke off')));
    });
  });
}

/** The promise, or a failure when the request timeout passes or the signal comes first; the work itself goes on for the next caller. */
function within<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal?.reason);
    const timer = setTimeout(() => reject(timeoutFailure('(reading the credentials)')), LIMITS.requestMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    });
  });
}
