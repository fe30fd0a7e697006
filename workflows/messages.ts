import { defineQuery } from '@temporalio/workflow';
import type { Lock } from '../src/domain/lock.ts';
import type { Target } from '../src/domain/operation.ts';
import type { InstallOutcome } from '../src/domain/store.ts';
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

/** Progress as the workflow itself sees it; the API derives the same from history and needs no worker for it. */
export const progressQuery = defineQuery<Progress>('progress');
