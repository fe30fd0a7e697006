import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/common';
import type { ErrorCode, ErrorDetails } from '../src/domain/errors.ts';
import { ERROR_CATALOGUE, isErrorCode } from '../src/domain/errors.ts';
import type { FailureView } from '../src/domain/operation.ts';

/** Reads the catalogue's words back out of what Temporal wraps around a failure. Used by workflows and by the API alike. */
export function failureView(error: unknown, step?: string): FailureView {
  const root = innermost(error);
  const details = root instanceof ApplicationFailure ? root.details?.[0] : undefined;
  // An operation's own failure carries its whole view; a step's carries the error's details.
  if (isView(details)) return details;
  const code = codeOf(root);
  return {
    code,
    message: messageOf(root),
    guidance: ERROR_CATALOGUE[code].guidance,
    ...(step !== undefined && { step }),
    ...(hasMembers(details) && { details }),
  };
}

/** The failure an operation ends with: final, of the catalogue's type, with its view as details. */
export function operationFailure(failure: FailureView): ApplicationFailure {
  return ApplicationFailure.create({ type: failure.code, message: failure.message, nonRetryable: true, details: [failure] });
}

function codeOf(root: unknown): ErrorCode {
  if (root instanceof ApplicationFailure && isErrorCode(root.type)) return root.type;
  if (root instanceof TimeoutFailure) return root.timeoutType === 'HEARTBEAT' ? 'worker_lost' : 'deadline_exceeded';
  return root instanceof CancelledFailure ? 'cancelled' : 'internal';
}

function messageOf(root: unknown): string {
  if (!(root instanceof TimeoutFailure)) return root instanceof Error ? root.message : String(root);
  return root.timeoutType === 'HEARTBEAT' ? 'the worker that ran the step went away' : 'the step took longer than it may';
}

/** Temporal wraps an activity's failure, and puts the last failure of a step that ran out of time below the timeout. */
function innermost(error: unknown): unknown {
  const wraps = error instanceof ActivityFailure || error instanceof TimeoutFailure;
  return wraps && error.cause !== undefined ? innermost(error.cause) : error;
}

function isView(details: unknown): details is FailureView {
  return typeof details === 'object' && details !== null && 'guidance' in details && 'code' in details;
}

function hasMembers(details: unknown): details is ErrorDetails {
  return typeof details === 'object' && details !== null && Object.keys(details).length > 0;
}
