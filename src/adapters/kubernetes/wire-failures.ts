import { ChandleryError } from '../../domain/errors.ts';
import { LIMITS } from './limits.ts';

/** Failures before the server has said anything: all of them `cluster_unavailable`, which is tried again. */

/** The connection failed or broke off. */
export function connectionFailure(server: string, error: unknown): ChandleryError {
  return new ChandleryError('cluster_unavailable', `the cluster at ${server} cannot be reached: ${describe(error)}`);
}

/** Nothing, or not everything, came within the request timeout. */
export function timeoutFailure(server: string): ChandleryError {
  return new ChandleryError('cluster_unavailable', `the cluster at ${server} did not answer within ${LIMITS.requestMs / 1000} s`);
}

/** More bytes than the bound of this kind of answer. */
export function tooLargeFailure(server: string, maxBytes: number): ChandleryError {
  return new ChandleryError(
    'too_large',
    `an answer of the cluster at ${server} is larger than ${maxBytes} bytes; it was not read`,
  );
}

/** The answer is not what the API promises. */
export function protocolFailure(server: string, what: string): ChandleryError {
  return new ChandleryError('cluster_unavailable', `${server} answers, but not as a Kubernetes API server does: ${what}`);
}

function describe(error: unknown): string {
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
  EHOSTUNREACH: 'there is no way to the host',
  ETIMEDOUT: 'the connection timed out',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate is not signed by the CA of the kubeconfig (TLS)',
  SELF_SIGNED_CERT_IN_CHAIN: 'the certificate chain is not of the CA of the kubeconfig (TLS)',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate cannot be verified with the CA of the kubeconfig (TLS)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'the certificate cannot be verified with the CA of the kubeconfig (TLS)',
  CERT_SIGNATURE_FAILURE: 'the certificate is not signed by the CA of the kubeconfig (TLS)',
  CERT_HAS_EXPIRED: 'the certificate has expired (TLS)',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is for another host (TLS)',
};
