import type { FailureView, OperationKind, OperationState, StepState } from '../src/domain/operation.ts';
import { STEPS } from '../src/domain/operation.ts';

/**
 * Progress of an operation as a pure function of what happened. Two feeds give the same picture: the workflow's own events (query
 * `progress`) and the events the API reads from history, which needs no worker. Times are milliseconds since the epoch.
 */

export type ProgressEvent =
  | { type: 'step-scheduled'; step: string; at: number }
  | { type: 'step-started'; step: string; at: number; attempt: number }
  | { type: 'step-waiting'; step: string; attempt: number; nextAt?: number; failure?: FailureView }
  | { type: 'step-heartbeat'; step: string; bytes?: { done: number; total: number }; waitingFor?: string }
  | { type: 'step-succeeded'; step: string; at: number; detail?: string; warnings?: string[]; kept?: boolean }
  | { type: 'step-failed'; step: string; at: number; failure: FailureView }
  | { type: 'step-cancelled'; step: string; at: number }
  | { type: 'undo-scheduled'; step: string; at: number }
  | { type: 'undo-waiting'; step: string; nextAt?: number; failure?: FailureView; waitingFor?: string }
  | { type: 'undo-succeeded'; step: string; at: number; undone: boolean; warnings?: string[] }
  | { type: 'undo-failed'; step: string; at: number; failure: FailureView }
  | { type: 'cancel-requested'; at: number }
  | { type: 'ended'; at: number; state: 'succeeded' | 'failed' | 'cancelled'; failure?: FailureView; result?: unknown };

export interface StepProgress {
  name: string;
  state: StepState;
  attempt: number;
  nextRetryAt?: number;
  waitingFor?: string;
  startedAt?: number;
  endedAt?: number;
  detail?: string;
  bytes?: { done: number; total: number };
  failure?: FailureView;
  kept?: boolean;
  undone?: boolean;
}

export interface Progress {
  kind: OperationKind;
  state: OperationState;
  step?: string;
  steps: StepProgress[];
  warnings: string[];
  failure?: FailureView;
  result?: unknown;
  cancelRequested?: boolean;
  endedAt?: number;
}

export function initialProgress(kind: OperationKind): Progress {
  return { kind, state: 'running', steps: STEPS[kind].map((name) => ({ name, state: 'pending', attempt: 0 })), warnings: [] };
}

export function reduceProgress(progress: Progress, event: ProgressEvent): Progress {
  switch (event.type) {
    case 'cancel-requested':
      return { ...progress, cancelRequested: true };
    case 'ended':
      return ended(progress, event);
    case 'undo-scheduled':
      return { ...progress, state: 'undoing' };
    case 'undo-waiting':
      return withStep(progress, event.step, (step) => undoing(step, event));
    case 'undo-failed':
      return { ...progress, warnings: [...progress.warnings, `undo of ${event.step}: ${event.failure.message}`] };
    case 'undo-succeeded': {
      const warned = { ...progress, warnings: [...progress.warnings, ...(event.warnings ?? [])] };
      return event.undone ? withStep(warned, event.step, (step) => ({ ...step, undone: true })) : warned;
    }
    case 'step-succeeded':
      return withStep({ ...progress, warnings: [...progress.warnings, ...(event.warnings ?? [])] }, event.step, (step) =>
        stepAfter(step, event),
      );
    default:
      return withStep({ ...progress, step: event.step }, event.step, (step) => stepAfter(step, event));
  }
}

/** Share of the work that is done, 0..100: steps count alike, the running one by its bytes where it reports them. */
export function percentOf(progress: Progress): number {
  if (progress.state === 'succeeded') return 100;
  const parts = progress.steps.map((step) => {
    if (step.state === 'succeeded') return 1;
    return step.bytes && step.bytes.total > 0 ? Math.min(1, step.bytes.done / step.bytes.total) : 0;
  });
  return Math.floor((100 * parts.reduce((sum, part) => sum + part, 0)) / Math.max(1, parts.length));
}

function ended(progress: Progress, event: Extract<ProgressEvent, { type: 'ended' }>): Progress {
  const steps = progress.steps.map((step): StepProgress => {
    if (step.state === 'pending') return { ...step, state: 'skipped' };
    if (step.state === 'running' || step.state === 'retrying')
      return { ...step, state: event.state === 'cancelled' ? 'cancelled' : 'failed', endedAt: event.at };
    return step;
  });
  // An operation may succeed although its last, dispensable step did not: then people are told.
  const missed = event.state === 'succeeded' ? steps.filter(({ state }) => state === 'failed' || state === 'cancelled') : [];
  return {
    ...progress,
    steps,
    warnings: [...progress.warnings, ...missed.map((step) => `${step.name}: ${step.failure?.message ?? step.state}`)],
    state: event.state,
    endedAt: event.at,
    ...(event.failure && { failure: event.failure }),
    ...(event.result !== undefined && { result: event.result }),
  };
}

function withStep(progress: Progress, name: string, change: (step: StepProgress) => StepProgress): Progress {
  return { ...progress, steps: progress.steps.map((step) => (step.name === name ? change(step) : step)) };
}

/** What the step failed with is in its attempts; while it is taken back, what that waits for matters more. */
function undoing(
  step: StepProgress,
  { nextAt, failure, waitingFor }: Extract<ProgressEvent, { type: 'undo-waiting' }>,
): StepProgress {
  return {
    ...step,
    ...(nextAt !== undefined && { nextRetryAt: nextAt }),
    ...(failure && { failure }),
    ...(waitingFor !== undefined && { waitingFor }),
  };
}

type StepEvent = Extract<ProgressEvent, { type: `step-${string}` }>;

function stepAfter(step: StepProgress, event: StepEvent): StepProgress {
  switch (event.type) {
    case 'step-scheduled':
      return { ...step, state: 'running', startedAt: event.at, attempt: 1 };
    case 'step-started': {
      const { nextRetryAt: _over, ...rest } = step;
      return { ...rest, state: 'running', attempt: event.attempt };
    }
    case 'step-waiting':
      return {
        ...step,
        state: 'retrying',
        attempt: event.attempt,
        ...(event.nextAt !== undefined && { nextRetryAt: event.nextAt }),
        ...(event.failure && { failure: event.failure }),
      };
    case 'step-heartbeat':
      return {
        ...step,
        ...(event.bytes && { bytes: event.bytes }),
        ...(event.waitingFor !== undefined && { waitingFor: event.waitingFor }),
      };
    case 'step-succeeded':
      return finished(step, 'succeeded', event.at, {
        ...(event.detail !== undefined && { detail: event.detail }),
        ...(event.kept !== undefined && { kept: event.kept }),
      });
    case 'step-failed':
      return finished(step, 'failed', event.at, { failure: event.failure });
    case 'step-cancelled':
      return finished(step, 'cancelled', event.at, {});
  }
}

function finished(step: StepProgress, state: StepState, at: number, more: Partial<StepProgress>): StepProgress {
  const { nextRetryAt: _retry, waitingFor: _waiting, failure: _failure, ...rest } = step;
  return { ...rest, state, endedAt: at, ...more };
}
