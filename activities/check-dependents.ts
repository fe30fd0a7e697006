import { ChandleryError } from '../src/domain/errors.ts';
import type { Target } from '../src/domain/operation.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  target: Target;
  requester: { user: string; groups: string[] };
}

/** It is installed and nothing in the namespace needs it; takes the target's fence and writes the audit entry. */
export function createCheckDependents(deps: ActivityDeps) {
  return createStep(deps, {
    takesFence: true,
    async run({ target, requester }: Input, { context }) {
      const { cluster, namespace, name } = target;
      const install = await deps.store.installs.get(cluster, namespace, name);
      if (!install)
        throw new ChandleryError('install_not_found', `${name} is not installed in namespace ${namespace}`, { template: name });
      const dependents = await deps.store.installs.dependents(cluster, namespace, name);
      const decision = { actor: requester.user, action: 'uninstall', object: context.target, operation: context.operation };
      if (dependents.length > 0) {
        await deps.store.audit.append({ ...decision, outcome: 'denied', code: 'in_use' });
        throw inUse(name, dependents);
      }
      await deps.store.audit.append({ ...decision, outcome: 'allowed' });
      return { version: install.version };
    },
    describe: ({ version }, { target }) => ({ detail: `nothing needs ${target.name} ${version}` }),
  });
}

function inUse(name: string, dependents: Array<{ name: string; version: string; range: string }>): ChandleryError {
  const who = dependents.map((dependent) => `${dependent.name} ${dependent.version} (needs ${name} ${dependent.range})`);
  return new ChandleryError('in_use', `${name} is needed by ${who.join(', ')}`, {
    template: name,
    dependents: dependents.map((dependent) => dependent.name),
  });
}
