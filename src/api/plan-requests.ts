import type { OperationsClient } from '../client/index.ts';
import type { ClusterSession } from '../domain/cluster.ts';
import type { DeploymentRecord, Plan } from '../domain/deployment.ts';
import type { DeploymentStore, DocumentStore } from '../domain/deployment-store.ts';
import { isDigest } from '../domain/digest.ts';
import { ChandleryError } from '../domain/errors.ts';
import { checkParameters } from '../domain/parameters/check.ts';
import { parameterFailure } from '../domain/parameters/failure.ts';
import type { ParameterValues } from '../domain/parameters/schema.ts';
import type { DeployRequest, Prepared, UpgradeRequest } from './change-requests.ts';
import { checkSecretForms, keptSecrets } from './change-requests.ts';
import type { TemplateSource } from './template-choice.ts';
import { chooseTemplate } from './template-choice.ts';

/** From a plan that was looked at to the operation that carries it out. */

type RollbackRequest = Parameters<OperationsClient['rollback']>[0]['request'];

export interface PlanContext {
  source: TemplateSource;
  deployments: Pick<DeploymentStore, 'revision'>;
  session: ClusterSession;
}

/** Fails with plan_not_found. */
export async function readPlan(documents: DocumentStore, digest: string): Promise<Plan> {
  const plan = isDigest(digest) ? await documents.get('plan', digest) : undefined;
  if (plan !== undefined && plan !== null) return plan as Plan;
  throw new ChandleryError('plan_not_found', `there is no plan ${digest.slice(0, 100)}`);
}

/** A first deployment, as planned. Fails with parameter_invalid for secret values that are missing or do not fit. */
export async function deployAsPlanned(context: PlanContext, plan: Plan, given: ParameterValues): Promise<Prepared<DeployRequest>> {
  const { registry, name, version } = plan.template;
  await checkSecrets(context, plan, given, undefined);
  return {
    secret: given,
    request: { registry, name, range: version, plan: plan.digest, ...plainOf(plan.parameters) },
  };
}

/** An upgrade, as planned. Fails also with plan_stale when another revision has become the current one. */
export async function upgradeAsPlanned(
  context: PlanContext,
  plan: Plan,
  deployment: DeploymentRecord,
  given: ParameterValues,
): Promise<Prepared<UpgradeRequest>> {
  refuseStale(plan, deployment);
  const current = await context.deployments.revision(deployment, plan.base);
  await checkSecrets(context, plan, given, current && { deployment, revision: current });
  // The plan holds the merged parameters: what it does not have any more has to be taken away by name.
  const gone = Object.keys(current?.parameters ?? {}).filter((name) => !Object.hasOwn(plan.parameters, name));
  const parameters = { ...plan.parameters, ...Object.fromEntries(gone.map((name) => [name, null])) };
  return { secret: given, request: { range: plan.template.version, plan: plan.digest, ...plainOf(parameters) } };
}

/** A rollback, as planned: the values of that revision are kept in the cluster. */
export function rollbackAsPlanned(plan: Plan, deployment: DeploymentRecord, given: ParameterValues): RollbackRequest {
  refuseStale(plan, deployment);
  refuseUnplanned([], given);
  return { plan: plan.digest, ...(plan.rollbackOf !== undefined && { revision: plan.rollbackOf }) };
}

function plainOf(parameters: ParameterValues) {
  return Object.keys(parameters).length > 0 ? { parameters } : {};
}

function refuseStale({ base, name }: Plan, { revision }: DeploymentRecord): void {
  if (base === revision) return;
  throw new ChandleryError('plan_stale', `the plan starts from revision ${base} of ${name}, which is at revision ${revision} now`, {
    changes: [{ what: 'revision', was: String(base), is: String(revision) }],
  });
}

function refuseUnplanned(planned: readonly string[], given: ParameterValues): void {
  const unplanned = Object.keys(given).filter((name) => !planned.includes(name));
  if (unplanned.length === 0) return;
  throw new ChandleryError('invalid_request', `the plan was made without ${unplanned.join(', ')}`, {
    issues: unplanned.map((name) => ({ path: `body/secrets/${name}`, message: 'is not a secret parameter of this plan' })),
  });
}

/** A plan knows its secret parameters by name: their values come again with the request, unless the current revision keeps them. */
async function checkSecrets(
  { source, session }: PlanContext,
  plan: Plan,
  given: ParameterValues,
  before: { deployment: DeploymentRecord; revision: Parameters<typeof keptSecrets>[2] } | undefined,
): Promise<void> {
  const planned = plan.secretParameters.filter((name) => !plan.generated.includes(name) || Object.hasOwn(given, name));
  refuseUnplanned(planned, given);
  if (planned.length === 0) return;
  const { registry, name, version } = plan.template;
  const { manifest } = await chooseTemplate(source, plan.namespace, { registry, name, range: version });
  const schema = manifest.spec.parameters;
  const kept = before ? await keptSecrets(session, before.deployment, before.revision, schema) : [];
  const missing = planned.filter((secret) => !Object.hasOwn(given, secret) && !kept.includes(secret));
  if (missing.length > 0)
    throw parameterFailure(
      missing.map((secret) => ({ path: `/${secret}`, message: 'is secret, so the plan has only its name: give its value again' })),
    );
  checkParameters({ schema, plain: plan.parameters, secret: given, secretNames: planned, template: `${name}@${version}` });
  checkSecretForms(schema, given);
}
