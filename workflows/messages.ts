import { defineQuery } from '@temporalio/workflow';
import type { PlanSummary, RevisionKind, TemplatePin } from '../src/domain/deployment.ts';
import type { Lock } from '../src/domain/lock.ts';
import type { LockFile } from '../src/domain/lock-file.ts';
import type { Target } from '../src/domain/operation.ts';
import type { PublishOutcome } from '../src/domain/published.ts';
import type { InstallOutcome } from '../src/domain/store.ts';
import type { Score, ValidationStatus } from '../src/domain/validation-score.ts';
import type { Progress } from './progress.ts';

/** Inputs, results and messages of the workflows. One object per workflow, so that members can be added. */

export interface Requester {
  user: string;
  groups: string[];
}

/** Chosen when the operation starts and visible in its input, so that a change of configuration never changes a running one. */
export interface OperationLimits {
  /** Failures (lost workers do not count) after which a step gives up. */
  stepAttempts: number;
  /** First pause between two attempts, milliseconds; doubles up to the step's maximum. */
  retryInitialMs: number;
  /** The whole operation, milliseconds; then it is undone and fails with deadline_exceeded. */
  operationMs: number;
}

/** Takes up an ended operation (DESIGN section 8, replay). */
export interface Resume {
  /** First run id of the first operation of the chain; effects are named after it. */
  root: string;
  /** 1 for the first replay. */
  generation: number;
  /** Step from which everything runs anew; results of the steps before it are kept where their effect still stands. */
  from: string;
  /** Digests of the results that may be kept, by step. */
  results: Record<string, string>;
  /** Id of the operation that is replayed. */
  replayOf: string;
}

interface OperationInput {
  target: Target;
  requester: Requester;
  limits: OperationLimits;
  resume?: Resume;
}

export interface InstallRequest {
  registry?: string;
  name: string;
  range?: string;
  acceptUnsigned?: boolean;
  force?: boolean;
  /** Pre-releases of the template itself count like releases. */
  prerelease?: boolean;
  /** Names: everything else stays as it is installed, unless it must move. */
  updateOnly?: string[];
  /** Exactly this, or nothing. */
  lock?: LockFile;
}

export interface InstallInput extends OperationInput {
  request: InstallRequest;
}

export interface InstallResult extends InstallOutcome {
  name: string;
  version: string;
  registry: string;
  digest: string;
  lock: Lock;
}

export interface UninstallInput extends OperationInput {
  request: Record<string, never>;
}

export interface UninstallResult {
  removed: boolean;
  /** Dependencies that nothing needs any more. */
  orphaned: string[];
}

/** Where the secret parameters of a request are: the API wrote them, as the user, into a Secret of the target's namespace. */
export interface SecretInput {
  /** of the Secret; empty for a plan, which needs no values */
  name: string;
  /** Names of the parameters; each is a key of it, its value as JSON. */
  parameters: string[];
}

/** How a change of a deployment is carried out. */
export interface RolloutRequest {
  /** Digest of the plan that was looked at: nothing else is carried out. */
  plan?: string;
  /** Take fields over from other managers. */
  force?: boolean;
  /** Leave what failed where it is, instead of going back. */
  keepFailed?: boolean;
  /** Seconds until everything must be ready. */
  readySeconds?: number;
}

export interface DeployRequest extends RolloutRequest {
  registry?: string;
  /** of the template */
  name: string;
  range?: string;
  acceptUnsigned?: boolean;
  /** The plain ones; secret ones are in `secrets`. */
  parameters?: Record<string, unknown>;
  secrets?: SecretInput;
  /** Deployment it is deployed for; one that is there and fits is then taken as it is. */
  owner?: string;
}

export interface UpgradeRequest extends RolloutRequest {
  /** Another version of the same template. */
  range?: string;
  acceptUnsigned?: boolean;
  /** Merged over the present ones; null takes one away. */
  parameters?: Record<string, unknown>;
  secrets?: SecretInput;
}

export interface RollbackRequest extends RolloutRequest {
  /** The one before the current when left out. */
  revision?: number;
}

export interface DestroyRequest {
  /** Also the volumes; they are kept otherwise. */
  deleteVolumes?: boolean;
  /** With `deleteVolumes`: those that were there before the deployment stay. For taking a deploy back. */
  keepOlder?: boolean;
}

/** Every member that a change may have. */
export type ChangeRequest = Partial<DeployRequest> & UpgradeRequest & RollbackRequest;

export interface DeployInput extends OperationInput {
  request: DeployRequest;
}
export interface UpgradeInput extends OperationInput {
  request: UpgradeRequest;
}
export interface RollbackInput extends OperationInput {
  request: RollbackRequest;
}
export interface DestroyInput extends OperationInput {
  request: DestroyRequest;
}
export interface PlanInput extends OperationInput {
  /** `deployment`: its name; the target's name has a digest behind it. */
  request: ChangeRequest & { change: RevisionKind; deployment: string };
}

/** The archive is in the store already; only its name travels. */
export interface PublishRequest {
  version: string;
  /** `sha256:<hex>` of the archive */
  digest: string;
  /** bytes */
  size: number;
  /** The publisher's token was given for names like this one. */
  byScope?: boolean;
  /** Document with the bundle that was sent along, and verified. */
  signature?: string;
}

export interface PublishInput extends OperationInput {
  request: PublishRequest;
}

export interface PublishResult extends PublishOutcome {
  registry: string;
  status: ValidationStatus;
  /** Why it is not approved. */
  reasons: string[];
  score: Score;
  /** How many there are; the report has them. */
  findings: number;
}

/** The input of each kind of operation. */
export interface InputOf {
  install: InstallInput;
  uninstall: UninstallInput;
  plan: PlanInput;
  deploy: DeployInput;
  upgrade: UpgradeInput;
  rollback: RollbackInput;
  destroy: DestroyInput;
  publish: PublishInput;
}

/** What each kind of operation answers. */
export interface ResultOf {
  install: InstallResult;
  uninstall: UninstallResult;
  plan: PlanResult;
  deploy: DeployResult;
  upgrade: DeployResult;
  rollback: DeployResult;
  destroy: DestroyResult;
  publish: PublishResult;
}

export interface DeployResult {
  /** `<cluster>.<namespace>.<name>` */
  deployment: string;
  /** False when everything already was as asked; then there is no new revision. */
  changed: boolean;
  revision: number;
  template: TemplatePin;
  plan: string;
  summary: PlanSummary;
}

export interface PlanResult {
  plan: string;
  summary: PlanSummary;
}

export interface DestroyResult {
  deployment: string;
  deleted: number;
  /** What is left on purpose, with the Secret that holds the values of volumes that are: `kind namespace/name`. */
  kept: string[];
  /** Owned deployments that went with it. */
  dependencies: string[];
}

/** What a round of the periodic checks came to; the store has the rows. */
export interface CheckRegistriesResult {
  checked: number;
  /** Names of those that are not available. */
  failing: string[];
  /** Names of those that could not be checked. */
  unchecked: string[];
}

/** Progress as the workflow itself sees it; the API derives the same from history and needs no worker for it. */
export const progressQuery = defineQuery<Progress>('progress');
