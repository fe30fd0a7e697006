import { type Command, Option } from 'commander';
import { pageSize } from './arguments.ts';
import type { HttpClient } from './http.ts';
import type { CatalogPage, SearchQuery } from './http-catalog.ts';

/** Pages of the catalog: one of them, the next one, or all of them as one. */

/** Templates of a page when all are read; the API's largest. */
const LARGEST_PAGE = 100;
/** Pages read for one command: 100,000 templates, twice as many as a catalog is measured with. What is left is told, as after any page. */
const MAX_PAGES = 1_000;

export interface PagingOptions {
  limit?: number;
  cursor?: string;
  all?: boolean;
}

/** Adds `--limit`, `--cursor` and `--all` to a command. */
export function withPaging(command: Command, standard: number): Command {
  return command
    .option('--limit <number>', `templates shown, at most ${LARGEST_PAGE} (default: ${standard})`, pageSize)
    .option('--cursor <cursor>', 'go on where the page before ended; the same command names it')
    .addOption(new Option('--all', 'every page').conflicts(['limit', 'cursor']));
}

/** One page, or all as one: its registries that did not answer are those of any page. Fails with a CliError. */
export async function readPages(
  client: Pick<HttpClient, 'search'>,
  query: SearchQuery,
  { all = false, limit, cursor }: PagingOptions,
): Promise<CatalogPage> {
  if (!all) return await client.search({ ...query, limit, cursor });
  const first = await client.search({ ...query, limit: LARGEST_PAGE });
  let whole = first;
  for (let pages = 1; whole.nextCursor !== undefined && pages < MAX_PAGES; pages += 1)
    // The counts are over all of it, so that the first page has them.
    whole = joined(whole, await client.search({ ...query, facets: undefined, limit: LARGEST_PAGE, cursor: whole.nextCursor }));
  return whole;
}

function joined({ nextCursor: _read, ...before }: CatalogPage, page: CatalogPage): CatalogPage {
  return {
    ...before,
    templates: before.templates.concat(page.templates),
    total: page.total,
    ...(page.nextCursor !== undefined && { nextCursor: page.nextCursor }),
    partial: before.partial || page.partial,
    errors: oncePerRegistry(before.errors, page.errors),
    stale: oncePerRegistry(before.stale ?? [], page.stale ?? []),
  };
}

function oncePerRegistry<Entry extends { registry: string }>(before: readonly Entry[], more: readonly Entry[]): Entry[] {
  return [...new Map([...before, ...more].map((one) => [one.registry, one])).values()];
}
