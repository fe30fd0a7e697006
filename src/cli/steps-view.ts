import type { OperationView, StepView } from '../domain/operation.ts';
import { attemptText, elapsed, noteOf, stateWord, titleOf } from './steps-text.ts';
import type { Colors } from './terminal.ts';
import { cut, oneLine } from './text.ts';

/** The operation as lines for a terminal: a pure function of what is known, the time and the width. */

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const TIME_WIDTH = 6;
/** A step tried again and again shows its latest failures; `ops show -o json` has them all. */
const MAX_ATTEMPTS_SHOWN = 3;

export interface ViewOptions {
  /** Milliseconds since the epoch. */
  now: number;
  /** Counts up with each drawing; turns the spinner. */
  frame: number;
  /** Columns of the terminal. */
  width: number;
  colors: Colors;
}

export function renderOperation(operation: OperationView, options: ViewOptions): string[] {
  const { colors, width, now } = options;
  const nameWidth = Math.max(...operation.steps.map((step) => step.name.length));
  const state = operation.cancelRequested && operation.endedAt === undefined ? 'cancelling' : operation.state;
  const head = `${titleOf(operation)}  ${state}  ${elapsed(operation.createdAt, operation.endedAt, now)}`;
  return [
    colors.bold(cut(head, width)),
    ...operation.steps.flatMap((step) => stepLines(step, nameWidth, options)),
    ...operation.warnings.map((warning) => colors.yellow(cut(`  warning: ${oneLine(warning)}`, width))),
  ];
}

function stepLines(step: StepView, nameWidth: number, options: ViewOptions): string[] {
  const { colors, width, now } = options;
  const time = elapsed(step.startedAt, step.endedAt, now).padStart(TIME_WIDTH);
  const word = stateWord(step);
  const said = word === 'undone' || word === 'kept' ? `${word}  ${noteOf(step, now)}` : noteOf(step, now);
  const start = `${oneLine(step.name).padEnd(nameWidth)}  ${time}`;
  const rest = cut(said, width - start.length - 6);
  const line = `  ${markOf(step, options)} ${start}${rest === '' ? '' : `  ${noteColor(step, colors)(rest)}`}`;
  // Of a step that made it in the end, the number of attempts says enough.
  const earlier = step.attempts.filter(({ attempt }) => step.state !== 'failed' || attempt < step.attempt);
  const lost = step.state === 'succeeded' ? [] : earlier.slice(-MAX_ATTEMPTS_SHOWN);
  return [line.trimEnd(), ...lost.map((attempt) => colors.dim(cut(`      ${attemptText(attempt)}`, width)))];
}

function markOf(step: StepView, { colors, frame }: ViewOptions): string {
  if (step.undone) return colors.yellow('↶');
  const spinner = SPINNER[frame % SPINNER.length] ?? '';
  const marks: Record<StepView['state'], string> = {
    pending: colors.dim('·'),
    running: colors.cyan(spinner),
    retrying: colors.yellow(spinner),
    succeeded: colors.green('✔'),
    failed: colors.red('✖'),
    cancelled: colors.yellow('■'),
    skipped: colors.dim('-'),
  };
  return marks[step.state];
}

function noteColor(step: StepView, colors: Colors): (text: string) => string {
  if (step.state === 'failed') return colors.red;
  return step.state === 'retrying' ? colors.yellow : colors.dim;
}
