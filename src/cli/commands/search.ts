import type { Command } from 'commander';
import { Option } from 'commander';
import { gather, pageSize } from '../arguments.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import type { CatalogPage } from '../http.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

const TYPES = ['workload', 'manifests', 'helm', 'deployer', 'pack', 'stack'];

interface SearchOptions extends OutputOptions {
  category?: string[];
  tag?: string[];
  type?: string;
  registry?: string;
  limit?: number;
  namespace?: string;
}

export function search(command: Command): void {
  withOutput(command)
    .argument('[query...]', 'words; all of them must be found')
    .option('--category <category>', 'any of these (may be repeated)', gather)
    .option('--tag <tag>', 'all of these (may be repeated)', gather)
    .addOption(new Option('--type <type>', 'type of template').choices(TYPES))
    .option('--registry <registry>', 'ask this registry only')
    .option('--limit <number>', 'templates shown, at most 100 (default: 20)', pageSize)
    .option('-n, --namespace <namespace>', 'tell which versions this namespace has installed')
    .action(run);
  withExample(command, 'chandlery search cache --category database');
}

async function run(words: string[], { output, ...filter }: SearchOptions): Promise<void> {
  const page = await createHttpClient(readSettings()).search({ ...filter, q: words.join(' ') || undefined });
  await printAs(output, {
    body: page,
    names: ({ templates }) => templates.map((template) => template.name),
    table: () => tableOf(page, filter.namespace !== undefined),
  });
  for (const { registry, message } of page.errors)
    note(`warning: registry ${oneLine(registry)} did not answer: ${oneLine(message)}`);
  // Nothing found is an answer; nothing found because nobody answered is none.
  if (page.partial && page.templates.length === 0)
    throw new CliError({ message: 'no template was found, but not every registry answered', exitCode: EXIT.unavailable });
}

async function tableOf({ templates, total }: CatalogPage, withInstalled: boolean): Promise<string> {
  const { renderTable } = await import('../table.ts');
  if (templates.length === 0) note('no template found');
  else if (total > templates.length) note(`${templates.length} of ${total} templates; --limit shows more`);
  const heads = ['NAME', 'VERSION', ...(withInstalled ? ['INSTALLED'] : []), 'TYPE', 'CATEGORY', 'REGISTRY', 'DESCRIPTION'];
  const rows = templates.map((template) => [
    template.name,
    template.version,
    ...(withInstalled ? [template.installed] : []),
    template.type,
    template.category,
    template.registry,
    template.description,
  ]);
  return renderTable(heads, rows, { width: process.stdout.columns });
}
