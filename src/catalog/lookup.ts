import type { CatalogStore } from '../domain/catalog.ts';
import type { CatalogTemplate } from '../domain/catalog-views.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { Details } from './details.ts';
import type { CatalogLimits } from './limits.ts';
import type { Source } from './sources.ts';

export interface LookupDeps {
  store: CatalogStore;
  details: Details;
  limits: CatalogLimits;
}

/**
 * The template of the first candidate that has it. Fails with template_not_found, version_not_found or as the registries do; with the
 * names of others that could be meant, or that have the same.
 */
export async function lookUp(
  deps: LookupDeps,
  candidates: readonly Source[],
  all: readonly Source[],
  name: string,
  version: string | undefined,
): Promise<CatalogTemplate> {
  let missing: ChandleryError | undefined;
  for (const source of candidates) {
    try {
      return await deps.details.get(source, name, version);
    } catch (error) {
      if (!(error instanceof ChandleryError)) throw error;
      if (error.code !== 'template_not_found') throw await withAlternatives(deps, error, all, name, source);
      missing ??= error;
    }
  }
  missing ??= new ChandleryError('registry_not_found', 'no registry is configured', { template: name });
  throw await withAlternatives(deps, missing, all, name, undefined);
}

/** Other registries that have the same name come first, then names that are near. What cannot be told is left out. */
async function withAlternatives(
  { store, limits }: LookupDeps,
  error: ChandleryError,
  all: readonly Source[],
  name: string,
  failing: Source | undefined,
): Promise<ChandleryError> {
  if (error.code === 'version_not_found') return error;
  try {
    const others = all.filter((source) => source !== failing);
    const same = await Promise.all(others.map(async (source) => ((await store.find(source.key, name)) ? [source.name] : [])));
    const near = await store.similar(
      others.map(({ key }) => key),
      name,
      limits.suggestions,
    );
    const found = [...same.flat().map((registry) => `${registry}/${name}`), ...near.map((one) => `${one.registry}/${one.name}`)];
    const given = error.details.alternatives ?? [];
    const alternatives = [...new Set([...given, ...found])].slice(0, limits.suggestions);
    if (alternatives.length === 0) return error;
    return new ChandleryError(error.code, error.message, { ...error.details, alternatives }, { cause: error.cause });
  } catch {
    // The failure itself matters more than what else there is.
    return error;
  }
}
