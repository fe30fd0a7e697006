import { ActivityFailure, ApplicationFailure, isCancellation, TimeoutFailure } from '@temporalio/workflow';
import type { ErrorCode, ErrorDetails } from '../src/domain/errors.ts';
import { ERROR_CATALOGUE, isErrorCode } from '../src/domain/errors.ts';
import type { FailureView } from '../src/domain/operation.ts';

/** Reads the catalogue's words back out of what Temporal wraps around an activity's failure. */
export function failureView(error: unknown, step?: string): FailureView {
  const root = innermost(error);
  const code = codeOf(error, root);
  const details = root instanceof ApplicationFailure ? (root.details?.[0] as ErrorDetails | undefined) : undefined;
  return {
    code,
    message: root instanceof Error ? root.message : String(root),
    guidance: ERROR_CATALOGUE[code].guidance,
    ...(step !== undefined && { step }),
    ...(details && Object.keys(details).length > 0 && { details }),
  };
}

/** The failure an operation ends with: final, of the catalogue's type, with its view as details. */
export function operationFailure(failure: FailureView): ApplicationFailure {
  return ApplicationFailure.create({ type: failure.code, message: failure.message, nonRetryable: true, details: [failure] });
}

function codeOf(error: unknown, root: unknown): ErrorCode {
  if (root instanceof ApplicationFailure && isErrorCode(root.type)) return root.type;
  if (root instanceof TimeoutFailure) return 'deadline_exceeded';
  return isCancellation(error) ? 'cancelled' : 'internal';
}

function innermost(error: unknown): unknown {
  const cause = error instanceof ActivityFailure || error instanceof TimeoutFailure ? error.cause : undefined;
  return cause === undefined ? error : innermost(cause);
}
