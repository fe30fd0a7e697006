import { createHash } from 'node:crypto';
import type { CatalogQuery, CatalogSource, CatalogStore } from '../../src/domain/catalog.ts';
import type { TemplateSummary } from '../../src/domain/registry.ts';

/** Entries of a catalog for tests. */

export function entryOf(name: string, more: Partial<TemplateSummary> = {}): TemplateSummary {
  return {
    ...{ name, version: '1.0.0', description: '', tags: [], type: 'workload', registry: 'main', registryType: 'community' },
    digest: `sha256:${createHash('sha256').update(name).digest('hex')}`,
    ...more,
  };
}

export function sourceOf(registry: string, scope = 'a1'): CatalogSource {
  return { registry, scope };
}

/** In batches of two, as a registry's answer comes in pieces. */
export async function* batchesOf(entries: readonly TemplateSummary[]): AsyncIterable<TemplateSummary[]> {
  for (let at = 0; at < entries.length; at += 2) yield entries.slice(at, at + 2);
}

export function replaceWith(
  catalog: CatalogStore,
  source: CatalogSource,
  entries: readonly TemplateSummary[],
  validator?: string,
) {
  const listed = entries.map((entry) => ({ ...entry, registry: source.registry }));
  return catalog.replace(source, batchesOf(listed), () => ({ problems: [], problemCount: 0, ...(validator && { validator }) }));
}

export function searchFor(catalog: CatalogStore, sources: CatalogSource[], query: Partial<CatalogQuery> = {}) {
  return catalog.search(sources, { limit: 100, offset: 0, ...query });
}

export async function namesOf(
  catalog: CatalogStore,
  sources: CatalogSource[],
  query: Partial<CatalogQuery> = {},
): Promise<string[]> {
  return (await searchFor(catalog, sources, query)).templates.map((template) => template.name);
}
