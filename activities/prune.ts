import type { Plan } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { objectKey } from '../src/domain/object-ref.ts';
import type { Identity } from '../src/domain/store.ts';
import { removeObjects } from './cluster/remove.ts';
import { deploymentIdOf, sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';
import { words } from './undo-apply.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
  plan: string;
  revision: number;
}

/** Objects with finalizers get this long, milliseconds; the rest goes on without us. */
const GONE_WITHIN_MS = 30_000;

/** Deletes what the new revision no longer has: only what the previous one's inventory knows by uid. */
export function createPrune(deps: ActivityDeps) {
  return createStep(deps, {
    waitsForCluster: true,
    async run({ key, requester, plan: digest }: Input, run) {
      const plan = (await deps.store.documents.get('plan', digest)) as Plan;
      const base = await deps.store.deployments.revision(key, plan.base);
      const gone = new Set(plan.objects.filter(({ action }) => action === 'delete').map(({ ref }) => objectKey(ref)));
      const items = (base?.inventory ?? []).filter((item) => gone.has(objectKey(item.ref)) && item.uid !== undefined);
      const session = sessionOf(deps, requester);
      const { deleted, foreign, remaining } = await removeObjects(session, items, deploymentIdOf(key), run, {
        waitMs: GONE_WITHIN_MS,
      });
      const warnings = [
        ...words(foreign, 'belongs to somebody else now and was left'),
        ...words(remaining, 'still waits for its finalizers'),
      ];
      return { deleted, warnings };
    },
    describe: ({ deleted, warnings }) => ({ detail: `${deleted} deleted`, ...(warnings.length > 0 && { warnings }) }),
  });
}
