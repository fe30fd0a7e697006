import type { ChangeRequest, InputOf, InstallRequest, Requester, Resume } from '../../workflows/messages.ts';
import type { EffectRecord } from '../domain/effects.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { OperationKind, StepName } from '../domain/operation.ts';
import { STEPS, targetId } from '../domain/operation.ts';
import type { AttemptStore, EffectStore } from '../domain/store.ts';
import type { Engine } from './engine.ts';
import { callEngine } from './engine.ts';
import { RunReader, runOf } from './operations.ts';
import type { RunStart } from './projection.ts';
import type { Accepted } from './start.ts';
import { startOperation } from './start.ts';

/** Members of the request that a replay may replace; `parameters` are merged over the ones it was started with. */
export type Correction = Partial<Pick<InstallRequest, 'registry' | 'range' | 'acceptUnsigned' | 'force'>> &
  Pick<ChangeRequest, 'parameters' | 'secrets' | 'readySeconds' | 'revision'>;

/** What each kind of operation's request has room for. */
const CORRECTABLE: Record<OperationKind, ReadonlyArray<keyof Correction>> = {
  install: ['registry', 'range', 'acceptUnsigned', 'force'],
  uninstall: [],
  plan: ['registry', 'range', 'acceptUnsigned', 'force', 'parameters', 'secrets', 'readySeconds', 'revision'],
  deploy: ['registry', 'range', 'acceptUnsigned', 'force', 'parameters', 'secrets', 'readySeconds'],
  upgrade: ['range', 'acceptUnsigned', 'force', 'parameters', 'secrets', 'readySeconds'],
  rollback: ['force', 'readySeconds', 'revision'],
  destroy: [],
  publish: [],
};
/** Members that a plan was made for: with others, the plan says nothing any more. */
const PLANNED: ReadonlyArray<keyof Correction> = ['registry', 'range', 'parameters', 'secrets', 'revision'];

export interface ReplayRequest {
  /** `auto`: the first step whose effect does not stand; `start`; or a step's name. */
  from: string;
  /** Replaces members of the request; the target stays the same. */
  correction?: Correction;
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
  refuseUnfitting(ended, request.correction);
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
    request: corrected(ended, request.correction),
    requester: request.requester,
    resume,
  } as InputOf[OperationKind]);
  return { ...accepted, from, keeps };
}

function refuseUnfitting({ kind }: RunStart, correction: Correction = {}): void {
  const allowed = CORRECTABLE[kind];
  const given = Object.keys(correction) as Array<keyof Correction>;
  const unfit = given.filter((name) => !allowed.includes(name));
  if (unfit.length === 0) return;
  const words = unfit.map((name) => (name === 'range' ? 'version' : name));
  const room = allowed.filter((name) => name !== 'secrets').map((name) => (name === 'range' ? 'version' : name));
  throw new ChandleryError('invalid_request', `${words.join(', ')} cannot be corrected in a replay of ${kind}`, {
    issues: words.map((name) => ({
      path: `body/input/${name}`,
      message: room.length === 0 ? `${kind} takes no corrections` : `of ${kind} may be corrected: ${room.join(', ')}`,
    })),
  });
}

/** The request with the corrections in it. Secret values are gone when an operation ends, so `secrets` is only ever the new one. */
function corrected({ kind, input }: RunStart, correction: Correction = {}): ChangeRequest {
  const before = input.request as ChangeRequest;
  const changed = Object.keys(correction) as Array<keyof Correction>;
  const { plan, ...rest } = before;
  const stillPlanned = plan !== undefined && !changed.some((name) => PLANNED.includes(name));
  const parameters = { ...before.parameters, ...correction.parameters };
  return {
    ...rest,
    ...(stillPlanned && { plan }),
    ...correction,
    // In an upgrade null takes a parameter of the revision away; in a first deploy it only takes back what was asked for.
    ...(correction.parameters && { parameters: kind === 'upgrade' || kind === 'plan' ? parameters : withoutNull(parameters) }),
  };
}

function withoutNull(parameters: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== null));
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
    // What a step has noted on its way is no result of it.
    if (record.key.object !== '-') continue;
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
