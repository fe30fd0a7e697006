import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { temporal } from '@temporalio/proto';
import type { Progress } from '../../workflows/progress.ts';
import { reduceProgress } from '../../workflows/progress.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { OperationView, Target } from '../domain/operation.ts';
import { parseOperationId, targetId } from '../domain/operation.ts';
import type { AttemptStore } from '../domain/store.ts';
import type { Engine } from './engine.ts';
import { callEngine } from './engine.ts';
import { HistoryReader, PayloadReader } from './history.ts';
import type { RunStart } from './projection.ts';
import { readStart, startProgress, toView, withPending } from './projection.ts';

type HistoryEvent = temporal.api.history.v1.IHistoryEvent;

/** One run of one target, found by its operation id. */
export interface Run {
  target: Target;
  runId: string;
}

/** Fails with operation_not_found when the text is no operation id. */
export function runOf(id: string): Run {
  const parsed = parseOperationId(id);
  if (!parsed) throw new ChandleryError('operation_not_found', `"${id.slice(0, 200)}" is no operation id`);
  return parsed;
}

/** A run as read so far; grows by feeding it more of the history. */
export class RunReader {
  readonly #payloads: PayloadReader;
  readonly #history: HistoryReader;
  #progress: Progress | undefined;
  #start: RunStart | undefined;
  lastEventId = 0;

  constructor(
    engine: Engine,
    private readonly attempts: AttemptStore,
  ) {
    this.#payloads = new PayloadReader(engine.client);
    this.#history = new HistoryReader(this.#payloads);
  }

  get ended(): boolean {
    return this.#progress?.endedAt !== undefined;
  }

  get start(): RunStart {
    if (!this.#start) throw new ChandleryError('operation_not_found', 'this run is no operation of Chandlery');
    return this.#start;
  }

  async feed(events: HistoryEvent[]): Promise<void> {
    for (const event of events) {
      if (!this.#start) {
        this.#start = await readStart(event, this.#payloads);
        this.#progress = startProgress(this.start);
      }
      for (const happened of await this.#history.read(event))
        this.#progress = reduceProgress(this.#progress ?? startProgress(this.start), happened);
      this.lastEventId = Number(event.eventId ?? this.lastEventId);
    }
  }

  /** The operation with what is only in the run's description folded in. */
  async view(pending: temporal.api.workflow.v1.IPendingActivityInfo[]): Promise<OperationView> {
    const progress = await withPending(this.#progress ?? startProgress(this.start), pending, this.#history, this.#payloads);
    return toView(this.start, progress, await this.#attemptsOf(progress));
  }

  /** The store is asked only when an attempt failed, and its absence costs only the attempts' own words. */
  async #attemptsOf(progress: Progress) {
    const troubled = progress.steps.some((step) => step.attempt > 1 || step.state === 'failed');
    if (!troubled) return [];
    const { input, runId } = this.start;
    try {
      return await this.attempts.listByRoot(input.resume?.root ?? runId, input.resume?.generation ?? 0);
    } catch {
      return [];
    }
  }
}

/** The operation as it stands. Needs the engine only: no worker, and the store only for the words of failed attempts. */
export async function getOperation(engine: Engine, attempts: AttemptStore, id: string): Promise<OperationView> {
  const run = runOf(id);
  const reader = new RunReader(engine, attempts);
  const handle = engine.client.workflow.getHandle(targetId(run.target), run.runId);
  const [history, description] = await callEngine(engine, () => Promise.all([handle.fetchHistory(), handle.describe()]));
  await reader.feed(history.events ?? []);
  return reader.view(description.raw.pendingActivities ?? []);
}

/** The run's history as Temporal exports it (the JSON that `temporal workflow show --output json` prints). */
export async function getHistory(engine: Engine, id: string): Promise<string> {
  const run = runOf(id);
  return historyToJSON(
    await callEngine(engine, () => engine.client.workflow.getHandle(targetId(run.target), run.runId).fetchHistory()),
  );
}

/** Asks the operation to stop and take back what it did. Fails with operation_ended when it is too late. */
export async function cancelOperation(engine: Engine, attempts: AttemptStore, id: string, by: string): Promise<OperationView> {
  const { target, runId } = runOf(id);
  const current = await getOperation(engine, attempts, id);
  if (current.endedAt !== undefined)
    throw new ChandleryError('operation_ended', `the operation has ended: ${current.state}`, { operation: id });
  await callEngine(engine, () =>
    engine.connection.workflowService.requestCancelWorkflowExecution({
      namespace: engine.namespace,
      workflowExecution: { workflowId: targetId(target) },
      firstExecutionRunId: runId,
      identity: by,
      reason: `cancelled by ${by}`,
      requestId: `cancel-${runId}`,
    }),
  ).catch((error: unknown) => {
    // It was there a moment ago: for the engine a closed run is one that cannot be found.
    if (error instanceof ChandleryError && error.code === 'operation_not_found')
      throw new ChandleryError('operation_ended', 'the operation has just ended', { operation: id });
    throw error;
  });
  return { ...current, cancelRequested: true };
}
