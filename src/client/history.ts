import type { Client } from '@temporalio/client';
import { decodeOptionalFailureToOptionalError } from '@temporalio/common/lib/internal-non-workflow/codec-helpers.js';
import type { temporal } from '@temporalio/proto';
import { failureView } from '../../workflows/failure.ts';
import { WORKFLOW_TYPES } from '../../workflows/names.ts';
import type { ProgressEvent } from '../../workflows/progress.ts';
import { ERROR_CATALOGUE } from '../domain/errors.ts';
import type { FailureView } from '../domain/operation.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;
type Payload = temporal.api.common.v1.IPayload;
type Failure = temporal.api.failure.v1.IFailure;
type Timestamp = { seconds?: unknown; nanos?: number | null } | null | undefined;

/** Reads payloads and failures of a run the way its client is configured to (converter and codecs). */
export class PayloadReader {
  constructor(private readonly client: Client) {}

  async first(payloads: { payloads?: Payload[] | null } | null | undefined): Promise<unknown> {
    const payload = payloads?.payloads?.[0];
    return payload ? this.value(payload) : undefined;
  }

  async value(payload: Payload): Promise<unknown> {
    const { payloadConverter, payloadCodecs } = this.client.options.loadedDataConverter;
    let decoded = [payload];
    for (const codec of payloadCodecs.toReversed()) decoded = await codec.decode(decoded);
    return payloadConverter.fromPayload(decoded[0] as Parameters<typeof payloadConverter.fromPayload>[0]);
  }

  /** A failure's details and those of its causes are payloads too. */
  async failure(failure: Failure | null | undefined, step?: string): Promise<FailureView> {
    return failureView(await decodeOptionalFailureToOptionalError(this.client.options.loadedDataConverter, failure), step);
  }
}

/** `resolveDependencies` -> `resolve-dependencies`. */
function stepOfActivity(activityType: string): string {
  return activityType.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Which step of its parent a child is: a destroy that a destroy did not start takes back a dependency that was deployed. */
function stepOfChild(type: string, parentType: string): Scheduled {
  if (type === WORKFLOW_TYPES.install) return { step: 'install', undo: false };
  return { step: 'dependencies', undo: type === WORKFLOW_TYPES.destroy && parentType !== WORKFLOW_TYPES.destroy };
}

export function millis(timestamp: Timestamp): number {
  return timestamp ? Number(timestamp.seconds ?? 0) * 1_000 + Math.floor((timestamp.nanos ?? 0) / 1_000_000) : 0;
}

interface Scheduled {
  step: string;
  undo: boolean;
}

/** Turns a run's history into progress events; keeps what it needs between pages, so it can be fed as the history grows. */
export class HistoryReader {
  readonly #scheduled = new Map<string, Scheduled>();
  readonly #byActivity = new Map<string, Scheduled>();
  /** of the run's own workflow */
  #type = '';

  constructor(private readonly payloads: PayloadReader) {}

  /** The step a pending activity belongs to. */
  stepOf(activityId: string): Scheduled | undefined {
    return this.#byActivity.get(activityId);
  }

  async read(event: HistoryEvent): Promise<ProgressEvent[]> {
    const at = millis(event.eventTime);
    return (await this.#ofActivity(event, at)) ?? (await this.#ofChild(event, at)) ?? (await this.#ofWorkflow(event, at)) ?? [];
  }

  async #ofActivity(event: HistoryEvent, at: number): Promise<ProgressEvent[] | undefined> {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) return [this.#schedule(event, scheduled, at)];
    const started = event.activityTaskStartedEventAttributes;
    if (started) {
      const of = this.#find(started.scheduledEventId);
      return of && !of.undo ? [{ type: 'step-started', step: of.step, at, attempt: started.attempt ?? 1 }] : [];
    }
    const completed = event.activityTaskCompletedEventAttributes;
    if (completed)
      return [
        await this.#completed(this.#find(completed.scheduledEventId), await this.payloads.first(completed.result), at),
      ].flat();
    const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
    if (failed) return this.#failed(this.#find(failed.scheduledEventId), failed.failure, at);
    const cancelled = event.activityTaskCanceledEventAttributes;
    const of = cancelled ? this.#find(cancelled.scheduledEventId) : undefined;
    return of ? [{ type: 'step-cancelled', step: of.step, at }] : undefined;
  }

  /** An operation that runs as a step of this one. */
  async #ofChild(event: HistoryEvent, at: number): Promise<ProgressEvent[] | undefined> {
    const initiated = event.startChildWorkflowExecutionInitiatedEventAttributes;
    if (initiated) {
      const of = stepOfChild(initiated.workflowType?.name ?? '', this.#type);
      this.#scheduled.set(String(event.eventId), of);
      return [{ type: of.undo ? 'undo-scheduled' : 'step-scheduled', step: of.step, at }];
    }
    const started = event.childWorkflowExecutionStartedEventAttributes;
    if (started) {
      const of = this.#find(started.initiatedEventId);
      const { workflowId, runId } = started.workflowExecution ?? {};
      return of && !of.undo ? [{ type: 'step-heartbeat', step: of.step, waitingFor: `${workflowId} (${runId})` }] : [];
    }
    // Its target is held by somebody else: the step waits and tries again.
    if (event.startChildWorkflowExecutionFailedEventAttributes) return [];
    const completed = event.childWorkflowExecutionCompletedEventAttributes;
    if (completed) {
      const of = this.#find(completed.initiatedEventId);
      if (!of) return [];
      return of.undo
        ? [{ type: 'undo-succeeded', step: of.step, at, undone: true }]
        : [{ type: 'step-succeeded', step: of.step, at, detail: completed.workflowExecution?.workflowId ?? '' }];
    }
    const failed = event.childWorkflowExecutionFailedEventAttributes;
    if (failed) return this.#failed(this.#find(failed.initiatedEventId), failed.failure, at);
    const cancelled = event.childWorkflowExecutionCanceledEventAttributes;
    const of = cancelled ? this.#find(cancelled.initiatedEventId) : undefined;
    return of && !of.undo ? [{ type: 'step-cancelled', step: of.step, at }] : undefined;
  }

  async #ofWorkflow(event: HistoryEvent, at: number): Promise<ProgressEvent[] | undefined> {
    const begun = event.workflowExecutionStartedEventAttributes;
    if (begun) {
      this.#type = begun.workflowType?.name ?? '';
      return [];
    }
    if (event.workflowExecutionCancelRequestedEventAttributes) return [{ type: 'cancel-requested', at }];
    const completed = event.workflowExecutionCompletedEventAttributes;
    if (completed) return [{ type: 'ended', at, state: 'succeeded', result: await this.payloads.first(completed.result) }];
    const failed = event.workflowExecutionFailedEventAttributes;
    if (failed) return [{ type: 'ended', at, state: 'failed', failure: await this.payloads.failure(failed.failure) }];
    if (event.workflowExecutionCanceledEventAttributes) return [{ type: 'ended', at, state: 'cancelled' }];
    const byHand = event.workflowExecutionTerminatedEventAttributes ?? event.workflowExecutionTimedOutEventAttributes;
    return byHand ? [{ type: 'ended', at, state: 'failed', failure: endedByHand() }] : undefined;
  }

  #schedule(
    event: HistoryEvent,
    attributes: temporal.api.history.v1.IActivityTaskScheduledEventAttributes,
    at: number,
  ): ProgressEvent {
    const name = stepOfActivity(attributes.activityType?.name ?? '');
    const undo = name.startsWith('undo-');
    const of = { step: undo ? name.slice('undo-'.length) : name, undo };
    this.#scheduled.set(String(event.eventId), of);
    this.#byActivity.set(attributes.activityId ?? '', of);
    return undo ? { type: 'undo-scheduled', step: of.step, at } : { type: 'step-scheduled', step: of.step, at };
  }

  #completed(of: Scheduled | undefined, result: unknown, at: number): ProgressEvent[] {
    if (!of) return [];
    const answer = (result ?? {}) as {
      value?: { undone?: boolean; warnings?: string[] };
      detail?: string;
      warnings?: string[];
      kept?: boolean;
    };
    if (of.undo)
      return [
        {
          type: 'undo-succeeded',
          step: of.step,
          at,
          undone: answer.value?.undone ?? false,
          ...(answer.value?.warnings && { warnings: answer.value.warnings }),
        },
      ];
    const { detail, warnings, kept } = answer;
    return [
      {
        type: 'step-succeeded',
        step: of.step,
        at,
        ...(detail !== undefined && { detail }),
        ...(warnings && { warnings }),
        ...(kept !== undefined && { kept }),
      },
    ];
  }

  async #failed(of: Scheduled | undefined, failure: Failure | null | undefined, at: number): Promise<ProgressEvent[]> {
    if (!of) return [];
    return [
      {
        type: of.undo ? 'undo-failed' : 'step-failed',
        step: of.step,
        at,
        failure: await this.payloads.failure(failure, of.step),
      },
    ];
  }

  #find(scheduledEventId: unknown): Scheduled | undefined {
    return this.#scheduled.get(String(scheduledEventId));
  }
}

function endedByHand(): FailureView {
  return {
    code: 'terminated',
    message: 'the run was ended in the engine, not by Chandlery; nothing was undone',
    guidance: ERROR_CATALOGUE.terminated.guidance,
  };
}
