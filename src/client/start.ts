import type { SearchAttributePair } from '@temporalio/common';
import { TypedSearchAttributes, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { InputOf } from '../../workflows/messages.ts';
import { SEARCH_ATTRIBUTES, WORKFLOW_TYPES } from '../../workflows/names.ts';
import { ChandleryError } from '../domain/errors.ts';
import { jsonDigest } from '../domain/json-digest.ts';
import type { OperationKind, Target } from '../domain/operation.ts';
import { operationId, targetId } from '../domain/operation.ts';
import type { Engine } from './engine.ts';
import { callEngine } from './engine.ts';
import { startMark } from './start-mark.ts';

/** A dead worker's workflow task is given to another one after this long; Temporal's default is 10 s. */
const WORKFLOW_TASK_TIMEOUT_MS = 3_000;
/** Times a start is tried again when the operation in its way has just ended. */
const START_TRIES = 3;

type OperationInput = InputOf[OperationKind];

export interface Accepted {
  /** Operation id. */
  id: string;
  /** True when an equal request was already running, and this one joined it. */
  joined: boolean;
  /** Secret with the values that the joined one was given: equal only in name so far (`comparable`). */
  inputs?: string;
}

/** Kept with the run; small, and readable without its history. */
export interface OperationMemo {
  requestDigest: string;
  requester: string;
  replayOf?: string;
  /** Of the request's Idempotency-Key. */
  requestKey?: string;
  /** Secret with the values of its secret parameters. */
  inputs?: string;
  [key: string]: unknown;
}

/**
 * Starts an operation on its target, or joins an equal one that runs. Fails with target_busy when a different one runs, with
 * engine_unavailable when the engine is away (an equal request sent again then joins what may have been started).
 */
export async function startOperation(engine: Engine, kind: OperationKind, input: OperationInput): Promise<Accepted> {
  const requestDigest = jsonDigest({ kind, target: input.target, request: comparable(input), resume: input.resume ?? null });
  for (let tries = 1; ; tries += 1) {
    // Before each try: what was said before the last one may be too long ago for this one.
    await startMark()?.aim(input.target);
    try {
      const handle = await callEngine(engine, () =>
        engine.client.workflow.start(WORKFLOW_TYPES[kind], startOptions(engine, kind, input, requestDigest)),
      );
      return { id: operationId(input.target, handle.firstExecutionRunId), joined: false };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError) || tries === START_TRIES) throw error;
      const joined = await join(engine, input, requestDigest);
      if (joined) return joined;
    }
  }
}

/** Of secret inputs only the names count here: their Secret has another name in each request. Whoever can read both compares them. */
function comparable({ request }: OperationInput): unknown {
  if (!('secrets' in request) || request.secrets === undefined) return request;
  return { ...request, secrets: request.secrets.parameters };
}

export function startOptions(engine: Engine, kind: OperationKind, input: OperationInput, requestDigest: string) {
  const mark = startMark();
  const inputs = 'secrets' in input.request ? input.request.secrets?.name : undefined;
  const memo: OperationMemo = {
    requestDigest,
    requester: input.requester.user,
    ...(input.resume && { replayOf: input.resume.replayOf }),
    ...(mark && { requestKey: mark.id }),
    ...(inputs && { inputs }),
  };
  return {
    workflowId: targetId(input.target),
    taskQueue: engine.taskQueue,
    args: [input],
    // The workflow id is the target and this policy is the lock: there is nothing else to take and nothing to clear.
    workflowIdConflictPolicy: 'FAIL' as const,
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
    memo,
    typedSearchAttributes: new TypedSearchAttributes(searchAttributes(kind, input)),
    staticSummary: `${kind} ${input.target.name} in ${input.target.namespace}`,
  };
}

function searchAttributes(kind: OperationKind, input: OperationInput): SearchAttributePair[] {
  const registry = 'registry' in input.request && typeof input.request.registry === 'string' ? input.request.registry : undefined;
  const { kind: targetKind, namespace } = input.target;
  // A publish happens in a registry, which may have the name of some namespace.
  const place =
    targetKind === 'publish'
      ? { key: SEARCH_ATTRIBUTES.registry, value: namespace }
      : { key: SEARCH_ATTRIBUTES.namespace, value: namespace };
  return [
    place,
    {
      key: SEARCH_ATTRIBUTES.template,
      value: 'name' in input.request ? (input.request.name ?? input.target.name) : input.target.name,
    },
    { key: SEARCH_ATTRIBUTES.operation, value: kind },
    { key: SEARCH_ATTRIBUTES.requester, value: input.requester.user },
    ...(registry === undefined ? [] : [{ key: SEARCH_ATTRIBUTES.registry, value: registry }]),
  ];
}

/** Undefined when the operation in the way has ended meanwhile. */
async function join(engine: Engine, input: OperationInput, requestDigest: string): Promise<Accepted | undefined> {
  const running = await describeLast(engine, input.target);
  if (running.status.name !== 'RUNNING') return undefined;
  const id = idOf(input.target, running);
  const { requestDigest: runs, inputs } = running.memo ?? {};
  if (runs === requestDigest) return { id, joined: true, ...(typeof inputs === 'string' && { inputs }) };
  throw new ChandleryError('target_busy', `${targetId(input.target)} is being changed by another operation`, { operation: id });
}

/** The last operation on the target where it carries the mark (start-mark.ts), running or not. */
export async function findMarked(engine: Engine, target: Target, mark: string): Promise<string | undefined> {
  try {
    const last = await describeLast(engine, target);
    return last.memo?.requestKey === mark ? idOf(target, last) : undefined;
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'operation_not_found') return undefined;
    throw error;
  }
}

function describeLast(engine: Engine, target: Target) {
  return callEngine(engine, () => engine.client.workflow.getHandle(targetId(target)).describe());
}

function idOf(target: Target, run: Awaited<ReturnType<typeof describeLast>>): string {
  return operationId(target, run.raw.workflowExecutionInfo?.firstRunId || run.runId);
}
