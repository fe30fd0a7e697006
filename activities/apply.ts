import type { DeploymentDependency, InventoryItem, Plan } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { objectKey } from '../src/domain/object-ref.ts';
import type { Identity } from '../src/domain/store.ts';
import { createApplier } from './cluster/apply-object.ts';
import { claimsBefore } from './cluster/claims.ts';
import { established } from './cluster/established.ts';
import { renderedOf } from './cluster/restore.ts';
import { deploymentIdOf, sessionOf } from './cluster/session.ts';
import { UidLog } from './cluster/uid-log.ts';
import { ensureValues } from './cluster/values.ts';
import { inWaves } from './cluster/waves.ts';
import type { ActivityDeps } from './deps.ts';
import type { Resolved } from './resolve.ts';
import { createStep } from './step.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
  /** digest */
  plan: string;
  request: { force?: boolean; owner?: string; secrets?: { name: string; parameters: string[] } };
  resolved: Resolved;
  /** What it stands on, by now deployed. */
  dependencies: DeploymentDependency[];
}

export interface Applied {
  revision: number;
  objects: number;
}

/** Carries the plan out: the inventory is written first, then wave after wave is applied, the objects of a wave at once. */
export function createApply(deps: ActivityDeps) {
  return createStep(deps, {
    waitsForCluster: true,
    /** Begins the revision: an earlier attempt's is answered again, and nobody begins one without the fence. */
    async prepare({ key, requester, request, ...input }: Input, run) {
      // Without a cluster nothing is begun.
      const session = sessionOf(deps, requester);
      const plan = await planOf(deps, input.plan);
      const rendered = await renderedOf(deps, plan.rendered);
      const claims = await claimsBefore(session, key, rendered, run.signal);
      const before = await uidsBefore(deps, key, plan);
      const begun = await deps.store.deployments.begin(run.context, key, {
        kind: plan.kind,
        origin: originOf(deps, plan),
        template: plan.template,
        parameters: plan.parameters,
        hasValues: rendered.secrets.some((secret) => secret.present),
        rendered: plan.rendered,
        plan: plan.digest,
        inventory: inventoryOf(plan, before),
        requester,
        summary: plan.summary,
        dependencies: input.dependencies,
        ...(claims && { claims }),
        ...(plan.rollbackOf !== undefined && { rollbackOf: plan.rollbackOf }),
        ...(request.owner !== undefined && { owner: request.owner }),
      });
      return { plan, rendered, begun, before };
    },
    async run({ key, requester, resolved, request }: Input, run, { plan, rendered, begun, before }): Promise<Applied> {
      const session = sessionOf(deps, requester);
      const uids = new UidLog((known) => deps.store.deployments.applied(run.context, key, begun.number, known));
      const { values, uid } = await ensureValues(
        session,
        deps.secrets,
        key,
        begun.number,
        {
          secrets: rendered.secrets,
          first: resolved.base === 0,
          ...(resolved.values !== undefined && { kept: resolved.values }),
          ...(request.secrets && { inputs: request.secrets }),
        },
        run.signal,
      );
      if (uid !== undefined) uids.noteValues(uid);
      const apply = createApplier(deps, {
        session,
        run,
        deploymentId: deploymentIdOf(key),
        force: request.force ?? false,
        inventory: begun.inventory,
        before,
        values,
        uids,
        total: plan.objects.length,
      });
      const there = new Set(begun.inventory.filter(({ existed }) => existed).map(({ ref }) => objectKey(ref)));
      try {
        await inWaves(rendered.objects, apply, {
          begun: () => uids.write(),
          async ended(objects) {
            await uids.written();
            await established(session, objects, run);
          },
          isThere: ({ ref }) => there.has(objectKey(ref)),
        });
      } catch (error) {
        // Whatever happened: the undo goes by what is written, and by the marks on the objects where that could not be.
        uids.write();
        await uids.written().catch(() => undefined);
        throw error;
      }
      const last = await uids.rest();
      run.recordWith = (entry) => deps.store.deployments.settle(run.context, key, begun.number, last, entry);
      return { revision: begun.number, objects: rendered.objects.length };
    },
    describe: ({ revision, objects }) => ({ detail: `revision ${revision}, ${objects} ${objects === 1 ? 'object' : 'objects'}` }),
    /** A replay begins a revision of its own. */
    ensure: async (_applied, _input, { context }) => context.keep === undefined,
  });
}

async function planOf(deps: ActivityDeps, digest: string): Promise<Plan> {
  const plan = await deps.store.documents.get('plan', digest);
  if (!plan) throw new ChandleryError('plan_not_found', `there is no plan ${digest}`);
  return plan as Plan;
}

function originOf(deps: ActivityDeps, plan: Plan) {
  return plan.template.registry === deps.registries.local?.name ? ('builtin' as const) : ('marketplace' as const);
}

/** Uids of the revision that is replaced. */
async function uidsBefore(deps: ActivityDeps, key: DeploymentKey, { base }: Plan): Promise<Map<string, string>> {
  const revision = base === 0 ? undefined : await deps.store.deployments.revision(key, base);
  const known = (revision?.inventory ?? []).flatMap(({ ref, uid }) =>
    uid === undefined ? [] : [[objectKey(ref), uid] as const],
  );
  return new Map(known);
}

/** What is to be there, with the uids of what stays as it is. */
function inventoryOf(plan: Plan, before: ReadonlyMap<string, string>): InventoryItem[] {
  return plan.objects
    .filter(({ action }) => action !== 'delete' && action !== 'keep')
    .map(({ ref, wave, action }) => {
      const uid = action === 'unchanged' ? before.get(objectKey(ref)) : undefined;
      return { ref, wave, existed: action !== 'create', ...(uid !== undefined && { uid }) };
    });
}
