import type { StepContext } from '../src/domain/effects.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { jsonDigest } from '../src/domain/json-digest.ts';
import type { StepRun } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';

/**
 * What one publish has done at another server so far, as effects of its step: whoever takes the step up after a killed worker, and whoever
 * takes it back, knows what may be there. Replays are generations of their own and begin with an empty one.
 */

/** One archive that the other server has accepted. */
export interface Sent {
  /** Id of its operation there. */
  operation: string;
  /** False where somebody else had begun it there: then it is not ours to stop. */
  ours: boolean;
}

export interface SentJournal {
  /** The version was not there before anything was sent. Without it, nothing was. */
  absent: boolean;
  /** Oldest first: one more after each that ended without the version. */
  sent: Sent[];
}

const ABSENT = 'absent';
const SENT = /^sent-(\d+)$/;

export async function readJournal(deps: ActivityDeps, { root, step, generation }: StepContext): Promise<SentJournal> {
  const records = (await deps.store.effects.listByRoot(root)).filter(
    ({ key }) => key.step === step && key.generation === generation,
  );
  const numbered = records.flatMap(({ key, result }) => {
    const number = SENT.exec(key.object)?.[1];
    return number === undefined ? [] : [{ number: Number(number), sent: result as Sent }];
  });
  return {
    absent: records.some(({ key }) => key.object === ABSENT),
    sent: numbered.sort((a, b) => a.number - b.number).map(({ sent }) => sent),
  };
}

/** Before anything is sent. */
export function noteAbsent(deps: ActivityDeps, run: StepRun): Promise<void> {
  return note(deps, run, ABSENT, {});
}

export function noteSent(deps: ActivityDeps, run: StepRun, { sent }: SentJournal, next: Sent): Promise<void> {
  return note(deps, run, `sent-${sent.length + 1}`, next);
}

/**
 * Right before something is sent, which nothing can fence afterwards. Fails with fenced_off when the operation is being taken back, or a
 * later one has begun: a step on a worker that was thought dead.
 */
export async function checkFence({ store }: ActivityDeps, { context }: StepRun): Promise<void> {
  const { target, operation, startedAt } = context;
  // The operation that holds it takes it again as it is.
  if ((await store.fences.take(target, operation, startedAt)) === context.fence) return;
  throw new ChandleryError('fenced_off', `${operation} no longer holds ${target}`, { operation });
}

async function note(deps: ActivityDeps, run: StepRun, object: string, result: object): Promise<void> {
  const { key, context, inputDigest } = run;
  await deps.store.effects.record({ ...key, object }, context, { inputDigest, result, resultDigest: jsonDigest(result) });
}
