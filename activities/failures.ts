import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ErrorCode } from '../src/domain/errors.ts';
import { ChandleryError } from '../src/domain/errors.ts';

/** A stopping worker's step goes to another one after this pause, milliseconds: long enough that the stopping one has left the queue. */
const HANDOVER_PAUSE_MS = 100;

/** Any thrown thing as a ChandleryError; what we did not foresee is `internal`. */
export function asChandleryError(error: unknown): ChandleryError {
  if (error instanceof ChandleryError) return error;
  return new ChandleryError('internal', error instanceof Error ? error.message : String(error), {}, { cause: error });
}

/** The only way an error leaves an activity: its code becomes the failure's type, and the catalogue decides whether it is final. */
export function toFailure(error: ChandleryError, options: { final: boolean }): ApplicationFailure {
  const { retryAfterMs = 0 } = error.details;
  return ApplicationFailure.create({
    type: error.code,
    message: error.message,
    nonRetryable: options.final || !error.retryable,
    details: [error.details],
    // The engine takes a delay of 0 for "never again".
    ...(retryAfterMs > 0 && { nextRetryDelay: retryAfterMs }),
  });
}

/** What an aborted step throws: a cancelled operation's step is cancelled, a stopping worker's step must be tried elsewhere. */
export function abortFailure(reason: unknown): Error {
  const text = reason instanceof Error ? reason.message : String(reason);
  if (text !== 'WORKER_SHUTDOWN') return reason instanceof CancelledFailure ? reason : new CancelledFailure(text);
  return ApplicationFailure.create({
    type: 'worker_lost' satisfies ErrorCode,
    message: 'the worker is stopping',
    nonRetryable: false,
    nextRetryDelay: HANDOVER_PAUSE_MS,
  });
}
