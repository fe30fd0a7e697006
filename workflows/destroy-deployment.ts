import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import type { DestroyInput, DestroyResult } from './messages.ts';
import { Operation } from './operation.ts';

/** Removes what a deployment made, unless something needs it; volumes stay unless asked. What was deployed for it alone goes with it. */
export async function destroyDeployment(input: DestroyInput): Promise<DestroyResult> {
  const { target, requester, limits, request } = input;
  const key: DeploymentKey = { cluster: target.cluster, namespace: target.namespace, name: target.name };
  const operation = new Operation('destroy', input);
  return operation.run(async () => {
    await operation.step('check-needed', 'checkNeeded', { key, requester });
    const removed = await operation.step(
      'delete',
      'delete',
      { key, requester, deleteVolumes: request.deleteVolumes ?? false, ...(request.keepOlder && { keepOlder: true }) },
      { undo: 'undoDelete', undoInput: { key, requester } },
    );
    // The secret values go first: a cancel that stopped it half way would put the objects back without them.
    return operation.toTheEnd(async () => {
      const { owned, values } = await operation.step('forget', 'forget', { key, requester, kept: removed.kept });
      operation.pointOfNoReturn();
      for (const dependency of owned) {
        await operation.childOrWarning('dependencies', {
          kind: 'destroy' as const,
          input: { target: { ...target, namespace: dependency.namespace, name: dependency.name }, requester, limits, request },
        });
      }
      return {
        deployment: `${key.cluster}.${key.namespace}.${key.name}`,
        deleted: removed.deleted,
        // What a password opens is kept with it.
        kept: values === undefined ? removed.kept : [...removed.kept, values],
        dependencies: owned.map(({ name }) => name),
      };
    });
  });
}
