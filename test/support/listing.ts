import type { ListingProblem, RegistryPlugin, TemplateSummary } from '../../src/domain/registry.ts';

/** A registry's whole listing, read to its end. */
export async function listAll(plugin: RegistryPlugin, validator?: string) {
  const problems: ListingProblem[] = [];
  const listing = await plugin.list({
    onProblem: (problem) => problems.push(problem),
    ...(validator === undefined ? {} : { validator }),
  });
  const templates: TemplateSummary[] = [];
  if (!listing.unchanged) for await (const batch of listing.templates) templates.push(...batch);
  const { unchanged } = listing;
  return { listing, unchanged, templates, problems, validator: listing.unchanged ? undefined : listing.validator };
}
