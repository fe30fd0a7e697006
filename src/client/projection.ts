import type { temporal } from '@temporalio/proto';
import proto from '@temporalio/proto';
import type { InputOf } from '../../workflows/messages.ts';
import { WORKFLOW_TYPES } from '../../workflows/names.ts';
import type { Progress, ProgressEvent, StepProgress } from '../../workflows/progress.ts';
import { initialProgress, percentOf, reduceProgress } from '../../workflows/progress.ts';
import type { AttemptView, OperationKind, OperationView, StepView, Target } from '../domain/operation.ts';
import { operationId, targetId } from '../domain/operation.ts';
import type { HistoryReader, PayloadReader } from './history.ts';
import { millis } from './history.ts';

const PendingState = proto.temporal.api.enums.v1.PendingActivityState;
type PendingActivity = temporal.api.workflow.v1.IPendingActivityInfo;
type StoredAttempt = AttemptView & { step: string };

/** What a run was started with, read from the first event of its history. */
export interface RunStart {
  kind: OperationKind;
  input: InputOf[OperationKind];
  runId: string;
  startedAt: number;
}

export async function readStart(
  event: temporal.api.history.v1.IHistoryEvent | undefined,
  payloads: PayloadReader,
): Promise<RunStart | undefined> {
  const attributes = event?.workflowExecutionStartedEventAttributes;
  const kind = kindOfWorkflow(attributes?.workflowType?.name);
  if (!attributes || !kind) return undefined;
  const input = (await payloads.first(attributes.input)) as InputOf[OperationKind];
  return { kind, input, runId: attributes.firstExecutionRunId ?? '', startedAt: millis(event?.eventTime) };
}

export function kindOfWorkflow(type: string | null | undefined): OperationKind | undefined {
  const found = Object.entries(WORKFLOW_TYPES).find(([, name]) => name === type);
  return found?.[0] as OperationKind | undefined;
}

/** Folds what is only in the run's description (attempts, heartbeats) over what its history told. */
export async function withPending(
  progress: Progress,
  pending: PendingActivity[],
  reader: HistoryReader,
  payloads: PayloadReader,
): Promise<Progress> {
  let folded = progress;
  for (const activity of pending) {
    const of = reader.stepOf(activity.activityId ?? '');
    if (!of) continue;
    const events = of.undo ? [await undoEvent(activity, of.step, payloads)] : await pendingEvents(activity, of.step, payloads);
    for (const event of events) folded = reduceProgress(folded, event);
  }
  return folded;
}

/** An undo has as many attempts as it takes; the last failure says what it waits for. */
async function undoEvent(activity: PendingActivity, step: string, payloads: PayloadReader): Promise<ProgressEvent> {
  const { waitingFor } = await heartbeatOf(activity, payloads);
  const nextAt = millis(activity.nextAttemptScheduleTime);
  return {
    type: 'undo-waiting',
    step,
    ...(nextAt > Date.now() && { nextAt }),
    ...(activity.lastFailure && { failure: await payloads.failure(activity.lastFailure, step) }),
    ...(waitingFor !== undefined && { waitingFor }),
  };
}

/** What the running attempt says of itself. */
async function heartbeatOf(activity: PendingActivity, payloads: PayloadReader) {
  return ((await payloads.first(activity.heartbeatDetails)) ?? {}) as {
    bytes?: { done: number; total: number };
    waitingFor?: string;
  };
}

async function pendingEvents(activity: PendingActivity, step: string, payloads: PayloadReader): Promise<ProgressEvent[]> {
  const attempt = activity.attempt ?? 1;
  const shown = await heartbeatOf(activity, payloads);
  const heartbeat: ProgressEvent = {
    type: 'step-heartbeat',
    step,
    ...(shown.bytes && { bytes: shown.bytes }),
    ...(shown.waitingFor !== undefined && { waitingFor: shown.waitingFor }),
  };
  if (attempt <= 1 && !activity.lastFailure) return [heartbeat];
  const nextAt = millis(activity.nextAttemptScheduleTime);
  const waiting: ProgressEvent = {
    type: 'step-waiting',
    step,
    attempt,
    ...(nextAt > Date.now() && { nextAt }),
    ...(activity.lastFailure && { failure: await payloads.failure(activity.lastFailure, step) }),
  };
  // Under way again: the last failure stays in view, the pause is over.
  const again: ProgressEvent = { type: 'step-started', step, at: millis(activity.lastStartedTime), attempt };
  return activity.state === PendingState.PENDING_ACTIVITY_STATE_SCHEDULED ? [waiting, heartbeat] : [waiting, again, heartbeat];
}

export function startProgress(start: RunStart): Progress {
  return initialProgress(start.kind);
}

/** The operation as the API shows it (DESIGN section 8). Inputs hold no secrets: those never enter a workflow. */
export function toView(start: RunStart, progress: Progress, attempts: StoredAttempt[]): OperationView {
  const { input, kind } = start;
  const id = operationId(input.target, start.runId);
  const self = `/api/v1/operations/${id}`;
  return {
    id,
    kind,
    target: targetId(input.target),
    requester: input.requester.user,
    state: progress.state,
    ...(progress.step !== undefined && { step: progress.step }),
    percent: percentOf(progress),
    steps: progress.steps.map((step) => stepView(step, input.limits.stepAttempts, attempts)),
    input: { ...placeOf(input.target), name: input.target.name, ...input.request },
    ...(progress.result !== undefined && { result: progress.result }),
    ...(progress.failure && { failure: progress.failure }),
    warnings: progress.warnings,
    ...(input.resume && { replayOf: input.resume.replayOf }),
    ...(progress.cancelRequested && { cancelRequested: true }),
    createdAt: iso(start.startedAt),
    ...(progress.endedAt !== undefined && { endedAt: iso(progress.endedAt) }),
    deadline: iso(start.startedAt + input.limits.operationMs),
    links: { self, events: `${self}/events`, history: `${self}/history` },
  };
}

/** Where the target is: in a namespace, or for a publish in a registry. */
function placeOf({ kind, namespace }: Target): Record<string, string> {
  return kind === 'publish' ? { registry: namespace } : { namespace };
}

function stepView(step: StepProgress, maxAttempts: number, stored: StoredAttempt[]): StepView {
  const { startedAt, endedAt, nextRetryAt, ...rest } = step;
  return {
    ...rest,
    maxAttempts,
    ...(startedAt !== undefined && { startedAt: iso(startedAt) }),
    ...(endedAt !== undefined && { endedAt: iso(endedAt) }),
    ...(nextRetryAt !== undefined && { nextRetryAt: iso(nextRetryAt) }),
    attempts: attemptsOf(step, stored),
  };
}

/** Every attempt before the present one did not succeed; the one that wrote nothing lost its worker. */
function attemptsOf(step: StepProgress, stored: StoredAttempt[]): AttemptView[] {
  const own = stored.filter((attempt) => attempt.step === step.name);
  const failed = step.state === 'failed' ? step.attempt : step.attempt - 1;
  return Array.from({ length: Math.max(0, failed) }, (_, at) => {
    const found = own.find((attempt) => attempt.attempt === at + 1);
    if (found)
      return {
        attempt: found.attempt,
        outcome: found.outcome,
        message: found.message,
        ...(found.at !== undefined && { at: found.at }),
      };
    return {
      attempt: at + 1,
      outcome: 'worker_lost',
      message: 'the worker went away, or the store did, before this attempt could report',
    };
  });
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
