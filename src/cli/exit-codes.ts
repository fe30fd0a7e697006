import type { ErrorCode } from '../domain/errors.ts';
import { ERROR_CATALOGUE, isErrorCode } from '../domain/errors.ts';

/** What the process ends with; the table of docs/cli.md and of `chandlery --help`. */
export const EXIT = Object.freeze({
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  conflict: 5,
  cancelled: 6,
  unavailable: 7,
  /** 128 + SIGINT, as shells have it. */
  interrupted: 130,
  /** 128 + SIGTERM. */
  terminated: 143,
});

export const EXIT_WORDS: ReadonlyArray<readonly [number, string]> = [
  [EXIT.ok, 'done'],
  [EXIT.failed, 'the operation failed, or the template is not valid'],
  [EXIT.usage, 'the command line, or a parameter on it, is not valid'],
  [EXIT.notFound, 'no such template, version, registry, source, token, install, deployment, revision, plan or operation'],
  [EXIT.denied, 'no valid credential, or not allowed'],
  [EXIT.conflict, 'something else is in the way (target_busy, in_use, deployment_exists, plan_stale, field_conflict, ...)'],
  [EXIT.cancelled, 'the operation was cancelled'],
  [EXIT.unavailable, 'the server, the engine, the store, the cluster or a registry does not answer'],
  [EXIT.interrupted, 'stopped watching with Ctrl-C; the operation goes on'],
  [EXIT.terminated, 'stopped watching with SIGTERM; the operation goes on'],
];

/** Codes whose HTTP status says less than their meaning. */
const BY_CODE: Partial<Record<ErrorCode, number>> = {
  cancelled: EXIT.cancelled,
  terminated: EXIT.failed,
  // The registry answered: waiting does not help, a credential does.
  authentication: EXIT.denied,
  authorization: EXIT.denied,
  deadline_exceeded: EXIT.failed,
  // Where most of them are written.
  parameter_invalid: EXIT.usage,
  source_invalid: EXIT.usage,
  registry_changed: EXIT.conflict,
  registry_test_failed: EXIT.unavailable,
};

const BY_STATUS: Record<number, number> = {
  400: EXIT.usage,
  401: EXIT.denied,
  403: EXIT.denied,
  404: EXIT.notFound,
  409: EXIT.conflict,
  413: EXIT.usage,
  429: EXIT.unavailable,
  502: EXIT.unavailable,
  503: EXIT.unavailable,
  504: EXIT.unavailable,
};

/** The same for a refused request and for a failed operation. `status` counts only for codes this build does not know. */
export function exitCodeOf(code: string | undefined, status?: number): number {
  if (code === undefined || !isErrorCode(code)) return BY_STATUS[status ?? 0] ?? EXIT.failed;
  return BY_CODE[code] ?? BY_STATUS[ERROR_CATALOGUE[code].status] ?? EXIT.failed;
}
