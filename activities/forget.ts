import { DEPLOYMENT_LABEL } from '../src/domain/cluster.ts';
import { deploymentLabelValue } from '../src/domain/deployment-label.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { refText } from '../src/domain/object-ref.ts';
import type { Identity } from '../src/domain/store.ts';
import { removeSecret } from './cluster/remove-secret.ts';
import { deploymentIdOf, sessionOf } from './cluster/session.ts';
import { leaveValues, VALUES_LABEL } from './cluster/values.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
  /** What is left in the cluster, as refText has it. */
  kept: string[];
}

/** Values Secrets of one deployment: one a revision, and the store keeps ten. */
const MAX_SECRETS = 100;

/**
 * Removes the deployment's secret values and its record; from then on it is not there. Values stay where volumes stay: data that was
 * written under a password is of no use without it. Answers what was deployed for it alone.
 */
export function createForget(deps: ActivityDeps) {
  return createStep(deps, {
    waitsForCluster: true,
    recordsItself: true,
    async run({ key, requester, kept }: Input, { context, inputDigest, signal }) {
      const session = sessionOf(deps, requester);
      const labelSelector = `${DEPLOYMENT_LABEL}=${deploymentLabelValue(key.name)},${VALUES_LABEL}=true`;
      const { items } = await session.list(
        { apiVersion: 'v1', kind: 'Secret', namespace: key.namespace, labelSelector },
        { signal, limit: MAX_SECRETS },
      );
      const left = kept.some(isClaim) ? await leaveValues(session, key, await newestValues(deps, key), signal) : undefined;
      for (const { metadata } of items)
        if (metadata.name !== left) await removeSecret(session, key.namespace, metadata.name, deploymentIdOf(key), signal);
      const result = {
        owned: await ownedOf(deps, key),
        ...(left !== undefined && {
          values: refText({ apiVersion: 'v1', kind: 'Secret', namespace: key.namespace, name: left }),
        }),
      };
      return (await deps.store.deployments.forget(context, key, { inputDigest, result })) as typeof result;
    },
    describe: ({ owned, values }) => ({
      detail: [
        owned.length > 0 ? `next: ${owned.map(({ name }) => name).join(', ')}, deployed for it` : 'it is gone',
        ...(values === undefined ? [] : [`kept with the volumes: ${values}`]),
      ].join('; '),
    }),
  });
}

function isClaim(kept: string): boolean {
  return kept.startsWith('PersistentVolumeClaim ');
}

/** Secret with the values of the revision that runs; of the newest that has some where that one has none. */
async function newestValues(deps: ActivityDeps, key: DeploymentKey): Promise<string | undefined> {
  const [deployment, revisions] = await Promise.all([deps.store.deployments.get(key), deps.store.deployments.revisions(key)]);
  const current = revisions.find(({ number }) => number === deployment?.revision);
  return (current?.values ?? revisions.find(({ state, values }) => state !== 'undone' && values)?.values)?.name;
}

/** Dependencies that were deployed for this one and that nobody else needs by now. */
async function ownedOf(deps: ActivityDeps, key: DeploymentKey): Promise<Array<{ namespace: string; name: string }>> {
  const deployment = await deps.store.deployments.get(key);
  const owned: Array<{ namespace: string; name: string }> = [];
  for (const { namespace, name, owned: ours } of deployment?.dependencies ?? []) {
    if (!ours) continue;
    const dependents = await deps.store.deployments.dependents({ ...key, namespace, name });
    const others = dependents.filter((other) => other.namespace !== key.namespace || other.name !== key.name);
    if (others.length === 0) owned.push({ namespace, name });
  }
  return owned;
}
