import type { ConnectionOutcome, RegistryTest } from '../domain/catalog-views.ts';
import { ChandleryError } from '../domain/errors.ts';
import { certificateOf } from './registry-views.ts';
import type { Source } from './sources.ts';

const GUIDANCE: Readonly<Record<ConnectionOutcome, string>> = {
  ok: 'the registry answers and accepts the credential',
  dns: 'the host name cannot be resolved: check the URL',
  refused: 'nothing listens there: check host and port',
  tls: 'the secure connection cannot be made: check the certificate, or name its authority with `ca`',
  timeout: 'no answer in time: check the address and what lies between',
  unauthorized: 'the registry asks for a credential, or does not accept this one',
  forbidden: 'the credential is known, but may not read',
  not_found: 'a server answers, but there is nothing at this path: check the path of the URL',
  not_a_registry: 'a server answers, but not as a registry of this kind: check URL and kind',
  rate_limit: 'the registry limits the rate: try again later',
  denied: 'this address may not be called: see CHANDLERY_OUTBOUND_ALLOW and allowHttp',
  unavailable: 'the registry cannot serve now',
};

/** Calls the registry once, past breaker and caches, and tells in one word how it went. Never fails. */
export async function testConnection(source: Source, ms: number): Promise<RegistryTest> {
  const startedAt = performance.now();
  const signal = AbortSignal.timeout(ms);
  const told = (outcome: ConnectionOutcome, message: string, more: Partial<RegistryTest> = {}): RegistryTest => ({
    registry: source.name,
    ok: outcome === 'ok',
    outcome,
    message,
    elapsedMs: Math.round(performance.now() - startedAt),
    ...certificateOf(source),
    ...more,
  });
  try {
    const { credential } = await source.plugin.connect(signal);
    source.guard.breaker.reset();
    return told('ok', GUIDANCE.ok, { credential });
  } catch (error) {
    const outcome = signal.aborted ? 'timeout' : outcomeOf(error);
    const what = error instanceof ChandleryError ? `${error.message}; ` : '';
    return told(outcome, `${what}${GUIDANCE[outcome]}`);
  }
}

const TLS = /^(CERT_|ERR_TLS|ERR_SSL|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;
const TIMEOUTS: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

function outcomeOf(error: unknown): ConnectionOutcome {
  if (!(error instanceof ChandleryError)) return 'unavailable';
  if (error.code === 'authentication') return 'unauthorized';
  if (error.code === 'authorization') return 'forbidden';
  if (error.code === 'rate_limit') return 'rate_limit';
  if (error.code === 'outbound_denied') return 'denied';
  if (error.code === 'registry_invalid') return error.details.upstreamStatus === 404 ? 'not_found' : 'not_a_registry';
  return wireOutcome(systemCode(error.cause));
}

function wireOutcome(code: string): ConnectionOutcome {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns';
  if (code === 'ECONNREFUSED') return 'refused';
  if (TLS.test(code)) return 'tls';
  return TIMEOUTS.has(code) ? 'timeout' : 'unavailable';
}

/** The first code of the platform in a chain of causes. */
function systemCode(error: unknown, depth = 0): string {
  const { code, cause, errors } = (error ?? {}) as { code?: unknown; cause?: unknown; errors?: unknown[] };
  if (typeof code === 'string') return code;
  const next = errors?.[0] ?? cause;
  return next === undefined || depth > 5 ? '' : systemCode(next, depth + 1);
}
