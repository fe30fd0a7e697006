import type { Target } from '../src/domain/operation.ts';
import { LOCAL_REGISTRY } from '../src/domain/operation.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  target: Target;
  names: string[];
}

/** Tells every server what changed, so that each drops exactly the entries concerned. After an install, that is a download of what this server publishes. */
export function createUpdateCache(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ target, names }: Input, { context }) {
      if (target.kind === 'publish') {
        const { namespace } = target;
        const registry = namespace !== LOCAL_REGISTRY && { registry: namespace };
        for (const name of names) await deps.store.changes.publish({ type: 'published.changed', name, ...registry });
        return { names };
      }
      await deps.store.changes.publish({
        type: 'install.changed',
        cluster: target.cluster,
        namespace: target.namespace,
        names,
        operation: context.operation,
      });
      await deps.store.published.countInstall(context, target);
      return { names };
    },
    describe: ({ names }) => ({ detail: `every server was told about ${names.join(', ')}` }),
  });
}
