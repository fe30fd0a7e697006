import { Context } from '@temporalio/activity';
import type { EffectKey, StepContext, StepRequest } from '../src/domain/effects.ts';
import { formatEffectKey } from '../src/domain/effects.ts';
import type { ErrorCode } from '../src/domain/errors.ts';
import { jsonDigest } from '../src/domain/json-digest.ts';
import { auditRefusal } from './audit-refusal.ts';
import type { ActivityDeps } from './deps.ts';
import { abortFailure, asChandleryError, toFailure } from './failures.ts';

/** Well below the heartbeat timeout (workflows/activity-options.ts), so that one late beat does not lose the step. */
const HEARTBEAT_EVERY_MS = 1_000;

/** What a step sees of its surroundings. */
export interface StepRun {
  context: StepContext;
  key: EffectKey;
  inputDigest: string;
  attempt: number;
  /** Aborted when the operation is cancelled, the worker stops, or the server has given the step to somebody else. */
  signal: AbortSignal;
  /** Shown in the operation's step; replaces what was shown before. */
  progress(details: { bytes?: { done: number; total: number }; waitingFor?: string }): void;
  /** Set by a step that has something left to write: writes it together with the record. False when the record was not written. */
  recordWith?: (entry: { inputDigest: string; result: unknown }) => Promise<boolean>;
}

interface AttemptOptions {
  /** Undo has no limit of its own: it waits for the store as long as its options say. */
  unlimited?: boolean;
  /** A cluster that is away is waited for as long as the step may take: giving up half way would only mean an undo that waits for it too. */
  waitsForCluster?: boolean;
}

/** What every activity shares: a heartbeat each second, and failures in the catalogue's words. */
export async function runAttempt<Result>(
  deps: ActivityDeps,
  request: StepRequest<unknown>,
  body: (run: StepRun) => Promise<Result>,
  options: AttemptOptions = {},
): Promise<Result> {
  const context = Context.current();
  let shown: Record<string, unknown> = {};
  const { root, step, generation } = request.context;
  const run: StepRun = {
    context: { ...request.context },
    key: { root, step, object: '-', generation },
    inputDigest: jsonDigest(request.input),
    attempt: context.info.attempt,
    signal: context.cancellationSignal,
    progress: (details) => {
      shown = details;
    },
  };
  const timer = setInterval(() => context.heartbeat(shown), HEARTBEAT_EVERY_MS);
  try {
    return await body(run);
  } catch (error) {
    throw await failureOf(deps, { run, input: request.input }, error, options);
  } finally {
    clearInterval(timer);
  }
}

/** Writes the failed attempt down and decides whether the step gives up. Lost workers write nothing and are not counted. */
async function failureOf(
  deps: ActivityDeps,
  { run, input }: { run: StepRun; input: unknown },
  thrown: unknown,
  options: AttemptOptions,
): Promise<Error> {
  if (run.signal.aborted) return abortFailure(run.signal.reason);
  const error = asChandleryError(thrown);
  if (error.code === 'internal')
    deps.log.error({ err: thrown, effect: formatEffectKey(run.key) }, 'a step failed in a way nobody foresaw');
  if (options.unlimited) return toFailure(error, { final: false });
  await auditRefusal(deps, { run, input }, error);
  const uncounted: ErrorCode[] = options.waitsForCluster ? ['cluster_unavailable'] : [];
  const failures = await writeDown(deps, run, error, uncounted);
  return toFailure(error, { final: failures !== undefined && failures >= run.context.maxAttempts });
}

async function writeDown(
  deps: ActivityDeps,
  run: StepRun,
  error: { code: string; message: string },
  uncounted: readonly ErrorCode[],
): Promise<number | undefined> {
  try {
    // A container's last words may hold anything; the store's text cannot hold NUL.
    const message = error.message.replaceAll('\0', '');
    return await deps.store.attempts.recordFailure(run.key, run.attempt, { code: error.code, message }, uncounted);
  } catch {
    // The store is away: the attempt is not counted, and Temporal's own record of the last failure is what remains.
    return undefined;
  }
}
