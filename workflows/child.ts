import { TypedSearchAttributes, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { ChildWorkflowCancellationType, executeChild, ParentClosePolicy, sleep } from '@temporalio/workflow';
import type { OperationKind } from '../src/domain/operation.ts';
import { targetId } from '../src/domain/operation.ts';
import type { InputOf, ResultOf } from './messages.ts';
import { SEARCH_ATTRIBUTES, WORKFLOW_TYPES } from './names.ts';

/** Pause before a target that another operation holds is tried again, milliseconds. */
const BUSY_PAUSE_MS = 1_000;
/** A dead worker's workflow task is given to another one after this long; as in src/client/start.ts. */
const WORKFLOW_TASK_TIMEOUT_MS = 3_000;

/** An operation to be run by another one. */
export interface ChildOperation<Kind extends OperationKind> {
  kind: Kind;
  input: InputOf[Kind];
}

/** Runs it to its end. The target's workflow id is its lock here too: while somebody else holds it, this waits. */
export async function runChild<Kind extends OperationKind>(child: ChildOperation<Kind>): Promise<ResultOf[Kind]> {
  for (;;) {
    try {
      return await executeChild<(input: InputOf[Kind]) => Promise<ResultOf[Kind]>>(
        WORKFLOW_TYPES[child.kind],
        childOptions(child),
      );
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      await sleep(BUSY_PAUSE_MS);
    }
  }
}

function childOptions<Kind extends OperationKind>({ kind, input }: ChildOperation<Kind>) {
  const { target, requester } = input;
  return {
    workflowId: targetId(target),
    args: [input] as [InputOf[Kind]],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE' as const,
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT_MS,
    // A parent that is ended by hand must not leave a child that nobody undoes; one that is cancelled waits for the child's undo.
    parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
    cancellationType: ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    memo: { requester: requester.user },
    typedSearchAttributes: new TypedSearchAttributes([
      { key: SEARCH_ATTRIBUTES.namespace, value: target.namespace },
      { key: SEARCH_ATTRIBUTES.template, value: target.name },
      { key: SEARCH_ATTRIBUTES.operation, value: kind },
      { key: SEARCH_ATTRIBUTES.requester, value: requester.user },
    ]),
    staticSummary: `${kind} ${target.name} in ${target.namespace}`,
  };
}
