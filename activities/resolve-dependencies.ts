import { ChandleryError } from '../src/domain/errors.ts';
import type { Lock } from '../src/domain/lock.ts';
import type { Target } from '../src/domain/operation.ts';
import { gatherCatalog, resolve } from '../src/domain/resolver.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  target: Target;
  request: { registry?: string; name: string; range?: string };
}

/** Chooses one version for the template and each of its dependencies, highest compatible, with digests. */
export function createResolveDependencies(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ target, request }: Input, { signal }) {
      const catalog = await gatherCatalog(request, (registry, name) => lookup(deps, registry, name, signal));
      const lock = resolve(request, catalog, await constraintsOf(deps, target));
      return { lock };
    },
    describe: ({ lock }) => ({ detail: describe(lock) }),
  });
}

async function lookup(deps: ActivityDeps, registryName: string | undefined, name: string, signal: AbortSignal) {
  const registry = registryName === undefined ? deps.registries.default : deps.registries.get(registryName);
  if (!registry) throw new ChandleryError('registry_not_found', 'no registry is configured', { template: name });
  return { registry: registry.name, versions: await registry.listVersions(name, signal) };
}

/** What the namespace already holds: it may be kept, and what others there need must go on fitting. */
async function constraintsOf(deps: ActivityDeps, target: Target) {
  const installs = await deps.store.installs.list(target.cluster, target.namespace);
  return {
    installed: installs.map(({ name, version, registry, digest }) => ({ name, version, registry, digest })),
    required: installs.flatMap((install) =>
      install.dependencies.map(({ name, range }) => ({ name, range, requiredBy: `${install.name} ${install.version}` })),
    ),
  };
}

function describe(lock: Lock): string {
  return lock.templates.map((template) => `${template.registry}/${template.name}@${template.version}`).join(', ');
}
