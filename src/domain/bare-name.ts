import { ChandleryError } from './errors.ts';
import type { RegistryPlugin, RegistrySet, VersionEntry } from './registry.ts';
import { type RangeOptions, selectVersions } from './versions.ts';

/** What a name without a registry means (DESIGN section 6); one that is installed in the namespace comes before all this. */

/** The registries that answer bare names, first to last: this server's own (built-in) templates, then the default one. */
export function bareNameRegistries({ local, default: standard }: Pick<RegistrySet, 'local' | 'default'>): RegistryPlugin[] {
  return [...new Set([local, standard])].filter((registry): registry is RegistryPlugin => registry !== undefined);
}

/**
 * The registry that a bare name means, with the versions it lists; one with no version in the range is passed over for one that has.
 * Fails with template_not_found, registry_not_found where there is none to ask, and as the registries do.
 */
export async function lookupBareName(
  registries: Pick<RegistrySet, 'local' | 'default'>,
  name: string,
  range: string | undefined,
  signal?: AbortSignal,
  options: RangeOptions = {},
): Promise<{ registry: string; versions: VersionEntry[] }> {
  let first: { registry: string; versions: VersionEntry[] } | undefined;
  let missing: unknown = new ChandleryError('registry_not_found', 'no registry is configured', { template: name });
  for (const registry of bareNameRegistries(registries)) {
    try {
      const found = { registry: registry.name, versions: await registry.listVersions(name, signal, range) };
      if (fitting(found.versions, range, options)) return found;
      first ??= found;
    } catch (error) {
      if (!(error instanceof ChandleryError && error.code === 'template_not_found')) throw error;
      missing = error;
    }
  }
  if (!first) throw missing;
  return first;
}

function fitting(versions: readonly VersionEntry[], range: string | undefined, options: RangeOptions): boolean {
  return (
    selectVersions(
      versions.map(({ version }) => version),
      range,
      options,
    ).length > 0
  );
}
