import { Readable } from 'node:stream';
import { type Agent, type Dispatcher, request as undiciRequest } from 'undici';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistryCredentials } from '../../domain/registry-entry.ts';
import type { AddressPolicyOptions } from './address-policy.ts';
import { checkAnnounced, limitedBody, readJson } from './body.ts';
import { authorizationHeader } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { bodyFailure, connectFailure, displayUrl, type FailureContext, protocolFailure, statusFailure } from './failures.ts';
import { type ClientTimeouts, DEFAULT_TIMEOUTS, PoolSet, type RegistryTransport } from './pools.ts';
import { type Hop, nextHop, REDIRECT_STATUSES } from './redirect.ts';

const DEFAULT_MAX_REDIRECTS = 5; // as curl's and browsers' common practice is well above what registries use
const DEFAULT_MAX_BYTES = 8 * 1024 * 1024; // the largest JSON answer: thousands of versions of one template
const UNUSED_BODY_LIMIT = 16 * 1024; // read, unused, so that the connection can be used again; a longer one is closed

/** Of a streamed body, bytes that are read ahead; by default it would be sixteen pieces, however large. */
const STREAMED = { objectMode: false, highWaterMark: 256 * 1024 };

/** `allow` is CHANDLERY_OUTBOUND_ALLOW; `classify` is for tests. */
export interface GuardedClientOptions extends AddressPolicyOptions {
  timeouts?: Partial<ClientTimeouts>;
  maxRedirects?: number;
  /** PEM of extra certificate authorities. */
  ca?: string;
  /** A name with one address that may not be called is not called at all. Without it, it is called at the others. */
  strict?: boolean;
  /** What one registry may have besides; asked when its first connection is made. */
  transportOf?: (registry: string) => RegistryTransport;
}

const NOTHING_RECEIVED = { bytes: 0, ms: 0 };

export type { RegistryTransport } from './pools.ts';

export interface GuardedRequest {
  url: string | URL;
  /** A POST is never redirected: what it carries was meant for one place. */
  method?: 'GET' | 'HEAD' | 'POST';
  /** Of a POST. What is streamed can be sent once, and is read no further when the answer comes before its end. */
  body?: string | AsyncIterable<Uint8Array>;
  /** URL of the server whose answer named `url`: the call is held to the rules of a redirect from there. */
  namedBy?: string | URL;
  headers?: Record<string, string>;
  /** Aborting fails the call, and a body being read, with the signal's own reason. */
  signal?: AbortSignal | undefined;
  maxBytes?: number;
  /** ms for the whole exchange, redirects and body included. */
  timeoutMs?: number;
  /** ms without a byte of a streamed body taken, and from its end to the first byte of the answer, where the common limit is too short. */
  answerMs?: number;
  /** Sent as Authorization; only token and basic can be. */
  credentials?: RegistryCredentials | undefined;
  /** Name of the registry: picks its connection pool and is named in errors. */
  registry?: string;
  /** Statuses handed back instead of being turned into failures, besides 2xx. */
  accept?: readonly number[];
}

export interface GuardedResponse {
  status: number;
  headers: Record<string, string>;
  /** Where the answer came from, for people. */
  url: string;
  /** Announced length, bytes. */
  size: number | undefined;
  /** Bounded by maxBytes. Read it, or call discard. */
  body: AsyncIterable<Uint8Array>;
  /** Fails with registry_invalid when it is not JSON. */
  json(): Promise<unknown>;
  discard(): Promise<void>;
}

export interface GuardedClient {
  request(request: GuardedRequest): Promise<GuardedResponse>;
  /** The earliest end of validity of the certificates that the registry's servers showed; undefined over http or before the first connection. */
  certificateExpiry(registry: string): Date | undefined;
  /** Whether the origin was reached at a public address by calls without a registry; true when it was never called. */
  isPublic(origin: string): boolean;
  /** Since the client was made: bytes of bodies that were read, and ms from request to last byte. */
  received(registry: string): { bytes: number; ms: number };
  /** Before the registry is called by other rules (transportOf): what is under way ends as it began. */
  forget(registry: string): void;
  close(): Promise<void>;
}

/**
 * The one client for outbound requests. Fails with outbound_denied (the guard), registry_unavailable (no answer), authentication,
 * authorization, rate_limit, registry_invalid, network (body broke off) and too_large. It never retries: Temporal retries steps.
 */
export function createGuardedClient(options: GuardedClientOptions): GuardedClient {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  const pools = new PoolSet({ ...options, timeouts });
  const maxRedirects = options.maxRedirects ?? DEFAULT_MAX_REDIRECTS;
  const received = new Map<string, { bytes: number; ms: number }>();
  return {
    request: (request) => exchange(request, { pools, maxRedirects, totalMs: request.timeoutMs ?? timeouts.total, received }),
    certificateExpiry: (registry) => pools.certificateExpiry(registry),
    isPublic: (origin) => pools.get('', false).connector.isPublic(origin),
    received: (registry) => ({ ...(received.get(registry) ?? NOTHING_RECEIVED) }),
    forget(registry) {
      pools.forget(registry);
      received.delete(registry);
    },
    close: () => pools.close(),
  };
}

interface ExchangeContext {
  pools: PoolSet;
  maxRedirects: number;
  totalMs: number;
  received: Map<string, { bytes: number; ms: number }>;
}

async function exchange(request: GuardedRequest, context: ExchangeContext): Promise<GuardedResponse> {
  request.signal?.throwIfAborted();
  const deadline = new Deadline(context.totalMs, request.signal);
  const startedAt = performance.now();
  const onEnd = (bytes: number) => {
    deadline.clear();
    if (request.registry !== undefined) addReceived(context.received, request.registry, bytes, performance.now() - startedAt);
  };
  let hop = firstHop(request, context.pools);
  try {
    for (let redirects = 0; ; redirects += 1) {
      const failing: FailureContext = { url: displayUrl(hop.url), registry: request.registry };
      const pool = context.pools.get(request.registry ?? '', hop.fromPublic);
      const answer = await send(hop, request, pool.agent, deadline, failing);
      if (!REDIRECT_STATUSES.has(answer.statusCode)) return await respond(answer, request, { deadline, onEnd }, failing);
      await answer.body.dump({ limit: UNUSED_BODY_LIMIT, signal: deadline.signal });
      if (request.method === 'POST') throw protocolFailure('it redirects a POST, which is not followed', failing);
      if (redirects >= context.maxRedirects) throw protocolFailure(`more than ${context.maxRedirects} redirects`, failing);
      hop = nextHop(hop, headerText(answer.headers.location), pool.connector.isPublic(hop.url.origin), failing);
    }
  } catch (error) {
    deadline.clear();
    throw deadline.explain(error, (cause) => connectFailure(cause, { url: displayUrl(hop.url), registry: request.registry }));
  }
}

function firstHop(request: GuardedRequest, pools: PoolSet): Hop {
  const url = new URL(request.url);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new ChandleryError(
      'outbound_denied',
      `${url.protocol} URLs may not be called`,
      request.registry ? { registry: request.registry } : {},
    );
  }
  url.username = '';
  url.password = '';
  const authorization = authorizationHeader(request.credentials);
  if (request.namedBy === undefined) return { url, authorization, fromPublic: false };
  const from: Hop = { url: new URL(request.namedBy), authorization: undefined, fromPublic: false };
  const wasPublic = pools.get(request.registry ?? '', false).connector.isPublic(from.url.origin);
  const hop = nextHop(from, url.href, wasPublic, { url: displayUrl(from.url), registry: request.registry });
  // Unlike a redirect, the caller chose to send its credential there.
  return { ...hop, authorization };
}

async function send(hop: Hop, request: GuardedRequest, agent: Agent, deadline: Deadline, failing: FailureContext) {
  const headers: Record<string, string> = { 'user-agent': 'chandlery', 'accept-encoding': 'identity', ...request.headers };
  if (hop.authorization !== undefined) headers.authorization = hop.authorization;
  try {
    const { method = 'GET', answerMs } = request;
    const body = typeof request.body === 'object' ? Readable.from(request.body, STREAMED) : (request.body ?? null);
    const more = answerMs === undefined ? {} : { headersTimeout: answerMs };
    return await undiciRequest(hop.url, { dispatcher: agent, method, headers, body, signal: deadline.signal, ...more });
  } catch (error) {
    throw deadline.explain(error, (cause) => connectFailure(cause, failing));
  }
}

async function respond(
  answer: Dispatcher.ResponseData,
  request: GuardedRequest,
  { deadline, onEnd }: { deadline: Deadline; onEnd: (bytes: number) => void },
  context: FailureContext,
): Promise<GuardedResponse> {
  const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, headerText(value) ?? '']));
  const maxBytes = request.maxBytes ?? DEFAULT_MAX_BYTES;
  const size = /^\d+$/.test(headers['content-length'] ?? '') ? Number(headers['content-length']) : undefined;
  try {
    if (!request.accept?.includes(answer.statusCode)) throwFor(statusFailure(answer.statusCode, headers['retry-after'], context));
    if (!['', 'identity'].includes(headers['content-encoding'] ?? ''))
      throw protocolFailure('the answer is compressed though that was not asked for', context);
    if (request.method !== 'HEAD') checkAnnounced(size, { maxBytes, context });
  } catch (error) {
    await discard(answer, deadline);
    throw error;
  }
  const onError = (error: unknown) => deadline.explain(error, (cause) => bodyFailure(cause, context));
  const body = limitedBody(answer.body, { maxBytes, context, onError, onEnd });
  return {
    status: answer.statusCode,
    headers,
    url: context.url,
    size,
    body,
    json: () => readJson(body, context),
    discard: () => discard(answer, deadline),
  };
}

function addReceived(received: Map<string, { bytes: number; ms: number }>, registry: string, bytes: number, ms: number): void {
  const before = received.get(registry) ?? NOTHING_RECEIVED;
  received.set(registry, { bytes: before.bytes + bytes, ms: before.ms + ms });
}

function throwFor(failure: ChandleryError | undefined): void {
  if (failure) throw failure;
}

/** A short rest is read, so that the connection can be used again; a long one is cut off. */
async function discard(answer: Dispatcher.ResponseData, deadline: Deadline): Promise<void> {
  await answer.body.dump({ limit: UNUSED_BODY_LIMIT, signal: deadline.signal }).catch(() => undefined);
  deadline.clear();
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
