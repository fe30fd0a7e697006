import type { StepRequest } from '../src/domain/effects.ts';
import { jsonDigest } from '../src/domain/json-digest.ts';
import { runAttempt } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import type { StepAnswer } from './step.ts';
import type { Undone } from './undo-effect.ts';

/** Takes the version back if this operation made it, and tells every server. */
export function createUndoPublish(deps: ActivityDeps) {
  return (request: StepRequest<Record<string, never>>): Promise<StepAnswer<Undone>> =>
    runAttempt(
      deps,
      request,
      async ({ context }) => {
        const value = await deps.store.published.undo(context);
        const name = context.target.split('/').at(-1) ?? '';
        if (value.undone) await deps.store.changes.publish({ type: 'published.changed', name });
        await deps.onMoment?.(`undo-${context.step}`, 'after');
        const detail = value.undone ? 'publish undone' : 'publish had done nothing';
        return { value, digest: jsonDigest(value), kept: false, detail };
      },
      { unlimited: true },
    );
}
