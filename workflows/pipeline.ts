import type { DeploymentDependency, PlannedDependency, RevisionKind } from '../src/domain/deployment.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import type { ChangeRequest, DeployInput, DeployResult, RollbackInput, UpgradeInput } from './messages.ts';
import type { Operation } from './operation.ts';

type ChangeInput = DeployInput | UpgradeInput | RollbackInput;

/** Seconds until everything must be ready, unless the request says otherwise; Helm's own default. */
const READY_SECONDS = 300;

/** The one pipeline of deploy, upgrade and rollback (DESIGN section 13). */
export function changeDeployment(operation: Operation, kind: RevisionKind, input: ChangeInput): Promise<DeployResult> {
  const { target, requester } = input;
  const request: ChangeRequest = input.request;
  const key: DeploymentKey = { cluster: target.cluster, namespace: target.namespace, name: target.name };
  return operation.run(async () => {
    const resolved = await operation.step('resolve', 'resolve', { key, kind, request, requester }, forgetSecrets(key, input));
    if (resolved.asItIs) return { deployment: deploymentId(key), changed: false, ...resolved.asItIs };
    const { wanted } = resolved;
    const installed = wanted && (await operation.child('install', installOf(input, wanted)));
    const draft =
      resolved.draft ??
      (await operation.step('render', 'render', {
        key,
        requester,
        resolved,
        ...(installed && { templates: installed.lock.templates }),
      }));
    const plan = await operation.step('plan', 'plan', { key, kind, request, requester, resolved, draft });
    if (plan.nothingToDo)
      return {
        deployment: deploymentId(key),
        changed: false,
        revision: resolved.base,
        template: draft.template,
        plan: plan.plan,
        summary: plan.summary,
      };
    const dependencies = await deployDependencies(operation, input, plan.dependencies);
    const common = { key, requester, plan: plan.plan, request };
    const undoInput = { key, requester, keepFailed: request.keepFailed ?? false };
    const applied = await operation.step(
      'apply',
      'apply',
      { ...common, resolved, dependencies },
      { undo: 'undoApply', undoInput },
    );
    const readyBy = Date.now() + 1_000 * (request.readySeconds ?? READY_SECONDS);
    await operation.step('wait-ready', 'waitReady', { ...common, readyBy });
    if (plan.summary.delete > 0) await operation.step('prune', 'prune', { ...common, revision: applied.revision });
    await operation.step('record', 'record', { ...common, revision: applied.revision, dependencies });
    return {
      deployment: deploymentId(key),
      changed: true,
      revision: applied.revision,
      template: draft.template,
      plan: plan.plan,
      summary: plan.summary,
    };
  });
}

function deploymentId({ cluster, namespace, name }: DeploymentKey): string {
  return `${cluster}.${namespace}.${name}`;
}

/** Secret inputs are gone when the operation ends, however it ends. */
function forgetSecrets(key: DeploymentKey, { request, requester }: ChangeInput) {
  if (!('secrets' in request) || request.secrets === undefined) return {};
  return { undo: 'undoResolve' as const, undoInput: { key, requester, secrets: request.secrets } };
}

function installOf(
  { target, requester, limits, request }: ChangeInput,
  wanted: { registry?: string; name: string; range?: string },
) {
  const acceptUnsigned = 'acceptUnsigned' in request ? request.acceptUnsigned : undefined;
  return {
    kind: 'install' as const,
    input: {
      target: { ...target, kind: 'install' as const, name: wanted.name },
      requester,
      limits,
      request: { ...wanted, ...(acceptUnsigned !== undefined && { acceptUnsigned }) },
    },
  };
}

/** Those that are missing, in the plan's order, side by side where none waits for another. Answers what the deployment then stands on. */
async function deployDependencies(
  operation: Operation,
  input: ChangeInput,
  dependencies: PlannedDependency[],
): Promise<DeploymentDependency[]> {
  const owned = new Map<string, boolean>();
  const waiting = new Set(dependencies.filter((dependency) => dependency.action === 'deploy'));
  while (waiting.size > 0) {
    const names = new Set([...waiting].map(({ name }) => name));
    const next = [...waiting].filter((dependency) => !(dependency.after ?? []).some((name) => names.has(name)));
    const changed = await Promise.all(next.map((dependency) => deployDependency(operation, input, dependency)));
    for (const [at, dependency] of next.entries()) {
      waiting.delete(dependency);
      owned.set(dependency.name, changed[at] ?? false);
    }
  }
  return dependencies
    .filter((dependency) => dependency.direct)
    .map(({ namespace, name, template, range }) => ({ namespace, name, template, range, owned: owned.get(name) ?? false }));
}

async function deployDependency(operation: Operation, input: ChangeInput, dependency: PlannedDependency): Promise<boolean> {
  const { limits, requester } = input;
  const target = { ...input.target, namespace: dependency.namespace, name: dependency.name };
  const { pin, plan, parameters } = dependency;
  const deploy = {
    kind: 'deploy' as const,
    input: {
      target,
      requester,
      limits,
      request: {
        name: dependency.template,
        ...(pin && { registry: pin.registry, range: pin.version }),
        ...(plan !== undefined && { plan }),
        ...(parameters && { parameters }),
        owner: input.target.name,
      },
    },
  };
  const { changed } = await operation.child('dependencies', deploy, async (result, because) => {
    // What was there before this operation stays; so does what a failure that is kept stands on.
    if (!result.changed || (because && input.request.keepFailed)) return;
    await operation.undoChild('dependencies', {
      kind: 'destroy' as const,
      input: { target, requester, limits, request: { deleteVolumes: true, keepOlder: true } },
    });
  });
  return changed;
}
