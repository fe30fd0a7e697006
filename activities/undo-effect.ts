import type { StepContext, StepRequest } from '../src/domain/effects.ts';
import { jsonDigest } from '../src/domain/json-digest.ts';
import { runAttempt } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import type { StepAnswer } from './step.ts';

export interface Undone {
  undone: boolean;
  warnings: string[];
}

/**
 * Takes back what one step of this operation did to the store, if it did it. The store raises the fence first, so that a late attempt
 * of the step, on a worker that was thought dead, can no longer write.
 */
export function createUndoEffect(deps: ActivityDeps) {
  return (request: StepRequest<Record<string, never>>): Promise<StepAnswer<Undone>> =>
    runAttempt(
      deps,
      request,
      async ({ context }) => {
        const value = await deps.store.installs.undo(context);
        if (value.undone) await tellServers(deps, context);
        await deps.onMoment?.(`undo-${context.step}`, 'after');
        const detail = value.undone ? `${context.step} undone` : `${context.step} had done nothing`;
        return { value, digest: jsonDigest(value), kept: false, detail };
      },
      { unlimited: true },
    );
}

/** Between the effect and its undo a server may have read, and remembered, what is no longer so. */
async function tellServers(deps: ActivityDeps, { target, operation }: StepContext): Promise<void> {
  const [, cluster = '', namespace = ''] = target.split('/');
  await deps.store.changes.publish({ type: 'install.changed', cluster, namespace, names: [], operation });
}
