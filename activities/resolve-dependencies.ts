import { ChandleryError } from '../src/domain/errors.ts';
import type { Lock } from '../src/domain/lock.ts';
import type { Target } from '../src/domain/operation.ts';
import type { RegistryPlugin, VersionEntry } from '../src/domain/registry.ts';
import { gatherCatalog, resolve } from '../src/domain/resolver.ts';
import { selectVersions } from '../src/domain/versions.ts';
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
      const { installed, required } = await constraintsOf(deps, target);
      // A bare name means what is installed under it first of all (DESIGN section 6).
      const registry = request.registry ?? installed.find((install) => install.name === request.name)?.registry;
      const root = {
        name: request.name,
        ...(registry !== undefined && { registry }),
        ...(request.range !== undefined && { range: request.range }),
      };
      const catalog = await gatherCatalog(root, (from, name) => lookup(deps, from, name, request.range, signal), { installed });
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
  deps: ActivityDeps,
  registryName: string | undefined,
  name: string,
  range: string | undefined,
  signal: AbortSignal,
) {
  if (registryName === undefined) return lookupBare(deps, name, range, signal);
  const registry = deps.registries.get(registryName);
  return { registry: registry.name, versions: await registry.listVersions(name, signal) };
}

/** This server's own (built-in) templates, then the default registry; one with no version in the range is passed over for one that has. */
async function lookupBare(deps: ActivityDeps, name: string, range: string | undefined, signal: AbortSignal) {
  const { local, default: standard } = deps.registries;
  const candidates = [...new Set([local, standard])].filter((registry): registry is RegistryPlugin => registry !== undefined);
  const found: Array<{ registry: string; versions: VersionEntry[] }> = [];
  let missing: unknown = new ChandleryError('registry_not_found', 'no registry is configured', { template: name });
  for (const registry of candidates) {
    try {
      const versions = await registry.listVersions(name, signal);
      found.push({ registry: registry.name, versions });
      if (
        selectVersions(
          versions.map((entry) => entry.version),
          range,
        ).length > 0
      )
        break;
    } catch (error) {
      if (!(error instanceof ChandleryError && error.code === 'template_not_found')) throw error;
      missing = error;
    }
  }
  const fitting = found.find(
    ({ versions }) =>
      selectVersions(
        versions.map((entry) => entry.version),
        range,
      ).length > 0,
  );
  const chosen = fitting ?? found[0];
  if (!chosen) throw missing;
  return chosen;
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
