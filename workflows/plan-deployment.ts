import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import type { PlanInput, PlanResult } from './messages.ts';
import { Operation } from './operation.ts';

/** Works out what a change would do and changes nothing: the pipeline's first half, with the archives fetched instead of installed. */
export async function planDeployment(input: PlanInput): Promise<PlanResult> {
  const { target, requester } = input;
  const { change: kind, deployment, ...request } = input.request;
  const key: DeploymentKey = { cluster: target.cluster, namespace: target.namespace, name: deployment };
  const operation = new Operation('plan', input);
  return operation.run(async () => {
    const resolved = await operation.step('resolve', 'resolve', { key, kind, request, requester, preview: true });
    const { wanted } = resolved;
    const templates = wanted && (await fetchTemplates(operation, input, wanted));
    const draft =
      resolved.draft ?? (await operation.step('render', 'render', { key, requester, resolved, ...(templates && { templates }) }));
    const { plan, summary } = await operation.step('plan', 'plan', {
      key,
      kind,
      request,
      requester,
      resolved,
      draft,
      preview: true,
    });
    return { plan, summary };
  });
}

async function fetchTemplates(
  operation: Operation,
  input: PlanInput,
  wanted: { registry?: string; name: string; range?: string },
) {
  const target = { ...input.target, kind: 'install' as const, name: wanted.name };
  const { requester } = input;
  const { lock } = await operation.step(
    'resolve-dependencies',
    'resolveDependencies',
    { target, request: wanted },
    { requester },
  );
  await operation.step('authenticate', 'authenticate', {
    registries: [...new Set(lock.templates.map((template) => template.registry))].sort(),
  });
  await operation.step('download', 'download', { templates: lock.templates });
  await operation.step('scan', 'scan', { templates: lock.templates, acceptUnsigned: input.request.acceptUnsigned ?? false });
  return lock.templates;
}
