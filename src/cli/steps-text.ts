import type { AttemptView, OperationView, StepView } from '../domain/operation.ts';
import { byteSize, duration, oneLine } from './text.ts';

/** What the live view and the plain lines say alike about a step. */

/** `install redis in default`. */
export function titleOf(operation: OperationView): string {
  const [, , namespace = '', name = ''] = operation.target.split('/');
  return oneLine(`${operation.kind} ${name} in ${namespace}`);
}

/** How long the step or operation took, or takes so far; empty before it starts. */
export function elapsed(startedAt: string | undefined, endedAt: string | undefined, now: number): string {
  if (startedAt === undefined) return '';
  return duration((endedAt === undefined ? now : Date.parse(endedAt)) - Date.parse(startedAt));
}

/** Why an attempt did not succeed. */
export function attemptText({ attempt, outcome, message }: AttemptView): string {
  return oneLine(`attempt ${attempt}: ${outcome === 'worker_lost' ? 'worker lost' : outcome}: ${message}`);
}

/** `45% (3.2 MB of 7.1 MB)`. */
function bytesText({ bytes }: StepView): string {
  if (!bytes || bytes.total <= 0) return '';
  const percent = Math.min(100, Math.floor((100 * bytes.done) / bytes.total));
  return `${percent}% (${byteSize(bytes.done)} of ${byteSize(bytes.total)})`;
}

/** The state in one word for people; a result taken over from an earlier operation is `kept`. */
export function stateWord(step: StepView): string {
  if (step.undone) return 'undone';
  return step.state === 'succeeded' && step.kept ? 'kept' : step.state;
}

/** What is worth saying behind name, state and time. */
export function noteOf(step: StepView, now: number): string {
  const { state, attempt, waitingFor, detail, failure, nextRetryAt } = step;
  // Of a step that did not fail, it is what its undo waits for.
  const failed = failure ? `${failure.code}: ${failure.message}` : '';
  if (state === 'succeeded' || state === 'failed')
    return oneLine(
      [attempt > 1 ? `attempt ${attempt}` : '', state === 'failed' ? '' : (detail ?? ''), failed].filter(Boolean).join('  '),
    );
  if (state !== 'running' && state !== 'retrying') return oneLine(failed);
  const wait = nextRetryAt === undefined ? 0 : Date.parse(nextRetryAt) - now;
  const parts = [
    attempt > 1 ? `attempt ${attempt}` : '',
    wait > 0 ? `next try in ${Math.ceil(wait / 1_000)}s` : '',
    bytesText(step),
    waitingFor === undefined ? '' : `waiting for ${waitingFor}`,
    wait > 0 && failure ? `${failure.code}: ${failure.message}` : '',
  ];
  return oneLine(parts.filter(Boolean).join('  '));
}
