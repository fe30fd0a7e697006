import type { RegistryView } from '../domain/catalog-views.ts';
import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';
import type { CatalogPage } from './http-catalog.ts';
import { note } from './terminal.ts';
import { duration, oneLine } from './text.ts';

/** A page of the catalog and the state of registries in words. */

/** The templates of a page, then the counts where it has them. */
export async function pageTable(
  { templates, facets, suggestions = [] }: CatalogPage,
  { withInstalled = false, width }: { withInstalled?: boolean; width?: number | undefined },
): Promise<string> {
  const { renderTable } = await import('./table.ts');
  if (templates.length === 0) note('no template found');
  if (suggestions.length > 0)
    note(`did you mean ${suggestions.map(({ registry, name }) => `${oneLine(registry)}/${oneLine(name)}`).join(', ')}?`);
  const heads = [
    'NAME',
    'VERSION',
    ...(withInstalled ? ['INSTALLED'] : []),
    'TYPE',
    'CATEGORY',
    'RATING',
    'REGISTRY',
    'DESCRIPTION',
  ];
  const rows = templates.map((template) => [
    // The mark stands beside the name, as it belongs to it.
    template.verified ? `${template.name} ✓` : template.name,
    template.version,
    ...(withInstalled ? [template.installed] : []),
    template.type,
    template.category,
    ratingText(template),
    [template.registry, ...(template.alsoIn ?? [])].join(','),
    template.description,
  ]);
  const table = renderTable(heads, rows, { width });
  return facets ? [table, facetLines(facets)].filter((part) => part !== '').join('\n\n') : table;
}

function ratingText({ rating, ratingCount }: CatalogPage['templates'][number]): string | undefined {
  if (rating === undefined) return undefined;
  return ratingCount === undefined ? String(rating) : `${rating} (${ratingCount})`;
}

/** Values of each kind shown; the answer has more. */
const SHOWN_VALUES = 10;
const FACET_WORDS = { category: 'category', registry: 'registry', type: 'type', license: 'licence', verified: 'verified' };

function facetLines(facets: NonNullable<CatalogPage['facets']>): string {
  const lines = Object.entries(FACET_WORDS).map(([name, word]) => {
    const counts = facets[name as keyof typeof FACET_WORDS] ?? [];
    const shown = counts.slice(0, SHOWN_VALUES).map(({ value, count }) => `${oneLine(value)} ${count}`);
    const more = counts.length > SHOWN_VALUES ? [`and ${counts.length - SHOWN_VALUES} more`] : [];
    return `${word.padEnd(10)}${[...shown, ...more].join(', ') || '-'}`;
  });
  return lines.join('\n');
}

/** On stderr: that there are more than the page has, and how to see them. */
export function tellMore({ templates, total, nextCursor }: Pick<CatalogPage, 'templates' | 'total' | 'nextCursor'>): void {
  if (templates.length === 0 || total <= templates.length) return;
  const how =
    nextCursor === undefined ? 'these are the last' : `go on with --cursor ${oneLine(nextCursor)}, or see every one with --all`;
  note(`${templates.length} of ${total} templates; ${how}`);
}

/** Fails where nothing was found because nobody answered, which is no answer; nothing found is one. */
export function mustHaveAnswered({ partial }: Pick<CatalogPage, 'partial'>, found: number, what: string): void {
  if (partial && found === 0)
    throw new CliError({ message: `no ${what} was found, but not every registry answered`, exitCode: EXIT.unavailable });
}

/** On stderr: which registries did not answer, and how old is what is shown of them. */
export function tellPage({ errors, stale = [] }: Pick<CatalogPage, 'errors' | 'stale'>): void {
  for (const { registry, message } of errors) {
    const held = stale.find((one) => one.registry === registry);
    const shown = held ? `; shown as it was ${duration(held.ageSeconds * 1_000)} ago` : '';
    note(`warning: registry ${oneLine(registry)} did not answer: ${oneLine(message)}${shown}`);
  }
}

const STATUS: Readonly<Record<RegistryView['status'], string>> = {
  ok: 'ok',
  stale: 'away, older list shown',
  failing: 'away',
  unknown: 'not asked yet',
  disabled: 'cannot be used',
};

export function statusWords({ status }: Pick<RegistryView, 'status'>): string {
  return STATUS[status] ?? status;
}
