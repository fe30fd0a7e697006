import type { Command } from 'commander';
import type { PagingOptions } from '../catalog-pages.ts';
import { readPages, withPaging } from '../catalog-pages.ts';
import { mustHaveAnswered, pageTable, tellMore, tellPage } from '../catalog-text.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import type { HttpClient } from '../http.ts';
import { createHttpClient } from '../http.ts';
import type { CategoryCounts } from '../http-catalog.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';

/** Templates of a category that are shown; the API's largest page. */
const SHOWN = 100;

interface BrowseOptions extends OutputOptions, PagingOptions {
  category?: string;
}

export function browse(command: Command): void {
  const own = withOutput(command).option('--category <category>', 'the templates of this category');
  withPaging(own, SHOWN).action(run);
  withExample(command, 'chandlery browse --category database');
}

async function run({ output, category, ...paging }: BrowseOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  if (category === undefined) return await showCategories(client, output, paging);
  const page = await readPages(client, { category: [category], sort: 'name' }, paging.all ? paging : { limit: SHOWN, ...paging });
  await printAs(output, {
    body: page,
    names: ({ templates }) => templates.map(({ name }) => name),
    table: () => pageTable(page, { width: process.stdout.columns }),
  });
  tellMore(page);
  tellPage(page);
  mustHaveAnswered(page, page.templates.length, 'template');
}

async function showCategories(client: HttpClient, output: OutputOptions['output'], paging: PagingOptions): Promise<void> {
  // There is one answer with all of them; an option that does nothing would look as if it did.
  if (Object.keys(paging).length > 0)
    throw new CliError({ message: '--limit, --cursor and --all need --category', code: 'invalid_request', exitCode: EXIT.usage });
  const body = await client.categories();
  await printAs(output, { body, names: ({ categories }) => categories.map(({ name }) => name), table: overview });
  // A server of before tells nothing about its registries.
  const { categories, partial = false, errors = [], stale = [] } = body;
  tellPage({ errors, stale });
  mustHaveAnswered({ partial }, categories.length, 'category');
}

async function overview({ categories }: CategoryCounts): Promise<string> {
  const { renderTable } = await import('../table.ts');
  if (categories.length === 0) note('no template has a category');
  const rows = categories.map(({ name, count }) => [name, String(count)]);
  return renderTable(['CATEGORY', 'TEMPLATES'], rows, { width: process.stdout.columns });
}
