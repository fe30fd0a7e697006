import type { OperationView, StepView } from '../domain/operation.ts';
import { attemptText, elapsed, noteOf, stateWord, titleOf } from './steps-text.ts';
import { oneLine } from './text.ts';

/** The operation as plain lines for logs and pipes: one line for each change, `STEP  STATE  [TIME]  [NOTE]`, two spaces between. */

/** The lines to print after `before` (undefined: nothing was printed yet). Any number of states in between may have been missed. */
export function changeLines(before: OperationView | undefined, after: OperationView, now: number = Date.now()): string[] {
  const steps = after.steps.flatMap((step, at) => stepChange(before?.steps[at], step, now));
  const warnings = after.warnings.slice(before?.warnings.length ?? 0).map((warning) => `warning  ${oneLine(warning)}`);
  return [...opening(before, after), ...steps, ...warnings, ...stateChange(before, after, now)];
}

function opening(before: OperationView | undefined, after: OperationView): string[] {
  return before === undefined ? [`operation  ${oneLine(after.id)}`] : [];
}

function stepChange(before: StepView | undefined, after: StepView, now: number): string[] {
  const name = oneLine(after.name);
  const failed = after.attempts.slice(before?.attempts.length ?? 0);
  const retries = failed
    .filter(({ attempt }) => after.state !== 'failed' || attempt < after.attempt)
    .map((attempt) => `${name}  retrying  ${attemptText(attempt)}`);
  return [...retries, ...(isNews(before, after) ? [lineOf(after, now)] : []), ...undoWaits(before, after)];
}

/** A step that has ended already fails anew only while it is taken back: that undo waits, for rights or for the cluster. */
function undoWaits(before: StepView | undefined, { name, state, failure, undone }: StepView): string[] {
  if (before?.endedAt === undefined || before.state !== state || !failure || undone || failure.code === before.failure?.code)
    return [];
  return [oneLine(`${name}  undo waits  ${failure.code}: ${failure.message}`)];
}

/** A step that never ran has no line; a retry is told by the attempt that failed. */
function isNews(before: StepView | undefined, after: StepView): boolean {
  if (after.undone !== before?.undone) return after.undone === true;
  if (after.state === before?.state || after.state === 'pending' || after.state === 'skipped' || after.state === 'retrying')
    return false;
  return !(after.state === 'running' && before?.state === 'retrying');
}

function lineOf(step: StepView, now: number): string {
  const time = step.endedAt === undefined ? '' : elapsed(step.startedAt, step.endedAt, now);
  const note = step.state === 'running' || step.undone ? '' : noteOf(step, now);
  return [oneLine(step.name), stateWord(step), time, note].filter(Boolean).join('  ');
}

function stateChange(before: OperationView | undefined, after: OperationView, now: number): string[] {
  const cancelling = after.cancelRequested && !before?.cancelRequested ? [`${titleOf(after)}  cancelling`] : [];
  if (after.state === before?.state || after.state === 'running' || after.state === 'queued') return cancelling;
  const time = after.endedAt === undefined ? '' : elapsed(after.createdAt, after.endedAt, now);
  return [...cancelling, [titleOf(after), after.state, time].filter(Boolean).join('  ')];
}
