import proto from '@temporalio/proto';
import type { OperationView } from '../domain/operation.ts';
import { targetId } from '../domain/operation.ts';
import type { AttemptStore } from '../domain/store.ts';
import type { Engine } from './engine.ts';
import { callEngine, engineError } from './engine.ts';
import { getOperation, runOf } from './operations.ts';

const DEADLINE_EXCEEDED = 4;

/** Waits until an operation has ended, at most `withinMs`; answers it then, undefined when it still runs. It waits on history, which needs no worker. */
export async function waitSettled(
  engine: Engine,
  attempts: AttemptStore,
  id: string,
  { withinMs, signal }: { withinMs: number; signal?: AbortSignal },
): Promise<OperationView | undefined> {
  const run = runOf(id);
  const until = Date.now() + withinMs;
  const waiting = AbortSignal.any(signal ? [signal] : []);
  try {
    await engine.connection.withAbortSignal(waiting, () =>
      engine.connection.withDeadline(until, () =>
        engine.connection.workflowService.getWorkflowExecutionHistory({
          namespace: engine.namespace,
          execution: { workflowId: targetId(run.target), runId: run.runId },
          waitNewEvent: true,
          historyEventFilterType: proto.temporal.api.enums.v1.HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT,
        }),
      ),
    );
  } catch (error) {
    if (waiting.aborted) return undefined;
    if ((error as { code?: number }).code !== DEADLINE_EXCEEDED) throw engineError(error);
  }
  const operation = await callEngine(engine, () => getOperation(engine, attempts, id));
  return operation.endedAt === undefined ? undefined : operation;
}
