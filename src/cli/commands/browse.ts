import type { Command } from 'commander';
import { pageTable, tellPage } from '../catalog-text.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';

/** Templates of a category that are shown; the API's largest page. */
const SHOWN = 100;

interface BrowseOptions extends OutputOptions {
  category?: string;
}

export function browse(command: Command): void {
  withOutput(command).option('--category <category>', 'the templates of this category').action(run);
  withExample(command, 'chandlery browse --category database');
}

async function run({ output, category }: BrowseOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  if (category === undefined) {
    const body = await client.categories();
    return printAs(output, { body, names: ({ categories }) => categories.map(({ name }) => name), table: overview });
  }
  const page = await client.search({ category: [category], sort: 'name', limit: SHOWN });
  await printAs(output, {
    body: page,
    names: ({ templates }) => templates.map(({ name }) => name),
    table: () => pageTable(page, { width: process.stdout.columns }),
  });
  tellPage(page);
}

async function overview({ categories }: { categories: Array<{ name: string; count: number }> }): Promise<string> {
  const { renderTable } = await import('../table.ts');
  if (categories.length === 0) note('no template has a category');
  const rows = categories.map(({ name, count }) => [name, String(count)]);
  return renderTable(['CATEGORY', 'TEMPLATES'], rows, { width: process.stdout.columns });
}
