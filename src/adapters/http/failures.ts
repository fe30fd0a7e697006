import { errors as undiciErrors } from 'undici';
import { ChandleryError, type ErrorDetails } from '../../domain/errors.ts';

/**
 * The one place that turns what can go wrong on the wire into codes of the catalogue. Texts name the URL without its query and
 * without user information, and never a header that was sent.
 */

/** A registry that asks for more than this is treated as asking for this; longer waits belong to the operation's own limits. */
export const MAX_RETRY_AFTER_MS = 10 * 60 * 1000;

export interface FailureContext {
  registry?: string | undefined;
  /** As `displayUrl` gives it. */
  url: string;
}

const MAX_DISPLAY_LENGTH = 200;

/** Origin and path only, shortened: queries and user information can hold secrets. */
export function displayUrl(url: URL): string {
  const text = `${url.origin}${url.pathname}`;
  return text.length > MAX_DISPLAY_LENGTH ? `${text.slice(0, MAX_DISPLAY_LENGTH)}...` : text;
}

/** A failure before the response headers were complete. */
export function connectFailure(error: unknown, context: FailureContext): ChandleryError {
  if (error instanceof ChandleryError) return withContext(error, context);
  return failure('registry_unavailable', `${context.url}: ${describe(error)}`, context, {}, error);
}

/** A failure while the body was read: what has arrived is good, so the transfer can be resumed. */
export function bodyFailure(error: unknown, context: FailureContext): ChandleryError {
  if (error instanceof ChandleryError) return withContext(error, context);
  return failure('network', `${context.url}: the body broke off: ${describe(error)}`, context, {}, error);
}

/** The failure for a status the caller does not handle itself; undefined for 2xx. */
export function statusFailure(
  status: number,
  retryAfter: string | undefined,
  context: FailureContext,
): ChandleryError | undefined {
  if (status >= 200 && status < 300) return undefined;
  const details = { upstreamStatus: status, ...waitDetails(status, retryAfter) };
  const fail = (
    code: 'authentication' | 'authorization' | 'rate_limit' | 'registry_unavailable' | 'registry_invalid',
    what: string,
  ) => failure(code, `${context.url} answered ${status}: ${what}`, context, details);
  if (status === 401) return fail('authentication', 'the credential is missing or not accepted');
  if (status === 403) return fail('authorization', 'the credential does not allow this');
  if (status === 429) return fail('rate_limit', waitText(details.retryAfterMs));
  if (status >= 500 || status === 408) return fail('registry_unavailable', 'the registry cannot serve now');
  return fail('registry_invalid', status === 404 ? 'no registry at this address' : 'not an answer of the registry protocol');
}

/** The answer is not what the protocol says. */
export function protocolFailure(message: string, context: FailureContext, cause?: unknown): ChandleryError {
  return failure('registry_invalid', `${context.url}: ${message}`, context, {}, cause);
}

function failure(code: ChandleryError['code'], message: string, context: FailureContext, details: ErrorDetails, cause?: unknown) {
  const registry = context.registry === undefined ? {} : { registry: context.registry };
  return new ChandleryError(code, message, { ...details, ...registry }, cause === undefined ? undefined : { cause });
}

function withContext(error: ChandleryError, { registry, url }: FailureContext): ChandleryError {
  if (registry === undefined || error.details.registry !== undefined) return error;
  const message = error.message.includes(url) ? error.message : `${url}: ${error.message}`;
  return new ChandleryError(error.code, message, { ...error.details, registry }, { cause: error.cause });
}

function waitDetails(status: number, retryAfter: string | undefined): { retryAfterMs?: number } {
  const ms = status === 429 || status === 503 ? parseRetryAfter(retryAfter) : undefined;
  return ms === undefined ? {} : { retryAfterMs: ms };
}

function waitText(ms: number | undefined): string {
  return ms === undefined ? 'too many requests' : `too many requests; try again in ${Math.ceil(ms / 1000)} s`;
}

/** Retry-After in ms, 0..MAX_RETRY_AFTER_MS, from seconds or an HTTP date (RFC 9110, 10.2.3); undefined when it is neither. */
export function parseRetryAfter(value: string | undefined, now: number = Date.now()): number | undefined {
  const text = value?.trim();
  if (!text) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : /[a-z]/i.test(text) ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

/** Names the cause for people. Only texts of the platform are used, which hold host names and codes but no header. */
function describe(error: unknown): string {
  if (error instanceof undiciErrors.ConnectTimeoutError) return 'no connection in time';
  if (error instanceof undiciErrors.HeadersTimeoutError) return 'no answer in time';
  if (error instanceof undiciErrors.BodyTimeoutError) return 'no more bytes in time';
  if (error instanceof undiciErrors.HeadersOverflowError) return 'the response headers are too large';
  if (error instanceof AggregateError && error.errors.length > 0) return describe(error.errors[0]);
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const known = typeof code === 'string' ? REASONS[code] : undefined;
  return known ?? ([code, message].filter((part) => typeof part === 'string' && part !== '').join(' ') || 'unknown error');
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name does not exist (DNS)',
  EAI_AGAIN: 'the host name cannot be resolved now (DNS)',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  UND_ERR_SOCKET: 'the connection was closed',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'fewer or more bytes than announced',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is self-signed (TLS)',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate chain is self-signed (TLS)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate cannot be verified (TLS)',
  CERT_HAS_EXPIRED: 'the certificate has expired (TLS)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host (TLS)',
};
