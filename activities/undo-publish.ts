import type { StepContext, StepRequest } from '../src/domain/effects.ts';
import { jsonDigest } from '../src/domain/json-digest.ts';
import type { Target } from '../src/domain/operation.ts';
import { runAttempt } from './attempt.ts';
import type { ActivityDeps } from './deps.ts';
import type { StepAnswer } from './step.ts';
import { stopElsewhere } from './stop-elsewhere.ts';
import type { PublishRequest } from './structure.ts';
import type { Undone } from './undo-effect.ts';

interface Input {
  /** Of one that is published to another server; the effect's record says all about the others. */
  target?: Target;
  request?: PublishRequest;
}

/** Takes the version back if this operation made it, and tells every server. */
export function createUndoPublish(deps: ActivityDeps) {
  return (request: StepRequest<Input>): Promise<StepAnswer<Undone>> =>
    runAttempt(
      deps,
      request,
      async (run) => {
        const { target, request: published } = request.input;
        const value = target && published ? await stopElsewhere(deps, target, published, run) : await takeBack(deps, run.context);
        await deps.onMoment?.(`undo-${run.context.step}`, 'after');
        const detail = value.undone ? 'publish undone' : (value.warnings[0] ?? 'publish had done nothing');
        return { value, digest: jsonDigest(value), kept: false, detail };
      },
      { unlimited: true },
    );
}

async function takeBack(deps: ActivityDeps, context: StepContext): Promise<Undone> {
  const value = await deps.store.published.undo(context);
  const name = context.target.split('/').at(-1) ?? '';
  if (value.undone) await deps.store.changes.publish({ type: 'published.changed', name });
  return value;
}
