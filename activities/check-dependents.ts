import { ChandleryError } from '../src/domain/errors.ts';
import { inUse } from '../src/domain/in-use.ts';
import type { Target } from '../src/domain/operation.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  target: Target;
  requester: { user: string; groups: string[] };
}

/** It is installed and nothing in the namespace needs it, installed or running; takes the target's fence and writes the audit entry. */
export function createCheckDependents(deps: ActivityDeps) {
  return createStep(deps, {
    takesFence: true,
    async run({ target, requester }: Input, { context }) {
      const { cluster, namespace, name } = target;
      const { installs, deployments, audit } = deps.store;
      const install = await installs.get(cluster, namespace, name);
      if (!install)
        throw new ChandleryError('install_not_found', `${name} is not installed in namespace ${namespace}`, { template: name });
      const [dependents, running] = await Promise.all([
        installs.dependents(cluster, namespace, name),
        deployments.ofTemplate(cluster, namespace, name),
      ]);
      const refusal = inUse(name, dependents, running);
      const decision = { actor: requester.user, action: 'uninstall', object: context.target, operation: context.operation };
      if (refusal) {
        await audit.append({ ...decision, outcome: 'denied', code: refusal.code });
        throw refusal;
      }
      await audit.append({ ...decision, outcome: 'allowed' });
      return { version: install.version };
    },
    describe: ({ version }, { target }) => ({ detail: `nothing needs ${target.name} ${version}` }),
  });
}
