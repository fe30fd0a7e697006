import type { OperationsClient } from '../client/index.ts';
import type { DeploymentRecord, Plan } from '../domain/deployment.ts';
import type { DocumentStore } from '../domain/deployment-store.ts';
import { isDigest } from '../domain/digest.ts';
import { ChandleryError } from '../domain/errors.ts';
import { parameterFailure } from '../domain/parameters/failure.ts';
import type { ParameterValues } from '../domain/parameters/index.ts';
import { checkParameters, secretParameters as secretNamesOf } from '../domain/parameters/index.ts';
import type { Store } from '../domain/store.ts';
import type { DeployRequest, Prepared, UpgradeRequest } from './change-requests.ts';
import { checkSecretForms } from './change-requests.ts';
import type { TemplateSource } from './template-choice.ts';
import { chooseTemplate } from './template-choice.ts';

/** From a plan that was looked at to the operation that carries it out. */

type RollbackRequest = Parameters<OperationsClient['rollback']>[0]['request'];

export interface PlanContext {
  source: TemplateSource;
  store: Pick<Store, 'deployments'>;
}

/** Fails with plan_not_found. */
export async function readPlan(documents: DocumentStore, digest: string): Promise<Plan> {
  const plan = isDigest(digest) ? await documents.get('plan', digest) : undefined;
  if (plan !== undefined && plan !== null) return plan as Plan;
  throw new ChandleryError('plan_not_found', `there is no plan ${digest.slice(0, 100)}`);
}

/** A first deployment, as planned. Fails with parameter_invalid for secret values that are missing or do not fit. */
export async function deployAsPlanned(
  context: PlanContext,
  plan: Plan,
  given: ParameterValues,
): Promise<Prepared<DeployRequest>> {
  const { registry, name, version } = plan.template;
  await checkSecrets(context, plan, given);
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
  const current = await context.store.deployments.revision(deployment, plan.base);
  await checkSecrets(context, plan, given);
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
  throw new ChandleryError(
    'plan_stale',
    `the plan starts from revision ${base} of ${name}, which is at revision ${revision} now`,
    {
      changes: [{ what: 'revision', was: String(base), is: String(revision) }],
    },
  );
}

function refuseUnplanned(planned: readonly string[], given: ParameterValues): void {
  const unplanned = Object.keys(given).filter((name) => !planned.includes(name));
  if (unplanned.length === 0) return;
  throw new ChandleryError('invalid_request', `the plan was made without ${unplanned.join(', ')}`, {
    issues: unplanned.map((name) => ({ path: `body/secrets/${name}`, message: 'is not a secret parameter of this plan' })),
  });
}

/** A plan knows the secret parameters that it was asked for with by name only: their values come again with the request. */
async function checkSecrets({ source }: PlanContext, plan: Plan, given: ParameterValues): Promise<void> {
  const { template, parameters, secretParameters, namespace } = plan;
  refuseUnplanned(secretParameters, given);
  const missing = secretParameters.filter((name) => !Object.hasOwn(given, name));
  if (missing.length > 0)
    throw parameterFailure(
      missing.map((name) => ({
        path: `/${name}`,
        message: 'is secret, so the plan has only its name: give its value in `secrets`',
      })),
    );
  if (secretParameters.length === 0) return;
  const { registry, name, version } = template;
  const { manifest } = await chooseTemplate(source, namespace, { registry, name, range: version });
  const schema = manifest.spec.parameters;
  // What an upgrade keeps was checked when it was given; here only what is given now counts.
  const others = secretNamesOf(schema).filter((secret) => !Object.hasOwn(given, secret));
  checkParameters({
    schema,
    plain: parameters,
    secret: given,
    secretNames: plan.base > 0 ? others : [],
    template: `${name}@${version}`,
  });
  checkSecretForms(schema, given);
}
