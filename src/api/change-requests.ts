import type { OperationsClient } from '../client/index.ts';
import type { DeploymentRecord, RevisionRecord } from '../domain/deployment.ts';
import { nameOfImage } from '../domain/deployment-name.ts';
import { ChandleryError } from '../domain/errors.ts';
import { describeSecrets } from '../domain/parameters/describe-secrets.ts';
import { parameterFailure } from '../domain/parameters/failure.ts';
import type { ParameterSchema, ParameterValues } from '../domain/parameters/index.ts';
import { checkParameters, secretEntries, splitParameters } from '../domain/parameters/index.ts';
import { declaredParameters } from '../domain/parameters/schema.ts';
import type { TemplateReference } from '../domain/reference.ts';
import { parseReference } from '../domain/reference.ts';
import type { Rendered } from '../domain/rendered.ts';
import type { Store } from '../domain/store.ts';
import type { NewDeployment } from './schemas/changes.ts';
import type { ChosenTemplate, TemplateSource } from './template-choice.ts';
import { chooseTemplate } from './template-choice.ts';

/** From what a request says to what an operation is started with: everything is checked here, before anything starts. */

export type DeployRequest = Parameters<OperationsClient['deploy']>[0]['request'];
export type UpgradeRequest = Parameters<OperationsClient['upgrade']>[0]['request'];

/** A request without its secret values, and the values: they go into the cluster and nowhere else. */
export interface Prepared<Request> {
  request: Request;
  secret: ParameterValues;
}

/** What `image` stands for. */
const IMAGE_TEMPLATE = 'web-app';

/** The deployment's name and template, and the parameters apart. Fails with parameter_invalid and as chooseTemplate does. */
export async function prepareDeploy(
  source: TemplateSource,
  namespace: string,
  body: NewDeployment,
): Promise<Prepared<DeployRequest> & { name: string }> {
  const chosen = await chooseTemplate(source, namespace, referenceOf(source, body));
  const name = body.name ?? (body.image === undefined ? undefined : nameOfImage(body.image)) ?? chosen.name;
  return { name, ...prepared(chosen, shorthands(chosen, body), body.acceptUnsigned) };
}

/** The same for a reference that an earlier request has chosen already. */
export async function prepareAgain(
  source: TemplateSource,
  namespace: string,
  reference: TemplateReference,
  parameters: ParameterValues,
): Promise<Prepared<DeployRequest>> {
  return prepared(await chooseTemplate(source, namespace, reference), parameters, undefined);
}

function prepared(chosen: ChosenTemplate, given: ParameterValues, acceptUnsigned: boolean | undefined): Prepared<DeployRequest> {
  const { plain, secret } = checked(chosen, given);
  return {
    secret,
    request: {
      registry: chosen.registry,
      name: chosen.name,
      range: chosen.version,
      ...(acceptUnsigned !== undefined && { acceptUnsigned }),
      ...(Object.keys(plain).length > 0 && { parameters: plain }),
    },
  };
}

function referenceOf({ registries }: TemplateSource, { ref, image }: NewDeployment) {
  if (ref !== undefined) return parseReference(ref);
  if (image === undefined || registries.local === undefined)
    throw new ChandleryError('template_not_found', `this server has no templates of its own, so no ${IMAGE_TEMPLATE}`);
  return { registry: registries.local.name, name: IMAGE_TEMPLATE };
}

/** `image`, `size`, `spot` and `owner` are parameters like others, under names that every template may have. */
function shorthands({ name, manifest }: ChosenTemplate, body: NewDeployment): ParameterValues {
  const { image, size, spot, owner, parameters = {} } = body;
  const given = Object.entries({ image, size, spot, owner }).filter(([, value]) => value !== undefined);
  const declared = declaredParameters(manifest.spec.parameters);
  const issues = given.flatMap(([key]) => {
    if (!Object.hasOwn(declared, key)) return [{ path: `/${key}`, message: `template ${name} has no parameter ${key}` }];
    return Object.hasOwn(parameters, key) ? [{ path: `/${key}`, message: 'is given twice' }] : [];
  });
  if (issues.length > 0) throw parameterFailure(issues);
  return { ...parameters, ...Object.fromEntries(given) };
}

function checked(chosen: ChosenTemplate, given: ParameterValues) {
  const schema = chosen.manifest.spec.parameters;
  const apart = splitParameters(schema, given);
  checkParameters({ schema, ...apart, secretNames: Object.keys(apart.secret), template: templateText(chosen) });
  checkSecretForms(schema, apart.secret);
  return apart;
}

function templateText({ name, version }: ChosenTemplate): string {
  return `${name}@${version}`;
}

/** Fails with parameter_invalid, without showing a value, where a certificate is none. */
export function checkSecretForms(schema: ParameterSchema, secret: ParameterValues): void {
  for (const parameter of describeSecrets(schema, Object.keys(secret)))
    if (Object.hasOwn(secret, parameter.name)) secretEntries(parameter, secret[parameter.name]);
}

/** What an upgrade builds on. */
export interface UpgradeBase {
  source: TemplateSource;
  store: Pick<Store, 'deployments' | 'documents'>;
  deployment: DeploymentRecord;
}

/** Checks the parameters as they will be: those of the current revision with the given ones over them. Fails with parameter_invalid. */
export async function prepareUpgrade(
  base: UpgradeBase,
  body: { version?: string | undefined; parameters?: ParameterValues | undefined; acceptUnsigned?: boolean | undefined },
): Promise<Prepared<UpgradeRequest>> {
  const { deployment } = base;
  const { registry, name, version: present } = deployment.template;
  const range = body.version ?? present;
  const chosen = await chooseTemplate(base.source, deployment.namespace, { registry, name, range });
  const schema = chosen.manifest.spec.parameters;
  const current = await currentRevision(base);
  const given = splitParameters(schema, body.parameters ?? {});
  refuseTakenAway(given.secret);
  const merged = splitParameters(schema, withoutNull({ ...current.parameters, ...given.plain }));
  const secret = { ...merged.secret, ...given.secret };
  const secretNames = [...(await keptSecrets(base, current)), ...Object.keys(secret)];
  checkParameters({ schema, plain: merged.plain, secret, secretNames, template: templateText(chosen) });
  checkSecretForms(schema, given.secret);
  return {
    secret: given.secret,
    request: {
      ...(body.version !== undefined && { range: chosen.version }),
      ...(body.acceptUnsigned !== undefined && { acceptUnsigned: body.acceptUnsigned }),
      ...(Object.keys(given.plain).length > 0 && { parameters: given.plain }),
    },
  };
}

async function currentRevision({ store, deployment }: UpgradeBase): Promise<RevisionRecord> {
  const current = deployment.revision === 0 ? undefined : await store.deployments.revision(deployment, deployment.revision);
  if (current) return current;
  throw new ChandleryError('target_busy', `the first revision of ${deployment.name} is still on its way`, {
    operation: deployment.operation,
  });
}

function refuseTakenAway(secret: ParameterValues): void {
  const issues = Object.entries(secret)
    .filter(([, value]) => value === null)
    .map(([name]) => ({ path: `/${name}`, message: 'is secret: it can be given another value, not be taken away' }));
  if (issues.length > 0) throw parameterFailure(issues);
}

function withoutNull(values: ParameterValues): ParameterValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

/** Names of the secret parameters that a revision was given values for; the cluster keeps them. */
async function keptSecrets({ store }: Pick<UpgradeBase, 'store'>, { rendered }: RevisionRecord): Promise<string[]> {
  const { secrets = [] } = ((await store.documents.get('rendered', rendered)) ?? {}) as Partial<Rendered>;
  return secrets.filter((secret) => secret.present && secret.generated === undefined).map(({ name }) => name);
}
