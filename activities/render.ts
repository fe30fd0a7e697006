import type { ClusterSession } from '../src/domain/cluster.ts';
import type { DeploymentRecord, TemplatePin } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { checkImmutable } from '../src/domain/parameters/index.ts';
import { renderTemplate } from '../src/domain/render/index.ts';
import type { Rendered } from '../src/domain/rendered.ts';
import type { Identity } from '../src/domain/store.ts';
import type { TemplateDependency, TemplateManifest } from '../src/domain/template.ts';
import { fits } from '../src/domain/versions.ts';
import { checkImages } from './check-images.ts';
import { checkFit } from './cluster/fit.ts';
import { sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import type { Resolved } from './resolve.ts';
import { createStep } from './step.ts';
import { contentOf, manifestOf } from './template-source.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
  resolved: Resolved;
  /** Where the template was installed or fetched for this: what was locked. */
  templates?: TemplatePin[];
}

export interface DraftDependency {
  template: string;
  range: string;
  namespace: string;
  name: string;
  action: 'shared' | 'deploy';
  /** False for one that only another dependency needs. */
  direct: boolean;
  pin?: TemplatePin;
  rendered?: string;
  parameters?: Record<string, unknown>;
  after?: string[];
}

/** What is to be, before the cluster was asked. Rendered objects are documents of the store. */
export interface Draft {
  template: TemplatePin;
  parameters: Record<string, unknown>;
  rendered: string;
  dependencies: DraftDependency[];
}

/** As many as a deployment may need, with all that those need. */
const MAX_DEPENDENCIES = 100;
/** Deployments of one template that are looked through for one to share. */
const MAX_CANDIDATES = 200;

/** Turns the template and its parameters into objects, and those of each dependency that is not there yet. */
export function createRender(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ key, requester, resolved, templates }: Input, { signal }): Promise<Draft> {
      const session = sessionOf(deps, requester);
      const asker = { requester, signal };
      const pins = templates ?? resolved.templates;
      const template = resolved.template ?? pins.find((pin) => pin.name === resolved.wanted?.name);
      if (!template) throw new ChandleryError('internal', 'the template was installed and is not in its own lock');
      const { registry, name, version, digest } = template;
      const pin = { registry, name, version, digest };
      const manifest = await manifestOf(deps, key, pin);
      if (resolved.base > 0) await guardImmutable(deps, key, pin, manifest, resolved);
      const [rendered, dependencies] = await Promise.all([
        renderOne(deps, key, pin, manifest, resolved, asker),
        collectDependencies(deps, key, manifest, pins, asker, session),
        checkFit(deps, session, manifest, signal),
      ]);
      return { template: pin, parameters: resolved.parameters, rendered, dependencies };
    },
    describe: (draft) => ({
      detail: `${draft.template.name} ${draft.template.version}${missing(draft.dependencies)}`,
    }),
    ensure: async (_draft, _input, { context }) => context.keep === undefined,
  });
}

/** For whom it is rendered. */
interface Asker {
  requester: Identity;
  signal: AbortSignal;
}

async function guardImmutable(
  deps: ActivityDeps,
  key: DeploymentKey,
  pin: TemplatePin,
  manifest: TemplateManifest,
  resolved: Resolved,
): Promise<void> {
  const current = await deps.store.deployments.revision(key, resolved.base);
  if (!current) return;
  const rendered = (await deps.store.documents.get('rendered', current.rendered)) as Rendered | undefined;
  const before = samePin(current.template, pin) ? manifest : await manifestOf(deps, key, current.template);
  checkImmutable(manifest.spec.parameters ?? {}, {
    before: current.parameters,
    after: resolved.parameters,
    newSecrets: resolved.given,
    oldSecrets: (rendered?.secrets ?? []).filter((secret) => secret.present).map(({ name }) => name),
    schemaBefore: before.spec.parameters ?? {},
    template: `${manifest.metadata.name}@${manifest.metadata.version}`,
  });
}

function samePin(a: TemplatePin, b: TemplatePin): boolean {
  return a.digest === b.digest && a.registry === b.registry;
}

async function renderOne(
  deps: ActivityDeps,
  key: DeploymentKey,
  pin: TemplatePin,
  manifest: TemplateManifest,
  { parameters, secretNames }: Pick<Resolved, 'parameters' | 'secretNames'>,
  asker: Asker,
): Promise<string> {
  const files = await contentOf(deps, pin, manifest, asker.signal);
  const rendered: Rendered = renderTemplate({ manifest, files, deployment: key, parameters, secretNames });
  await checkImages(deps, asker, pin, rendered.images);
  return deps.store.documents.put('rendered', rendered);
}

/** The missing ones with all that those need, each after what it needs itself. */
async function collectDependencies(
  deps: ActivityDeps,
  key: DeploymentKey,
  manifest: TemplateManifest,
  pins: TemplatePin[],
  asker: Asker,
  session: ClusterSession,
): Promise<DraftDependency[]> {
  const found = new Map<string, DraftDependency>();
  const visit = async (parent: TemplateManifest, direct: boolean): Promise<string[]> => {
    const names: string[] = [];
    for (const dependency of parent.spec.dependencies ?? []) {
      const pin = pins.find((candidate) => candidate.name === dependency.name);
      const known = found.get(dependency.name);
      if (known) {
        known.direct ||= direct;
        names.push(known.name);
        continue;
      }
      const shared = await sharedDeployment(deps, key, dependency);
      // One that is optional and was left out of the lock is not wanted.
      if (!shared && !pin && dependency.optional) continue;
      if (found.size >= MAX_DEPENDENCIES)
        throw new ChandleryError('template_invalid', `it needs more than ${MAX_DEPENDENCIES} other deployments`);
      const common = { template: dependency.name, range: dependency.version, direct };
      if (shared) {
        found.set(dependency.name, { ...common, namespace: shared.namespace, name: shared.name, action: 'shared' });
        names.push(shared.name);
        continue;
      }
      const entry = await missingDependency(deps, key, dependency, pin, asker);
      await checkFit(deps, session, entry.manifest, asker.signal);
      const after = await visit(entry.manifest, false);
      found.set(dependency.name, { ...common, ...entry.draft, action: 'deploy', ...(after.length > 0 && { after }) });
      names.push(entry.draft.name);
    }
    return names;
  };
  await visit(manifest, true);
  return [...found.values()];
}

/** One that runs, fits and is in scope; the oldest of several, by name. Fails with dependency_conflict when its name is taken by an unfit one. */
async function sharedDeployment(
  deps: ActivityDeps,
  key: DeploymentKey,
  dependency: TemplateDependency,
): Promise<DeploymentRecord | undefined> {
  const scope = dependency.scope === 'cluster' ? {} : { namespace: key.namespace };
  const candidates = await deps.store.deployments.list({
    cluster: key.cluster,
    ...scope,
    template: dependency.name,
    limit: MAX_CANDIDATES,
  });
  const fitting = candidates.filter(
    ({ state, revision, template, name }) =>
      state === 'ready' && revision > 0 && name !== key.name && fits(template.version, dependency.version),
  );
  const home = fitting.find((candidate) => candidate.namespace === key.namespace);
  return home ?? fitting[0];
}

async function missingDependency(
  deps: ActivityDeps,
  key: DeploymentKey,
  dependency: TemplateDependency,
  pin: TemplatePin | undefined,
  asker: Asker,
) {
  const { name } = dependency;
  if (!pin)
    throw new ChandleryError(
      'dependency_missing',
      `${name} ${dependency.version} is neither deployed nor installed in ${key.namespace}`,
      { template: name },
    );
  const taken = await deps.store.deployments.get({ ...key, name });
  if (taken)
    throw new ChandleryError(
      'dependency_conflict',
      `it needs ${name} ${dependency.version}; the deployment ${name} is ${taken.template.name} ${taken.template.version}, ${taken.state}`,
      { template: name },
    );
  const manifest = await manifestOf(deps, key, pin);
  const parameters = dependency.parameters ?? {};
  const { registry, version, digest } = pin;
  const rendered = await renderOne(deps, { ...key, name }, pin, manifest, { parameters, secretNames: [] }, asker);
  const draft = { namespace: key.namespace, name, pin: { registry, name, version, digest }, rendered, parameters };
  return { manifest, draft };
}

function missing(dependencies: DraftDependency[]): string {
  const names = dependencies.filter((dependency) => dependency.action === 'deploy').map(({ name }) => name);
  return names.length > 0 ? `, and ${names.join(', ')} for it` : '';
}
