import { lookupBareName } from '../src/domain/bare-name.ts';
import { findRegistry } from '../src/domain/find-registry.ts';
import type { Target } from '../src/domain/operation.ts';
import { LOCAL_REGISTRY } from '../src/domain/operation.ts';
import type { VersionEntry } from '../src/domain/registry.ts';
import { gatherCatalog, resolve } from '../src/domain/resolver.ts';
import type { TemplateManifest } from '../src/domain/template.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';
import type { PublishRequest } from './structure.ts';
import { subjectOf } from './structure.ts';

interface Input {
  target: Target;
  request: PublishRequest;
  subject: string;
}

interface Value {
  dependencies: string[];
  skipped: NonNullable<ReturnType<typeof resolve>['skipped']>;
  /** The registry that looks for them itself. */
  leftTo?: string;
}

/**
 * Everything it needs can be had, together, from the registries of this server: as if it were published, it is resolved like an install.
 * Of one for another server that says nothing: there, the same names mean its registries, and it looks itself.
 */
export function createDependency(deps: ActivityDeps) {
  return createStep(deps, {
    async run({ target: { name, namespace }, request, subject }: Input, { signal }): Promise<Value> {
      if (namespace !== LOCAL_REGISTRY) return { dependencies: [], skipped: [], leftTo: namespace };
      const { manifest } = await subjectOf(deps, subject);
      const candidate = entryOf(manifest, request);
      const root = { registry: LOCAL_REGISTRY, name, range: candidate.version };
      const catalog = await gatherCatalog(root, async (registry, wanted) => {
        if (registry === LOCAL_REGISTRY && wanted === name) return { registry, versions: [candidate] };
        if (registry === undefined) return lookupBareName(deps.registries, wanted, undefined, signal);
        return { registry, versions: await (await findRegistry(deps.registries, registry)).listVersions(wanted, signal) };
      });
      const { templates, skipped = [] } = resolve(root, catalog);
      return {
        dependencies: templates
          .filter((template) => template.name !== name)
          .map((template) => `${template.registry}/${template.name}@${template.version}`),
        skipped,
      };
    },
    describe: ({ dependencies, skipped, leftTo }) => ({
      detail: leftTo ? `left to ${leftTo}, which has registries of its own` : dependencies.join(', ') || 'it needs nothing',
      ...(skipped.length > 0 && {
        warnings: skipped.map(({ name, range, why }) => `optional dependency ${name} ${range} cannot be had: ${why}`),
      }),
    }),
  });
}

/** The version as its registry is going to list it. */
function entryOf(manifest: TemplateManifest, { version, digest, size }: PublishRequest): VersionEntry {
  return { version, digest, size, dependencies: dependenciesOf(manifest) };
}

/** Parameters of a dependency are the installer's business; the resolver needs only what decides versions. */
export function dependenciesOf(manifest: TemplateManifest) {
  return (manifest.spec.dependencies ?? []).map(({ parameters: _parameters, ...spec }) => spec);
}
