import { createHash } from 'node:crypto';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES, WORKFLOW_TYPES } from '../../workflows/names.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { OperationKind, OperationState, Target } from '../domain/operation.ts';
import { isTargetKind, LOCAL_CLUSTER, operationId } from '../domain/operation.ts';
import type { Engine } from './engine.ts';
import { callEngine } from './engine.ts';
import { millis, PayloadReader } from './history.ts';
import { kindOfWorkflow } from './projection.ts';

type ExecutionInfo = proto.temporal.api.workflow.v1.IWorkflowExecutionInfo;
const Status = proto.temporal.api.enums.v1.WorkflowExecutionStatus;

/** One line of the list: what is known without reading each run's history. */
export interface OperationSummary {
  id: string;
  kind: OperationKind;
  target: string;
  requester: string;
  state: OperationState;
  replayOf?: string;
  createdAt: string;
  endedAt?: string;
}

export interface OperationFilter {
  namespace?: string;
  /** Workflow id: operations on exactly this target. */
  target?: string;
  template?: string;
  state?: 'running' | 'succeeded' | 'failed' | 'cancelled';
  kind?: OperationKind;
  /** 1..100 */
  limit: number;
  cursor?: string;
}

const STATUS_WORDS = {
  running: ['Running'],
  succeeded: ['Completed'],
  failed: ['Failed', 'Terminated', 'TimedOut'],
  cancelled: ['Canceled'],
} as const;

/** Newest first. The engine's list trails its truth by moments. */
export async function listOperations(
  engine: Engine,
  filter: OperationFilter,
): Promise<{ operations: OperationSummary[]; nextCursor?: string }> {
  const page = await callEngine(engine, () =>
    engine.connection.workflowService.listWorkflowExecutions({
      namespace: engine.namespace,
      query: queryOf(filter),
      pageSize: filter.limit,
      ...(filter.cursor !== undefined && { nextPageToken: decodeCursor(filter.cursor) }),
    }),
  ).catch((error: unknown) => {
    const INVALID_ARGUMENT = 3;
    if (filter.cursor !== undefined && (error as { code?: number }).code === INVALID_ARGUMENT) throw badCursor();
    throw error;
  });
  const payloads = new PayloadReader(engine.client);
  const summaries = await Promise.all((page.executions ?? []).map((info) => summaryOf(info, payloads)));
  const token = page.nextPageToken;
  return {
    operations: summaries.filter((summary) => summary !== undefined),
    ...(token && token.length > 0 && { nextCursor: encodeCursor(token) }),
  };
}

function queryOf(filter: OperationFilter): string {
  const types = filter.kind ? [WORKFLOW_TYPES[filter.kind]] : Object.values(WORKFLOW_TYPES);
  const clauses = [`WorkflowType in (${types.map(quoted).join(', ')})`];
  if (filter.target !== undefined) clauses.push(`WorkflowId = ${quoted(filter.target)}`);
  if (filter.namespace !== undefined) clauses.push(`${SEARCH_ATTRIBUTES.namespace.name} = ${quoted(filter.namespace)}`);
  if (filter.template !== undefined) clauses.push(`${SEARCH_ATTRIBUTES.template.name} = ${quoted(filter.template)}`);
  if (filter.state) clauses.push(`ExecutionStatus in (${STATUS_WORDS[filter.state].map(quoted).join(', ')})`);
  return clauses.join(' and ');
}

/** Values reach here only after the API checked them as names; this keeps a quote from ending the literal all the same. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** Bytes of a cursor before the engine's token; they tell a text of somebody's own from one that this list gave. */
const CHECK_BYTES = 8;

function encodeCursor(token: Uint8Array): string {
  return Buffer.concat([checkOf(token), token]).toString('base64url');
}

/** Refuses what is no cursor itself: the engine answers a token that it cannot read as if it were away. */
function decodeCursor(cursor: string): Buffer {
  const bytes = Buffer.from(cursor, 'base64url');
  const token = bytes.subarray(CHECK_BYTES);
  if (token.length === 0 || !checkOf(token).equals(bytes.subarray(0, CHECK_BYTES))) throw badCursor();
  return token;
}

function checkOf(token: Uint8Array): Buffer {
  return createHash('sha256').update(token).digest().subarray(0, CHECK_BYTES);
}

function badCursor(): ChandleryError {
  return new ChandleryError('invalid_request', 'the cursor is not one that this list gave', {
    issues: [{ path: '/cursor', message: 'leave it out to start at the first page' }],
  });
}

async function summaryOf(info: ExecutionInfo, payloads: PayloadReader): Promise<OperationSummary | undefined> {
  const kind = kindOfWorkflow(info.type?.name);
  const target = targetOf(info.execution?.workflowId ?? '');
  if (!kind || !target) return undefined;
  const memo = info.memo?.fields ?? {};
  const requester = memo.requester ? String(await payloads.value(memo.requester)) : '';
  const replayOf = memo.replayOf ? String(await payloads.value(memo.replayOf)) : undefined;
  return {
    id: operationId(target, info.firstRunId || (info.execution?.runId ?? '')),
    kind,
    target: info.execution?.workflowId ?? '',
    requester,
    state: stateOf(info.status),
    ...(replayOf !== undefined && { replayOf }),
    createdAt: new Date(millis(info.startTime)).toISOString(),
    ...(info.closeTime && { endedAt: new Date(millis(info.closeTime)).toISOString() }),
  };
}

function targetOf(workflowId: string): Target | undefined {
  const [kind, cluster, namespace, ...rest] = workflowId.split('/');
  if (!isTargetKind(kind) || cluster !== LOCAL_CLUSTER || !namespace || rest.length !== 1) return undefined;
  return { kind, cluster, namespace, name: rest[0] ?? '' };
}

function stateOf(status: ExecutionInfo['status']): OperationState {
  if (status === Status.WORKFLOW_EXECUTION_STATUS_RUNNING) return 'running';
  if (status === Status.WORKFLOW_EXECUTION_STATUS_COMPLETED) return 'succeeded';
  return status === Status.WORKFLOW_EXECUTION_STATUS_CANCELED ? 'cancelled' : 'failed';
}
