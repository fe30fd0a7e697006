import type {
  Plan,
  PlannedDependency,
  PlanSummary,
  RevisionKind,
  RevisionRecord,
  TemplatePin,
} from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { staleness } from '../src/domain/plan/staleness.ts';
import type { Identity } from '../src/domain/store.ts';
import { makePlan } from './cluster/make-plan.ts';
import { sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import type { Draft, DraftDependency } from './render.ts';
import type { Resolved } from './resolve.ts';
import { createStep } from './step.ts';

interface Input {
  key: DeploymentKey;
  kind: RevisionKind;
  request: { plan?: string; force?: boolean; secrets?: { name: string; parameters: string[] } };
  requester: Identity;
  resolved: Resolved;
  draft: Draft;
  preview?: boolean;
}

export interface Planned {
  plan: string;
  summary: PlanSummary;
  dependencies: PlannedDependency[];
  /** True when everything is as asked already. */
  nothingToDo: boolean;
}

/** Asks the cluster what applying would do, object by object, and writes it down under its digest. A run must come out as the plan it was given. */
export function createPlan(deps: ActivityDeps) {
  return createStep(deps, {
    async run(input: Input, { signal }): Promise<Planned> {
      const { key, kind, request, requester, resolved, draft } = input;
      const session = sessionOf(deps, requester);
      const base = resolved.base === 0 ? undefined : await deps.store.deployments.revision(key, resolved.base);
      const common = { session, deps, force: request.force ?? false, signal };
      const dependencies = await Promise.all(draft.dependencies.map((dependency) => planDependency(common, key, dependency)));
      const plan = await makePlan(common, {
        key,
        kind,
        template: draft.template,
        parameters: draft.parameters,
        given: resolved.given,
        rendered: draft.rendered,
        dependencies,
        ...(base && { base }),
        ...(resolved.values !== undefined && { values: resolved.values }),
        ...(resolved.rollbackOf !== undefined && { rollbackOf: resolved.rollbackOf }),
      });
      if (request.plan !== undefined && request.plan !== plan.digest) throw await stale(deps, request.plan, plan);
      await deps.store.documents.put('plan', plan, plan.digest);
      return { plan: plan.digest, summary: plan.summary, dependencies, nothingToDo: isAsItWas(plan, base) };
    },
    describe: ({ summary }) => ({
      detail: `${summary.create} to create, ${summary.update} to update, ${summary.unchanged} unchanged, ${summary.delete} to delete`,
    }),
    ensure: async (_planned, _input, { context }) => context.keep === undefined,
  });
}

type Common = Parameters<typeof makePlan>[0];

async function planDependency(common: Common, key: DeploymentKey, dependency: DraftDependency): Promise<PlannedDependency> {
  const { rendered, pin, ...planned } = dependency;
  if (rendered === undefined || pin === undefined) return planned;
  const parameters = dependency.parameters ?? {};
  const plan = await makePlan(common, {
    key: { ...key, namespace: dependency.namespace, name: dependency.name },
    kind: 'deploy',
    template: pin,
    parameters,
    given: [],
    rendered,
    dependencies: [],
  });
  await common.deps.store.documents.put('plan', plan, plan.digest);
  return { ...planned, pin, plan: plan.digest };
}

async function stale(deps: ActivityDeps, digest: string, now: Plan): Promise<ChandleryError> {
  const then = (await deps.store.documents.get('plan', digest)) as Plan | undefined;
  if (!then) return new ChandleryError('plan_not_found', `there is no plan ${digest}`);
  const changes = staleness(then, now);
  const words = changes.slice(0, 3).map(({ what, was, is }) => `${what} was ${was} and is ${is}`);
  return new ChandleryError(
    'plan_stale',
    `the plan does not hold any more: ${words.join('; ') || 'it comes out differently now'}`,
    { changes },
  );
}

/** Nothing differs from the revision that runs, and that one got ready. */
function isAsItWas(plan: Plan, base: RevisionRecord | undefined): boolean {
  if (base?.state !== 'current') return false;
  const { create, update, delete: gone } = plan.summary;
  const sameObjects = create + update + gone === 0 && plan.rendered === base.rendered;
  return sameObjects && samePin(plan.template, base.template) && plan.secretParameters.length === 0 && sameParameters(plan, base);
}

function samePin(a: TemplatePin, b: TemplatePin): boolean {
  return a.digest === b.digest && a.registry === b.registry;
}

function sameParameters(plan: Plan, base: RevisionRecord): boolean {
  return JSON.stringify(plan.parameters) === JSON.stringify(base.parameters);
}
