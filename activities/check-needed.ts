import type { ClusterSession } from '../src/domain/cluster.ts';
import type { DeploymentRecord, InventoryItem } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { objectKey } from '../src/domain/object-ref.ts';
import { destroyPermissions } from '../src/domain/plan/destroy-permissions.ts';
import type { TypedRef } from '../src/domain/plan/permissions.ts';
import { isKept } from '../src/domain/plan/prune.ts';
import type { Identity } from '../src/domain/store.ts';
import { claimNamespaces } from './cluster/claims.ts';
import { demandRights } from './cluster/rights.ts';
import { deploymentIdOf, inParallel, sessionOf } from './cluster/session.ts';
import { askingToStay, inventoryOf, liveOf, renderedAll } from './delete.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
}

/** It is there, no other deployment needs it, and the requester may destroy it; takes the target's fence and writes the audit entry. */
export function createCheckNeeded(deps: ActivityDeps) {
  return createStep(deps, {
    takesFence: true,
    waitsForCluster: true,
    async run({ key, requester }: Input, { context, signal }) {
      const session = sessionOf(deps, requester);
      const deployment = await deps.store.deployments.get(key);
      if (!deployment) throw new ChandleryError('deployment_not_found', `there is no deployment ${deploymentIdOf(key)}`);
      const dependents = await deps.store.deployments.dependents(key);
      const decision = { actor: requester.user, action: 'destroy', object: context.target, operation: context.operation };
      if (dependents.length > 0) {
        await deps.store.audit.append({ ...decision, outcome: 'denied', code: 'in_use' });
        const names = dependents.map(({ namespace, name }) => `${namespace}/${name}`);
        throw new ChandleryError('in_use', `${key.name} is needed by the deployment ${names.join(', ')}`, { dependents: names });
      }
      await demandAll(deps, session, deployment, signal).catch(async (error: unknown) => {
        if (error instanceof ChandleryError && error.code === 'forbidden')
          await deps.store.audit.append({ ...decision, outcome: 'denied', code: error.code });
        throw error;
      });
      await deps.store.audit.append({ ...decision, outcome: 'allowed' });
      return { template: `${deployment.template.name}@${deployment.template.version}` };
    },
    describe: (_value, { key }) => ({ detail: `nothing needs ${key.name}` }),
    ensure: async (_value, _input, { context }) => context.keep === undefined,
  });
}

/** Half of the rights would delete half of it, and not be enough to put that back. */
async function demandAll(
  deps: ActivityDeps,
  session: ClusterSession,
  { revision, ...key }: DeploymentRecord,
  signal: AbortSignal,
): Promise<void> {
  const revisions = await deps.store.deployments.revisions(key);
  const live = liveOf(revisions);
  const rendered = await renderedAll(deps, live);
  const asksToStay = askingToStay(rendered);
  const items = inventoryOf(live).filter(({ ref }) => !isKept(ref) && !asksToStay.has(objectKey(ref)));
  const current = revisions.find(({ number }) => number === revision)?.inventory ?? [];
  const questions = destroyPermissions({
    deleted: await typed(session, items, signal),
    current: await typed(session, current, signal),
    namespace: key.namespace,
    claims: claimNamespaces(key, rendered),
    hasValues: revisions.some(({ values }) => values !== undefined),
  });
  await demandRights(session, questions, signal);
}

/** A kind that is not served any more has no objects. */
async function typed(session: ClusterSession, items: InventoryItem[], signal: AbortSignal): Promise<TypedRef[]> {
  const found = await inParallel(items, async ({ ref }) => {
    const type = await session.resourceType(ref.apiVersion, ref.kind, { signal });
    return type ? [{ ref, type }] : [];
  });
  return found.flat();
}
