import type { InstallRequest, Requester, Resume } from '../../workflows/messages.ts';
import type { EffectRecord } from '../domain/effects.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { StepName } from '../domain/operation.ts';
import { STEPS, targetId } from '../domain/operation.ts';
import type { AttemptStore, EffectStore } from '../domain/store.ts';
import type { Engine } from './engine.ts';
import { callEngine } from './engine.ts';
import { RunReader, runOf } from './operations.ts';
import type { RunStart } from './projection.ts';
import type { Accepted } from './start.ts';
import { startOperation } from './start.ts';

export interface ReplayRequest {
  /** `auto`: the first step whose effect does not stand; `start`; or a step's name. */
  from: string;
  /** Replaces members of the request; the target stays the same. */
  correction?: Partial<Pick<InstallRequest, 'registry' | 'range' | 'acceptUnsigned' | 'force'>>;
  requester: Requester;
}

export interface Replayed extends Accepted {
  from: string;
  /** Steps whose results are kept if their effects still stand. */
  keeps: string[];
}

/** Starts a new operation that takes up an ended one. It never resets a run: that would keep results whose effects were undone. */
export async function replayOperation(
  engine: Engine,
  stores: { effects: EffectStore; attempts: AttemptStore },
  id: string,
  request: ReplayRequest,
): Promise<Replayed> {
  const ended = await endedRun(engine, stores.attempts, id);
  if (request.from !== 'start') await refuseSuperseded(engine, ended, id);
  const root = ended.input.resume?.root ?? ended.runId;
  const standing = standingByStep(await stores.effects.listByRoot(root));
  const from = firstStep(ended, request, standing);
  const steps: readonly string[] = STEPS[ended.kind];
  const keeps = steps.slice(0, steps.indexOf(from)).filter((step) => standing.has(step));
  const results = Object.fromEntries(keeps.map((step) => [step, standing.get(step)?.resultDigest ?? '']));
  const generation = (await stores.effects.lastGeneration(root)) + 1;
  const resume: Resume = { root, generation, from, results, replayOf: id };
  const accepted = await startOperation(engine, ended.kind, {
    ...ended.input,
    request: { ...ended.input.request, ...request.correction } as InstallRequest & Record<string, never>,
    requester: request.requester,
    resume,
  });
  return { ...accepted, from, keeps };
}

async function endedRun(engine: Engine, attempts: AttemptStore, id: string): Promise<RunStart> {
  const { target, runId } = runOf(id);
  const reader = new RunReader(engine, attempts);
  const { events } = await callEngine(engine, () => engine.client.workflow.getHandle(targetId(target), runId).fetchHistory());
  await reader.feed(events ?? []);
  if (!reader.ended)
    throw new ChandleryError('operation_running', 'only an operation that has ended can be replayed', { operation: id });
  return reader.start;
}

/** A later operation that succeeded has decided about the target; taking up an older one halfway would mix the two. */
async function refuseSuperseded(engine: Engine, ended: RunStart, id: string): Promise<void> {
  const workflowId = targetId(ended.input.target);
  const since = new Date(ended.startedAt).toISOString();
  const query = `WorkflowId = '${workflowId}' and ExecutionStatus = 'Completed' and StartTime > '${since}'`;
  const [latest, listed] = await callEngine(engine, () =>
    Promise.all([
      // The list trails the truth by moments, the description of the latest run does not.
      engine.client.workflow.getHandle(workflowId).describe(),
      engine.connection.workflowService.listWorkflowExecutions({ namespace: engine.namespace, query, pageSize: 2 }),
    ]),
  );
  const others = (listed.executions ?? []).filter(
    (execution) => execution.firstRunId !== ended.runId && execution.execution?.runId !== ended.runId,
  );
  const latestSucceeded =
    latest.status.name === 'COMPLETED' && latest.runId !== ended.runId && latest.startTime.getTime() > ended.startedAt;
  if (others.length > 0 || latestSucceeded)
    throw new ChandleryError('superseded', `a later operation on ${workflowId} succeeded`, { operation: id });
}

function standingByStep(records: EffectRecord[]): Map<string, EffectRecord> {
  const newest = new Map<string, EffectRecord>();
  for (const record of records) {
    // Records come by rising generation: a later one replaces an earlier, and one that was undone leaves none standing.
    if (record.undone) newest.delete(record.key.step);
    else newest.set(record.key.step, record);
  }
  return newest;
}

function firstStep(ended: RunStart, request: ReplayRequest, standing: Map<string, EffectRecord>): StepName {
  const steps: readonly StepName[] = STEPS[ended.kind];
  const first = steps[0] ?? 'pre-validate';
  if (request.from === 'start') return first;
  if (request.from === 'auto') {
    // A corrected request changes what every step is given.
    if (request.correction && Object.keys(request.correction).length > 0) return first;
    return steps.find((step) => !standing.has(step)) ?? steps.at(-1) ?? first;
  }
  const named = steps.find((step) => step === request.from);
  if (named) return named;
  throw new ChandleryError('invalid_request', `"${request.from}" is no step of this operation`, {
    issues: [{ path: '/from', message: `one of auto, start, ${steps.join(', ')}` }],
  });
}
