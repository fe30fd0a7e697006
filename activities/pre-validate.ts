import { ChandleryError } from '../src/domain/errors.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import type { LockFile } from '../src/domain/lock-file.ts';
import type { Target } from '../src/domain/operation.ts';
import { isNamespace, isTemplateName } from '../src/domain/reference.ts';
import { isSourceRegistry } from '../src/domain/sources/source-registry.ts';
import { sessionOf } from './cluster/session.ts';
import { checkRegistryAllowed } from './decide-policy.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  target: Target;
  request: { registry?: string; name: string; range?: string; lock?: LockFile };
  requester: { user: string; groups: string[] };
}

/** Reference, namespace and registry are what they claim to be; takes the target's fence and writes the audit entry. */
export function createPreValidate(deps: ActivityDeps) {
  return createStep(deps, {
    takesFence: true,
    async run({ target, request, requester }: Input, { context }) {
      await checkReference(deps, { target, request, requester });
      await deps.store.audit.append({
        actor: requester.user,
        action: 'install',
        object: context.target,
        outcome: 'allowed',
        operation: context.operation,
        // A lock is long, and the lock that is carried out is in the result.
        detail: { ...request, ...(request.lock && { lock: `${request.lock.templates.length} templates` }) },
      });
      return { cluster: deps.cluster ? ('later' as const) : ('absent' as const) };
    },
    describe: ({ cluster }) => ({
      detail: `reference and namespace are valid; ${cluster === 'absent' ? 'there is no cluster: cluster checks skipped' : 'what it requires of the cluster is checked when it is deployed'}`,
    }),
  });
}

async function checkReference(deps: ActivityDeps, { target, request, requester }: Input): Promise<void> {
  if (!isTemplateName(request.name)) throw new ChandleryError('invalid_reference', `"${request.name}" is not a template name`);
  if (!isNamespace(target.namespace))
    throw new ChandleryError('invalid_reference', `"${target.namespace}" is not a namespace name`);
  if (request.registry !== undefined && isSourceRegistry(request.registry)) sessionOf(deps, requester);
  else if (request.registry !== undefined)
    checkRegistryAllowed(deps, await findRegistry(deps.registries, request.registry), request.name);
  else if (!deps.registries.default && !deps.registries.local)
    throw new ChandleryError('registry_not_found', 'no registry is configured, so a bare name means nothing', {
      template: request.name,
    });
}
