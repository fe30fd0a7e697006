import { lookupBareName } from '../src/domain/bare-name.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import type { Lock } from '../src/domain/lock.ts';
import type { Target } from '../src/domain/operation.ts';
import type { RegistrySet } from '../src/domain/registry.ts';
import { gatherCatalog, resolve } from '../src/domain/resolver.ts';
import type { ActivityDeps } from './deps.ts';
import { registriesFor } from './source-registries.ts';
import { createStep } from './step.ts';

interface Input {
  target: Target;
  request: { registry?: string; name: string; range?: string };
}

/** Chooses one version for the template and each of its dependencies, highest compatible, with digests. */
export function createResolveDependencies(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ target, request }: Input, { signal, context }) {
      const registries = registriesFor(deps, context.requester);
      const { installed, required } = await constraintsOf(deps, target);
      // A bare name means what is installed under it first of all (DESIGN section 6).
      const registry = request.registry ?? installed.find((install) => install.name === request.name)?.registry;
      const root = {
        name: request.name,
        ...(registry !== undefined && { registry }),
        ...(request.range !== undefined && { range: request.range }),
      };
      const catalog = await gatherCatalog(root, (from, name) => lookup(registries, from, name, request.range, signal), {
        installed,
      });
      const lock = resolve(root, catalog, { installed, required });
      return { lock };
    },
    describe: ({ lock }) => ({
      detail: describe(lock),
      ...(lock.skipped?.length && { warnings: lock.skipped.map(skippedInWords) }),
    }),
  });
}

async function lookup(
  registries: RegistrySet,
  registryName: string | undefined,
  name: string,
  range: string | undefined,
  signal: AbortSignal,
) {
  if (registryName === undefined) return lookupBareName(registries, name, range, signal);
  const registry = await findRegistry(registries, registryName);
  return { registry: registry.name, versions: await registry.listVersions(name, signal, range) };
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

function skippedInWords({ name, range, why }: { name: string; range: string; why: string }): string {
  return `optional dependency ${name} ${range} is left out: ${why}`;
}
