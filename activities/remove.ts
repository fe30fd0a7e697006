import type { Target } from '../src/domain/operation.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  target: Target;
}

/** Takes the install out of the store, in one transaction that looks for dependents once more. */
export function createRemove(deps: ActivityDeps) {
  return createStep(deps, {
    recordsItself: true,
    run({ target }: Input, { context, inputDigest }) {
      return deps.store.installs.remove(context, {
        inputDigest,
        cluster: target.cluster,
        namespace: target.namespace,
        name: target.name,
      });
    },
    describe: ({ orphaned }, { target }) => ({
      detail:
        orphaned.length === 0
          ? `${target.name} removed`
          : `${target.name} removed; nothing needs ${orphaned.join(', ')} any more`,
    }),
  });
}
