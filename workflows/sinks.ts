import type { Sinks } from '@temporalio/workflow';
import { proxySinks } from '@temporalio/workflow';
import type { ErrorCode } from '../src/domain/errors.ts';
import type { OperationOutcome } from '../src/domain/metrics.ts';
import type { OperationKind } from '../src/domain/operation.ts';

/** What workflows tell the worker they run on: for counting, outside of history, not in replays, and perhaps never when a worker dies. */

/** How an operation ended, as far as counters care. */
export interface OperationReport {
  kind: OperationKind;
  outcome: OperationOutcome;
  code?: ErrorCode;
  /** The template it was about, where its input names one. */
  template?: { name: string; registry?: string };
  /** How the template's content was judged, where it was. */
  validation?: string;
}

export interface OperationSinks extends Sinks {
  operations: {
    started(kind: OperationKind): void;
    ended(report: OperationReport): void;
  };
}

export const { operations: operationSink } = proxySinks<OperationSinks>();
