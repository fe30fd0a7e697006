import type { ErrorCode, ErrorDetails } from './errors.ts';

/** The only cluster there is so far; part of every target and id, so that a second one changes none of them. */
export const LOCAL_CLUSTER = 'local';

/** Name under which this server knows what it publishes itself. */
export const LOCAL_REGISTRY = 'local';

export type OperationKind = 'install' | 'uninstall' | 'plan' | 'deploy' | 'upgrade' | 'rollback' | 'destroy' | 'publish';
export type OperationState =
  | 'queued'
  | 'running'
  | 'paused'
  | 'parked'
  | 'awaiting-approval'
  | 'undoing'
  | 'succeeded'
  | 'failed'
  | 'cancelled';
export type StepState = 'pending' | 'running' | 'retrying' | 'succeeded' | 'failed' | 'cancelled' | 'skipped';

/** Of a deploy and an upgrade; `install` and `dependencies` are operations of their own, run as children. */
const DEPLOY_STEPS = ['resolve', 'install', 'render', 'plan', 'dependencies', 'apply', 'wait-ready', 'prune', 'record'] as const;

/** Stages of each kind of operation, in order (DESIGN sections 8, 9 and 13). A step that has nothing to do is skipped. */
export const STEPS = {
  install: ['pre-validate', 'resolve-dependencies', 'authenticate', 'download', 'scan', 'install', 'update-cache'],
  uninstall: ['check-dependents', 'remove', 'update-cache'],
  plan: ['resolve', 'resolve-dependencies', 'authenticate', 'download', 'scan', 'render', 'plan'],
  deploy: DEPLOY_STEPS,
  upgrade: DEPLOY_STEPS,
  rollback: ['resolve', 'plan', 'apply', 'wait-ready', 'prune', 'record'],
  destroy: ['check-needed', 'delete', 'forget', 'dependencies'],
  publish: ['structure', 'security', 'quality', 'dependency', 'score', 'status', 'publish', 'update-cache'],
} as const satisfies Record<OperationKind, readonly string[]>;

export type StepName = (typeof STEPS)[OperationKind][number];

/** The rows of the catalogue as they travel: in a failure's details, in a problem document, in an operation. */
export interface FailureView {
  code: ErrorCode;
  message: string;
  guidance: string;
  step?: string;
  details?: ErrorDetails;
}

/** One attempt of a step that did not succeed. `worker_lost`: the worker went away and wrote nothing. */
export interface AttemptView {
  attempt: number;
  outcome: ErrorCode;
  message: string;
  at?: string;
}

export interface StepView {
  name: string;
  state: StepState;
  attempt: number;
  maxAttempts: number;
  nextRetryAt?: string;
  waitingFor?: string;
  startedAt?: string;
  endedAt?: string;
  detail?: string;
  bytes?: { done: number; total: number };
  failure?: FailureView;
  attempts: AttemptView[];
  /** The result was taken over from the operation this one replays. */
  kept?: boolean;
  undone?: boolean;
}

export interface OperationView {
  id: string;
  kind: OperationKind;
  target: string;
  requester: string;
  state: OperationState;
  /** The step that runs, or the one it ended on. */
  step?: string;
  percent: number;
  steps: StepView[];
  input: Record<string, unknown>;
  result?: unknown;
  failure?: FailureView;
  warnings: string[];
  replayOf?: string;
  cancelRequested?: boolean;
  createdAt: string;
  endedAt?: string;
  deadline?: string;
  links: { self: string; events: string; history: string };
}

export type TargetKind = 'install' | 'deployment' | 'plan' | 'publish';
const TARGET_KINDS: readonly string[] = ['install', 'deployment', 'plan', 'publish'] satisfies TargetKind[];

/** A namespaced thing that operations change. (A plan changes nothing; its name has the request's digest behind it, so that plans never wait for each other.) For a publish, `namespace` is the name of the registry. */
export interface Target {
  kind: TargetKind;
  cluster: string;
  namespace: string;
  name: string;
}

/** The workflow id: Temporal keeps at most one open run of it, and that is the lock. */
export function targetId(target: Target): string {
  return `${target.kind}/${target.cluster}/${target.namespace}/${target.name}`;
}

/** `<kind>.<cluster>.<namespace>.<name>.<first run id>`; names may hold dots, the other parts cannot. */
export function operationId(target: Target, firstRunId: string): string {
  return `${target.kind}.${target.cluster}.${target.namespace}.${target.name}.${firstRunId}`;
}

/** `<cluster>.<namespace>.<name>`, of an install or a deployment. */
export function installId(target: Pick<Target, 'cluster' | 'namespace' | 'name'>): string {
  return `${target.cluster}.${target.namespace}.${target.name}`;
}

const RUN_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const PART = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const NAME = /^[a-z0-9]([-a-z0-9_.]*[a-z0-9])?$/;

/** Undefined when the text is no operation id. */
export function parseOperationId(id: string): { target: Target; runId: string } | undefined {
  const parts = id.split('.');
  const runId = parts.at(-1) ?? '';
  const [kind, cluster, namespace] = parts;
  const name = parts.slice(3, -1).join('.');
  if (
    !isTargetKind(kind) ||
    !cluster ||
    !namespace ||
    !PART.test(cluster) ||
    !PART.test(namespace) ||
    !NAME.test(name) ||
    !RUN_ID.test(runId)
  )
    return undefined;
  return { target: { kind, cluster, namespace, name }, runId };
}

export function isTargetKind(kind: string | undefined): kind is TargetKind {
  return kind !== undefined && TARGET_KINDS.includes(kind);
}

/** Undefined when the text is no install id. */
export function parseInstallId(id: string): Target | undefined {
  return parseObjectId('install', id);
}

/** Undefined when the text is no deployment id. */
export function parseDeploymentId(id: string): Target | undefined {
  return parseObjectId('deployment', id);
}

function parseObjectId(kind: TargetKind, id: string): Target | undefined {
  const [cluster, namespace, ...rest] = id.split('.');
  const name = rest.join('.');
  if (!cluster || !namespace || !PART.test(cluster) || !PART.test(namespace) || !NAME.test(name)) return undefined;
  return { kind, cluster, namespace, name };
}
