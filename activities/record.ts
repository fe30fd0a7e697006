import type { ClusterSession } from '../src/domain/cluster.ts';
import type { DeploymentDependency, RevisionKind, RevisionRecord } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { valuesSecretName } from '../src/domain/deployment-store.ts';
import type { StepContext } from '../src/domain/effects.ts';
import type { Identity } from '../src/domain/store.ts';
import { removeSecret } from './cluster/remove-secret.ts';
import { deploymentIdOf, sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
  plan: string;
  request: { secrets?: { name: string; parameters: string[] } };
  revision: number;
  dependencies: DeploymentDependency[];
}

/** Revisions whose values are kept: the current one and the ten that the store keeps besides (src/adapters/store), to go back to. */
const VALUES_KEPT = 11;

/** Makes the revision the current one, in one transaction with the step's record; the request's secret values go. */
export function createRecord(deps: ActivityDeps) {
  return createStep(deps, {
    waitsForCluster: true,
    recordsItself: true,
    async run({ key, requester, request, revision, dependencies }: Input, { context, inputDigest, signal }) {
      const session = sessionOf(deps, requester);
      const begun = await deps.store.deployments.begun(context, key);
      await recoverUids(deps, session, context, key, begun?.revision, signal);
      const old = revision - VALUES_KEPT;
      // Of many failed revisions in between, the one that ran before is older: a cancel that comes now still goes back to it.
      const dropped = old > 0 && old !== begun?.previous?.number ? [valuesSecretName(key.name, old)] : [];
      for (const name of [...(request.secrets ? [request.secrets.name] : []), ...dropped])
        await removeSecret(session, key.namespace, name, deploymentIdOf(key), signal);
      const result = { revision };
      return (await deps.store.deployments.finish(context, key, {
        inputDigest,
        number: revision,
        dependencies: await standingOn(deps, key, begun?.revision.kind, dependencies),
        result,
      })) as typeof result;
    },
    describe: ({ revision }) => ({ detail: `revision ${revision} is the current one` }),
  });
}

/** What was deployed for an earlier revision still is its own; a rollback brings no dependencies and stands on those that are there. */
async function standingOn(
  deps: ActivityDeps,
  key: DeploymentKey,
  kind: RevisionKind | undefined,
  found: DeploymentDependency[],
): Promise<DeploymentDependency[]> {
  if (found.length === 0 && kind !== 'rollback') return found;
  const before = (await deps.store.deployments.get(key))?.dependencies ?? [];
  if (kind === 'rollback') return before;
  const wasOwned = ({ namespace, name }: DeploymentDependency) =>
    before.some((other) => other.owned && other.namespace === namespace && other.name === name);
  return found.map((dependency) => ({ ...dependency, owned: dependency.owned || wasOwned(dependency) }));
}

/** Uids are written without waiting for the disk (src/adapters/store): one that was lost with the database server is asked for again. */
async function recoverUids(
  deps: ActivityDeps,
  session: ClusterSession,
  context: StepContext,
  key: DeploymentKey,
  revision: RevisionRecord | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (!revision) return;
  const lost = revision.inventory.flatMap((item, index) => (item.uid === undefined ? [{ item, index }] : []));
  const objects: Array<{ index: number; uid: string }> = [];
  for (const { item, index } of lost) {
    const uid = (await session.get(item.ref, { signal }))?.metadata.uid;
    if (uid !== undefined) objects.push({ index, uid });
  }
  if (objects.length > 0) await deps.store.deployments.applied(context, key, revision.number, { objects });
}
