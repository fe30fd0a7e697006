import type { ClusterSession, KubeObject } from '../src/domain/cluster.ts';
import type { DeploymentDependency, InventoryItem, Plan, RevisionRecord } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { objectKey, refText } from '../src/domain/object-ref.ts';
import { notOwned, ownershipOf } from '../src/domain/plan/ownership.ts';
import { resolveTokens } from '../src/domain/render/secret-tokens.ts';
import type { Identity } from '../src/domain/store.ts';
import type { StepRun } from './attempt.ts';
import { established } from './cluster/established.ts';
import { namingObject } from './cluster/name-object.ts';
import type { PlacedObject } from './cluster/placed.ts';
import { placed } from './cluster/placed.ts';
import { renderedOf } from './cluster/restore.ts';
import { deploymentIdOf, inParallel, sessionOf } from './cluster/session.ts';
import { ensureValues } from './cluster/values.ts';
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
    async run(input: Input, run): Promise<Applied> {
      const { key, requester, resolved, request } = input;
      const session = sessionOf(deps, requester);
      const plan = await planOf(deps, input.plan);
      const rendered = await renderedOf(deps, plan.rendered);
      const begun = await deps.store.deployments.begin(run.context, key, {
        kind: plan.kind,
        origin: originOf(deps, plan),
        template: plan.template,
        parameters: plan.parameters,
        hasValues: rendered.secrets.some((secret) => secret.present),
        rendered: plan.rendered,
        plan: plan.digest,
        inventory: await inventoryOf(deps, key, plan),
        requester,
        summary: plan.summary,
        dependencies: input.dependencies,
        ...(plan.rollbackOf !== undefined && { rollbackOf: plan.rollbackOf }),
        ...(request.owner !== undefined && { owner: request.owner }),
      });
      const { values, uid } = await ensureValues(
        session,
        deps.secrets,
        key,
        begun.number,
        {
          secrets: rendered.secrets,
          ...(resolved.values !== undefined && { kept: resolved.values }),
          ...(request.secrets && { inputs: request.secrets }),
        },
        run.signal,
      );
      if (uid !== undefined) await deps.store.deployments.applied(run.context, key, begun.number, { objects: [], values: uid });
      const known = new Map(begun.inventory.map((item, index) => [objectKey(item.ref), { item, index }]));
      const apply = createApplier(deps, session, input, run, plan, values, known);
      const waves = [...new Set(rendered.objects.map((object) => object.wave))].sort((a, b) => a - b);
      let written = Promise.resolve();
      try {
        for (const wave of waves) {
          const objects = rendered.objects.filter((object) => object.wave === wave).map(({ object }) => object);
          const uids = (await inParallel(objects, apply)).filter((applied) => applied !== undefined);
          // Written down while the next wave is applied: a kill in between only means that this wave is looked at once more.
          await written;
          if (uids.length > 0) written = deps.store.deployments.applied(run.context, key, begun.number, { objects: uids });
          written.catch(() => undefined);
          await established(session, objects, run);
        }
      } finally {
        // Whatever happened: the undo goes by what is written.
        await written;
      }
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

/** What is to be there, with the uids of what stays as it is. */
async function inventoryOf(deps: ActivityDeps, key: DeploymentKey, plan: Plan): Promise<InventoryItem[]> {
  const base: RevisionRecord | undefined = plan.base === 0 ? undefined : await deps.store.deployments.revision(key, plan.base);
  const before = new Map((base?.inventory ?? []).map((item) => [objectKey(item.ref), item.uid]));
  return plan.objects
    .filter(({ action }) => action !== 'delete' && action !== 'keep')
    .map(({ ref, wave, action }) => {
      const uid = action === 'unchanged' ? before.get(objectKey(ref)) : undefined;
      return { ref, wave, existed: action !== 'create', ...(uid !== undefined && { uid }) };
    });
}

type Known = Map<string, { item: InventoryItem; index: number }>;

/** One object: an earlier attempt's is left alone, an unchanged one too, anything else is applied once. */
function createApplier(
  deps: ActivityDeps,
  session: ClusterSession,
  { request, key }: Input,
  run: StepRun,
  plan: Plan,
  values: Record<string, string>,
  known: Known,
) {
  let done = 0;
  const total = plan.objects.length;
  return async (object: KubeObject): Promise<{ index: number; uid: string } | undefined> => {
    run.signal.throwIfAborted();
    const here = await placed(session, object, run.signal);
    const entry = known.get(objectKey(here.ref));
    if (!entry) throw new ChandleryError('internal', `${refText(here.ref)} is not in the plan's inventory`);
    run.progress({ waitingFor: `${here.ref.kind} ${here.ref.name}, ${done} of ${total} applied` });
    const uid =
      entry.item.uid ??
      (await applyOne(deps, session, here, request.force ?? false, values, run, entry.item, deploymentIdOf(key)));
    done += 1;
    return entry.item.uid === undefined ? { index: entry.index, uid } : undefined;
  };
}

async function applyOne(
  deps: ActivityDeps,
  session: ClusterSession,
  { ref, object }: PlacedObject,
  force: boolean,
  values: Record<string, string>,
  run: StepRun,
  item: InventoryItem,
  deploymentId: string,
): Promise<string> {
  const name = `${run.context.step}.${ref.kind}.${ref.name}`;
  await deps.onMoment?.(name, 'before');
  const wanted = resolveTokens(object, values);
  const live = await applyTo(session, wanted).catch((error: unknown) => {
    throw namingObject(error, refText(ref));
  });
  await deps.onMoment?.(name, 'after');
  return live.metadata.uid ?? '';

  async function applyTo(cluster: ClusterSession, desired: KubeObject): Promise<KubeObject> {
    if (!item.existed) {
      const made = await cluster.applyNew(desired, { signal: run.signal });
      if (made) return made;
      // One that came between plan and apply is not ours to change; an earlier attempt's is.
      await refuseForeign(cluster, ref, run, deploymentId);
    }
    return cluster.apply(desired, { force, signal: run.signal });
  }
}

async function refuseForeign(
  session: ClusterSession,
  ref: PlacedObject['ref'],
  run: StepRun,
  deploymentId: string,
): Promise<void> {
  const live = await session.get(ref, { signal: run.signal });
  const ownership = live ? ownershipOf(live, deploymentId) : 'ours';
  if (ownership !== 'ours') throw notOwned([{ ref, ...ownership }]);
}
