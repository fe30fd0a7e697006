import { ChandleryError } from './errors.ts';
import type { Finding, ValidationSubject, Validator } from './validation.ts';
import { sortFindings, VALIDATOR_TIMEOUT_MS } from './validation.ts';

/** A validator that reports more is broken, or was made to drown the one finding that matters. */
const MAX_FINDINGS_OF_ONE = 1000;

/** The words are ours: nothing of the archive is in them. */
class NoAnswer extends Error {}

interface RunOptions {
  signal?: AbortSignal | undefined;
  /** milliseconds for each validator */
  timeoutMs?: number;
}

/**
 * Runs validators side by side, each for no longer than its time. One that throws, hangs or answers nonsense fails the whole with
 * `scan_blocked` and its name: what nobody could look at does not pass as clean. Errors in words of ours that may pass (a store that is away)
 * go through unchanged, so that the step is tried again.
 */
export async function runValidators(
  validators: readonly Validator[],
  subject: ValidationSubject,
  { signal, timeoutMs = VALIDATOR_TIMEOUT_MS }: RunOptions = {},
): Promise<Finding[]> {
  const found = await Promise.all(validators.map((validator) => runOne(validator, subject, timeoutMs, signal)));
  return found.flat();
}

async function runOne(
  validator: Validator,
  subject: ValidationSubject,
  timeoutMs: number,
  outer: AbortSignal | undefined,
): Promise<Finding[]> {
  outer?.throwIfAborted();
  const timer = new AbortController();
  const signal = outer ? AbortSignal.any([outer, timer.signal]) : timer.signal;
  try {
    const found = await within(timer, timeoutMs, outer, async () => validator.validate(subject, signal));
    if (!Array.isArray(found)) throw new NoAnswer('it answered something that is not a list of findings');
    // Sorted first: what is cut off must not be the worst.
    return sortFindings(found).slice(0, MAX_FINDINGS_OF_ONE);
  } catch (error) {
    outer?.throwIfAborted();
    if (error instanceof ChandleryError && error.retryable) throw error;
    throw blocked(validator.id, error);
  }
}

/** Settles when the work does, when its time is over, or when the caller gives up: a validator that ignores its signal must not hold anybody. */
function within<Value>(
  timer: AbortController,
  timeoutMs: number,
  outer: AbortSignal | undefined,
  work: () => Promise<Value>,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const timeout = setTimeout(() => {
      const late = new NoAnswer(`it did not end within ${timeoutMs} ms`);
      reject(late);
      timer.abort(late);
    }, timeoutMs);
    const onAbort = (): void => reject(outer?.reason);
    outer?.addEventListener('abort', onAbort, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => {
        clearTimeout(timeout);
        outer?.removeEventListener('abort', onAbort);
      });
  });
}

/** The cause is kept for the log; the message does not quote it, since a validator may quote what it found. */
function blocked(validator: string, cause: unknown): ChandleryError {
  const why = cause instanceof ChandleryError || cause instanceof NoAnswer ? `: ${cause.message}` : '';
  return new ChandleryError('scan_blocked', `the check ${validator} could not be made${why}`, { validator }, { cause });
}
