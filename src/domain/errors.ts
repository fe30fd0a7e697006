import { DEPLOYMENT_ERRORS } from './error-catalogue/deployments.ts';
import type { CatalogueEntry } from './error-catalogue/entry.ts';
import { INSTALL_ERRORS } from './error-catalogue/installs.ts';
import { PACK_ERRORS } from './error-catalogue/packs.ts';
import { PUBLISHING_ERRORS } from './error-catalogue/publishing.ts';
import { REGISTRY_ERRORS } from './error-catalogue/registries.ts';
import { REQUEST_ERRORS } from './error-catalogue/requests.ts';
import { RUNNING_ERRORS } from './error-catalogue/running.ts';
import { SOURCE_ERRORS } from './error-catalogue/sources.ts';
import { VULNERABILITY_ERRORS } from './error-catalogue/vulnerabilities.ts';

/**
 * The catalogue: every word Chandlery uses for "this went wrong". The code is the failure type in Temporal, the `code` in the
 * HTTP body and the word in the docs. Add a code in one of the files of `error-catalogue/`, by what it speaks of, and nowhere else.
 */
const entries = {
  ...REQUEST_ERRORS,
  ...REGISTRY_ERRORS,
  ...INSTALL_ERRORS,
  ...PUBLISHING_ERRORS,
  ...VULNERABILITY_ERRORS,
  ...DEPLOYMENT_ERRORS,
  ...SOURCE_ERRORS,
  ...PACK_ERRORS,
  ...RUNNING_ERRORS,
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof entries;

/** All codes with their meaning; the docs and the OpenAPI document are generated from it. */
export const ERROR_CATALOGUE: Readonly<Record<ErrorCode, CatalogueEntry>> = entries;

/** One place that was wrong: where (a JSON pointer or file:line:column) and why. */
export interface ErrorIssue {
  path: string;
  message: string;
  line?: number;
  column?: number;
}

export interface ErrorDetails {
  /** Registry the error speaks of. */
  registry?: string;
  /** Template the error speaks of, `name` or `name@version`. */
  template?: string;
  /** Status the upstream answered. */
  upstreamStatus?: number;
  /** Milliseconds to wait before trying again (from Retry-After). */
  retryAfterMs?: number;
  issues?: ErrorIssue[];
  /** Id of the operation that stands in the way. */
  operation?: string;
  /** Names that would have worked. */
  alternatives?: string[];
  [key: string]: unknown;
}

/** The only error class that crosses a module boundary of ours. Callers match `code`, never the message. */
export class ChandleryError extends Error {
  override readonly name = 'ChandleryError';

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: ErrorDetails = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** Whether trying again, unchanged, may succeed. */
  get retryable(): boolean {
    return isRetryable(this.code);
  }
}

/** The one predicate that decides retry. */
function isRetryable(code: ErrorCode): boolean {
  return ERROR_CATALOGUE[code].retryable === true;
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(entries, value);
}
