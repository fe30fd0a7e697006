import {
  CancellationScope,
  CancelledFailure,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { StepContext, StepRequest, StepResult } from '../src/domain/effects.ts';
import type { FailureView, OperationKind, StepName, Target } from '../src/domain/operation.ts';
import { operationId, targetId } from '../src/domain/operation.ts';
import type { StepActivities, StepTimesName } from './activity-options.ts';
import { activityOptions } from './activity-options.ts';
import type { ChildOperation } from './child.ts';
import { runChild } from './child.ts';
import { failureView, operationFailure } from './failure.ts';
import type { OperationLimits, Requester, ResultOf, Resume } from './messages.ts';
import { progressQuery } from './messages.ts';
import type { ProgressEvent } from './progress.ts';
import { initialProgress, reduceProgress } from './progress.ts';
import type { OperationReport } from './sinks.ts';
import { operationSink } from './sinks.ts';
import { UndoStack } from './undo.ts';

type StepActivity<Input, Value> = (request: StepRequest<Input>) => Promise<StepResult<Value>>;
type ActivityName = StepActivities;
type InputOf<Name extends ActivityName> = Activities[Name] extends StepActivity<infer Input, infer _Value> ? Input : never;
type ValueOf<Name extends ActivityName> = Activities[Name] extends StepActivity<infer _Input, infer Value> ? Value : never;
type UndoName = Extract<ActivityName, `undo${string}`>;

interface Started {
  target: Target;
  request: object;
  limits: OperationLimits;
  resume?: Resume;
}

/** What every operation's workflow shares: its steps, their undo, the deadline, the progress query, the end. */
export class Operation {
  #progress;
  #fence = 0;
  readonly #undo = new UndoStack();
  readonly #id: string;
  readonly #root: string;
  readonly #startedAt: number;
  #validation: string | undefined;

  constructor(
    private readonly kind: OperationKind,
    private readonly input: Started,
  ) {
    const info = workflowInfo();
    this.#id = operationId(input.target, info.firstExecutionRunId);
    this.#root = input.resume?.root ?? info.firstExecutionRunId;
    this.#startedAt = info.startTime.getTime();
    this.#progress = initialProgress(kind);
    setHandler(progressQuery, () => this.#progress);
  }

  /** Runs the story within the operation's deadline; whatever ends it early is undone first. */
  async run<Result>(story: () => Promise<Result>): Promise<Result> {
    operationSink.started(this.kind);
    try {
      const result = await CancellationScope.withTimeout(this.input.limits.operationMs, story);
      this.#note({ type: 'ended', at: Date.now(), state: 'succeeded', result });
      this.#report('succeeded', undefined, result);
      return result;
    } catch (error) {
      // Asked before the undo: a cancellation that comes later does not change why the operation ends.
      const cancelled = isCancellation(error) || CancellationScope.current().consideredCancelled;
      await this.#undo.unwind(cancelled ? undefined : failureView(error, this.#progress.step), (step, cause) =>
        this.#note({ type: 'undo-failed', step, at: Date.now(), failure: failureView(cause, step) }),
      );
      throw this.#ending(error, cancelled);
    }
  }

  /** Runs one step and gives its value. With `undo`, the effect is taken back when the operation does not succeed. */
  async step<Name extends Exclude<ActivityName, UndoName>>(
    step: StepName,
    activity: Name,
    input: InputOf<Name>,
    options: {
      undo?: UndoName;
      undoInput?: object;
      requester?: Requester;
      times?: StepTimesName;
      undoTimes?: StepTimesName;
    } = {},
  ): Promise<ValueOf<Name>> {
    const { requester, times } = options;
    const context = { ...this.#context(step), ...(requester && { requester }) };
    if (options.undo) this.#registerUndo(step, options.undo, options);
    this.#note({ type: 'step-scheduled', step, at: Date.now() });
    try {
      const answer = await this.#call(activity, { context, input }, times);
      if (answer.fence !== undefined) this.#fence = answer.fence;
      this.#note(succeeded(step, answer));
      return answer.value as ValueOf<Name>;
    } catch (error) {
      this.#note(isCancellation(error) ? { type: 'step-cancelled', step, at: Date.now() } : failed(step, error));
      throw error;
    }
  }

  /** A step that comes after the point of success: when it fails for good, the operation still succeeds, with a warning. */
  async afterthought<Name extends Exclude<ActivityName, UndoName>>(
    step: StepName,
    activity: Name,
    input: InputOf<Name>,
  ): Promise<void> {
    try {
      await this.step(step, activity, input);
    } catch (error) {
      if (isCancellation(error)) throw error;
    }
  }

  /**
   * Runs another operation as a step of this one, under its own target and lock. When somebody else holds that target it waits until
   * they are done. `undo` is called, if this operation does not succeed, with what the child answered and why it ends.
   */
  async child<Kind extends OperationKind>(
    step: StepName,
    child: ChildOperation<Kind>,
    undo?: (result: ResultOf[Kind], because?: FailureView) => Promise<void>,
  ): Promise<ResultOf[Kind]> {
    this.#note({ type: 'step-scheduled', step, at: Date.now() });
    try {
      const result = await runChild(child);
      if (undo) this.#undo.push({ step, run: (because) => undo(result, because) });
      this.#note({ type: 'step-succeeded', step, at: Date.now() });
      return result;
    } catch (error) {
      this.#note(isCancellation(error) ? { type: 'step-cancelled', step, at: Date.now() } : failed(step, error));
      throw error;
    }
  }

  /** Takes a child back by another child; for the `undo` of `child`. */
  async undoChild<Kind extends OperationKind>(step: StepName, child: ChildOperation<Kind>): Promise<void> {
    this.#note({ type: 'undo-scheduled', step, at: Date.now() });
    await runChild(child);
    this.#note({ type: 'undo-succeeded', step, at: Date.now(), undone: true });
  }

  /** A child after the point of success, as `afterthought` is for steps. */
  async childOrWarning<Kind extends OperationKind>(step: StepName, child: ChildOperation<Kind>): Promise<void> {
    try {
      await this.child(step, child);
    } catch (error) {
      // A child may be cancelled by itself, which does not cancel this operation.
      if (isCancellation(error) && CancellationScope.current().consideredCancelled) throw error;
    }
  }

  /**
   * Runs what is not taken back any more: a cancellation or a deadline that comes in the middle of it changes nothing. One that came
   * before still counts.
   */
  async toTheEnd<Result>(story: () => Promise<Result>): Promise<Result> {
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled');
    return CancellationScope.nonCancellable(story);
  }

  /** From here on nothing is taken back any more. */
  pointOfNoReturn(): void {
    this.#undo.clear();
  }

  #registerUndo(
    step: StepName,
    activity: UndoName,
    { undoInput: input, undoTimes }: { undoInput?: object; undoTimes?: StepTimesName },
  ): void {
    this.#undo.push({
      step,
      run: async (because) => {
        this.#note({ type: 'undo-scheduled', step, at: Date.now() });
        const { value } = await this.#call(
          activity,
          {
            context: this.#context(step),
            input:
              input === undefined
                ? {}
                : { ...input, ...(because && { because: { code: because.code, message: because.message } }) },
          },
          undoTimes,
        );
        this.#note({ type: 'undo-succeeded', step, at: Date.now(), ...(value as { undone: boolean; warnings: string[] }) });
      },
    });
  }

  #call(
    activity: ActivityName,
    request: StepRequest<unknown>,
    times: StepTimesName = activity,
  ): Promise<StepResult<unknown> & { fence?: number }> {
    const proxy = proxyActivities<Record<string, StepActivity<unknown, unknown>>>(activityOptions(times, this.input.limits));
    return (proxy[activity] as StepActivity<unknown, unknown>)(request);
  }

  #context(step: StepName): StepContext {
    const { resume, limits, target } = this.input;
    const keep = resume?.results[step];
    return {
      operation: this.#id,
      target: targetId(target),
      fence: this.#fence,
      root: this.#root,
      generation: resume?.generation ?? 0,
      step,
      startedAt: this.#startedAt,
      maxAttempts: limits.stepAttempts,
      ...(keep !== undefined && { keep }),
    };
  }

  /** A step that fails while it is being cancelled fails, for Temporal, and is tried no more; for people the operation was cancelled. */
  #ending(error: unknown, cancelled: boolean): Error {
    const overdue = cancelled && Date.now() >= this.#startedAt + this.input.limits.operationMs;
    if (cancelled && !overdue) {
      this.#note({ type: 'ended', at: Date.now(), state: 'cancelled' });
      this.#report('cancelled');
      return error instanceof CancelledFailure ? error : new CancelledFailure('cancelled');
    }
    const failure = overdue
      ? overdueFailure(this.#progress.step, this.input.limits.operationMs)
      : failureView(error, this.#progress.step);
    this.#note({ type: 'ended', at: Date.now(), state: 'failed', failure });
    this.#report('failed', failure);
    return operationFailure(failure);
  }

  #note(event: ProgressEvent): void {
    this.#progress = reduceProgress(this.#progress, event);
    if (event.type === 'step-succeeded' && event.step === 'scan') this.#validation = event.warnings?.length ? 'warned' : 'passed';
    if (event.type === 'step-failed' && event.step === 'scan') this.#validation = 'failed';
  }

  #report(outcome: OperationReport['outcome'], failure?: FailureView, result?: unknown): void {
    const { name, registry } = this.input.request as { name?: string; registry?: string };
    const known = (result ?? {}) as { registry?: string; status?: string };
    const about = name ?? (this.kind === 'install' || this.kind === 'publish' ? this.input.target.name : undefined);
    const from = known.registry ?? registry;
    const validation = this.#validation ?? (this.kind === 'publish' ? known.status : undefined);
    operationSink.ended({
      kind: this.kind,
      outcome,
      ...(failure && { code: failure.code }),
      ...(about !== undefined && { template: { name: about, ...(from !== undefined && { registry: from }) } }),
      ...(validation !== undefined && { validation }),
    });
  }
}

function succeeded(step: string, answer: StepResult<unknown>): ProgressEvent {
  return {
    type: 'step-succeeded',
    step,
    at: Date.now(),
    kept: answer.kept,
    ...(answer.detail !== undefined && { detail: answer.detail }),
    ...(answer.warnings && { warnings: answer.warnings }),
  };
}

function failed(step: string, error: unknown): ProgressEvent {
  return { type: 'step-failed', step, at: Date.now(), failure: failureView(error, step) };
}

function overdueFailure(step: string | undefined, operationMs: number) {
  const message = `the operation was not done after ${operationMs / 1_000} s${step ? `; it was at step ${step}` : ''}`;
  return { ...failureView(new Error(message), step), code: 'deadline_exceeded' as const, message };
}
