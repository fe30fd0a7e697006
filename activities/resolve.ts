import type { DeploymentRecord, PlanSummary, RevisionKind, RevisionRecord, TemplatePin } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { isNamespace } from '../src/domain/reference.ts';
import type { Rendered } from '../src/domain/rendered.ts';
import type { Identity, InstallRecord } from '../src/domain/store.ts';
import { fits } from '../src/domain/versions.ts';
import { checkDeployable } from './check-deployable.ts';
import { deploymentIdOf, sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import type { Draft } from './render.ts';
import { createStep } from './step.ts';

interface Request {
  registry?: string;
  name?: string;
  range?: string;
  revision?: number;
  parameters?: Record<string, unknown>;
  secrets?: { name: string; parameters: string[] };
  owner?: string;
}

interface Input {
  key: DeploymentKey;
  kind: RevisionKind;
  request: Request;
  requester: Identity;
  /** A plan only looks: nobody is audited for it and nothing may be installed. */
  preview?: boolean;
}

/** What a change starts from. */
export interface Resolved {
  /** Number of the current revision; 0 for none. */
  base: number;
  /** The template where it is in the namespace, with what it needs. */
  template?: TemplatePin;
  templates: TemplatePin[];
  /** What must be installed first. */
  wanted?: { registry?: string; name: string; range?: string };
  /** Merged, without the secret ones. */
  parameters: Record<string, unknown>;
  /** Secret parameters that have a value once this is done; `given`: those this request brings. */
  secretNames: string[];
  given: string[];
  /** Secret with the values that stay. */
  values?: string;
  /** A rollback's second half starts from what was rendered then. */
  draft?: Draft;
  rollbackOf?: number;
  /** What people should know of the templates. */
  warnings?: string[];
  /** A dependency that is there and fits is taken as it is. */
  asItIs?: { revision: number; template: TemplatePin; plan: string; summary: PlanSummary };
}

const NOTHING: PlanSummary = { create: 0, update: 0, unchanged: 0, delete: 0 };

/** Finds out what the change starts from; takes the target's fence and writes the audit entry. */
export function createResolve(deps: ActivityDeps) {
  return createStep(deps, {
    takesFence: true,
    async run({ key, kind, request, requester, preview }: Input, { context }): Promise<Resolved> {
      sessionOf(deps, requester);
      if (!isNamespace(key.namespace))
        throw new ChandleryError('invalid_reference', `"${key.namespace}" is not a namespace name`);
      const [deployment, installs] = await Promise.all([
        deps.store.deployments.get(key),
        // A rollback goes by what was rendered then.
        kind === 'rollback' ? [] : deps.store.installs.list(key.cluster, key.namespace),
      ]);
      const resolved = await resolveChange(deps, key, kind, request, deployment, installs);
      // A rollback goes back to what ran, which must stay possible when something is wrong with what came after.
      const warnings = kind === 'rollback' ? [] : await checkDeployable(deps, requester, resolved.templates);
      if (!preview)
        await deps.store.audit.append({
          actor: requester.user,
          action: kind,
          object: context.target,
          outcome: 'allowed',
          operation: context.operation,
          detail: { template: resolved.template ?? resolved.wanted, base: resolved.base },
        });
      return { ...resolved, ...(warnings.length > 0 && { warnings }) };
    },
    describe: ({ warnings, ...resolved }) => ({ detail: describe(resolved), ...(warnings && { warnings }) }),
    /** What a replayed operation starts from is what is there now. */
    ensure: async (_resolved, _input, { context }) => context.keep === undefined,
  });
}

async function resolveChange(
  deps: ActivityDeps,
  key: DeploymentKey,
  kind: RevisionKind,
  request: Request,
  deployment: DeploymentRecord | undefined,
  installs: InstallRecord[],
): Promise<Resolved> {
  if (kind === 'deploy') return resolveDeploy(deps, key, request, deployment, installs);
  if (!deployment || deployment.revision === 0)
    throw new ChandleryError('deployment_not_found', `there is no deployment ${deploymentIdOf(key)}`);
  const current = await revisionOf(deps, key, deployment.revision);
  return kind === 'upgrade'
    ? resolveUpgrade(deps, request, deployment, current, installs)
    : resolveRollback(deps, key, request, current);
}

async function resolveDeploy(
  deps: ActivityDeps,
  key: DeploymentKey,
  request: Request,
  deployment: DeploymentRecord | undefined,
  installs: InstallRecord[],
): Promise<Resolved> {
  const { name = '', registry, range } = request;
  const given = request.secrets?.parameters ?? [];
  const start = { base: 0, templates: [], parameters: request.parameters ?? {}, secretNames: given, given };
  if (deployment && deployment.revision > 0) {
    const { template, revision, state } = deployment;
    const serves = request.owner !== undefined && template.name === name && state === 'ready' && fits(template.version, range);
    if (!serves)
      throw new ChandleryError(
        'deployment_exists',
        `${deploymentIdOf(key)} exists: ${template.name} ${template.version}, ${state}`,
      );
    const { plan } = await revisionOf(deps, key, revision);
    return { ...start, asItIs: { revision, template, plan, summary: NOTHING } };
  }
  return {
    ...start,
    ...templateOf(installs, {
      name,
      ...(registry !== undefined && { registry }),
      ...(range !== undefined && { range }),
    }),
  };
}

async function resolveUpgrade(
  deps: ActivityDeps,
  request: Request,
  deployment: DeploymentRecord,
  current: RevisionRecord,
  installs: InstallRecord[],
): Promise<Resolved> {
  const given = request.secrets?.parameters ?? [];
  const rendered = (await deps.store.documents.get('rendered', current.rendered)) as Rendered | undefined;
  const before = (rendered?.secrets ?? []).filter((secret) => secret.present && secret.generated === undefined);
  const { registry, name } = deployment.template;
  return {
    base: current.number,
    parameters: merge(current.parameters, request.parameters ?? {}),
    secretNames: [...new Set([...before.map((secret) => secret.name), ...given])].sort(),
    given,
    ...(current.values && { values: current.values.name }),
    ...(request.range === undefined
      ? { template: current.template, templates: withDependencies(installs, current.template) }
      : templateOf(installs, { registry, name, range: request.range })),
  };
}

async function resolveRollback(
  deps: ActivityDeps,
  key: DeploymentKey,
  request: Request,
  current: RevisionRecord,
): Promise<Resolved> {
  const to =
    request.revision === undefined
      ? (await deps.store.deployments.revisions(key)).find((revision) => revision.state === 'superseded')
      : await deps.store.deployments.revision(key, request.revision);
  const could = to && (to.state === 'superseded' || to.state === 'current');
  if (!could)
    throw new ChandleryError(
      'revision_not_found',
      `${deploymentIdOf(key)} has no revision ${request.revision ?? 'before this one'} to go back to`,
    );
  const { template, parameters, rendered } = to;
  return {
    base: current.number,
    template,
    templates: [],
    parameters,
    secretNames: [],
    given: [],
    ...(to.values && { values: to.values.name }),
    draft: { template, parameters, rendered, dependencies: [] },
    rollbackOf: to.number,
  };
}

/** The template where it is installed and fits; else what must be installed. */
function templateOf(installs: InstallRecord[], wanted: { registry?: string; name: string; range?: string }) {
  const install = installs.find(({ name }) => name === wanted.name);
  const there =
    install && (wanted.registry === undefined || wanted.registry === install.registry) && fits(install.version, wanted.range);
  if (!there) return { wanted, templates: [] };
  const template = pinOf(install);
  return { template, templates: withDependencies(installs, template) };
}

/** The template and everything it needs, as the namespace has it. */
function withDependencies(list: InstallRecord[], root: TemplatePin): TemplatePin[] {
  const installs = new Map(list.map((install) => [install.name, install]));
  const found = new Map<string, TemplatePin>([[root.name, root]]);
  const waiting = [root.name];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    for (const dependency of installs.get(name)?.dependencies ?? []) {
      const install = installs.get(dependency.name);
      if (!install || found.has(dependency.name)) continue;
      found.set(dependency.name, pinOf(install));
      waiting.push(dependency.name);
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function pinOf({ registry, name, version, digest }: InstallRecord): TemplatePin {
  return { registry, name, version, digest };
}

/** A member that is null is taken away. */
function merge(present: Record<string, unknown>, change: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...present, ...change }).filter(([, value]) => value !== null));
}

async function revisionOf(deps: ActivityDeps, key: DeploymentKey, number: number): Promise<RevisionRecord> {
  const revision = await deps.store.deployments.revision(key, number);
  if (!revision) throw new ChandleryError('revision_not_found', `${deploymentIdOf(key)} has no revision ${number}`);
  return revision;
}

function describe({ asItIs, wanted, template, rollbackOf, base }: Resolved): string {
  if (asItIs) return `${asItIs.template.name} ${asItIs.template.version} is deployed already`;
  if (wanted) return `${wanted.name}${wanted.range ? ` ${wanted.range}` : ''} is not installed yet`;
  const from = base === 0 ? 'the first revision' : `from revision ${base}`;
  return rollbackOf === undefined ? `${template?.name} ${template?.version}, ${from}` : `back to revision ${rollbackOf}, ${from}`;
}
