import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import type { Identity } from '../src/domain/store.ts';
import { deploymentIdOf, sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
}

/** It is there and no other deployment needs it; takes the target's fence and writes the audit entry. */
export function createCheckNeeded(deps: ActivityDeps) {
  return createStep(deps, {
    takesFence: true,
    async run({ key, requester }: Input, { context }) {
      sessionOf(deps, requester);
      const deployment = await deps.store.deployments.get(key);
      if (!deployment) throw new ChandleryError('deployment_not_found', `there is no deployment ${deploymentIdOf(key)}`);
      const dependents = await deps.store.deployments.dependents(key);
      const decision = { actor: requester.user, action: 'destroy', object: context.target, operation: context.operation };
      if (dependents.length > 0) {
        await deps.store.audit.append({ ...decision, outcome: 'denied', code: 'in_use' });
        const names = dependents.map(({ namespace, name }) => `${namespace}/${name}`);
        throw new ChandleryError('in_use', `${key.name} is needed by the deployment ${names.join(', ')}`, { dependents: names });
      }
      await deps.store.audit.append({ ...decision, outcome: 'allowed' });
      return { template: `${deployment.template.name}@${deployment.template.version}` };
    },
    describe: (_value, { key }) => ({ detail: `nothing needs ${key.name}` }),
    ensure: async (_value, _input, { context }) => context.keep === undefined,
  });
}
