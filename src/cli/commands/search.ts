import type { Command } from 'commander';
import { Option } from 'commander';
import { gather, pageSize } from '../arguments.ts';
import { pageTable, tellPage } from '../catalog-text.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';

const TYPES = ['workload', 'manifests', 'helm', 'deployer', 'pack', 'stack'];
const SORTS = ['relevance', 'name', 'downloads', 'rating', 'updated'];
const REGISTRY_TYPES = ['official', 'community', 'institutional', 'private'];

interface SearchOptions extends OutputOptions {
  category?: string[];
  tag?: string[];
  type?: string;
  registry?: string[];
  registryType?: string;
  license?: string[];
  verified?: boolean;
  sort?: string;
  limit?: number;
  namespace?: string;
  facets?: boolean;
}

export function search(command: Command): void {
  withOutput(command)
    .argument('[query...]', 'words; all of them must be found')
    .option('--category <category>', 'any of these (may be repeated)', gather)
    .option('--tag <tag>', 'all of these (may be repeated)', gather)
    .addOption(new Option('--type <type>', 'type of template').choices(TYPES))
    .option('--registry <registry>', 'only these registries (may be repeated)', gather)
    .addOption(new Option('--registry-type <type>', 'type of registry').choices(REGISTRY_TYPES))
    .option('--license <license>', 'any of these licences (may be repeated)', gather)
    .option('--verified', 'only templates whose owner was proven')
    .addOption(new Option('--sort <order>', 'order (default: relevance)').choices(SORTS))
    .option('--facets', 'count what was found by category, registry, type and licence')
    .option('--limit <number>', 'templates shown, at most 100 (default: 20)', pageSize)
    .option('-n, --namespace <namespace>', 'tell which versions this namespace has installed')
    .action(run);
  withExample(command, 'chandlery search cache --category database');
}

async function run(words: string[], { output, verified, facets, ...filter }: SearchOptions): Promise<void> {
  const flags = { ...(verified && { verified: 'true' }), ...(facets && { facets: 'true' }) };
  const page = await createHttpClient(readSettings()).search({ ...filter, ...flags, q: words.join(' ') || undefined });
  await printAs(output, {
    body: page,
    names: ({ templates }) => templates.map((template) => template.name),
    table: () => pageTable(page, { withInstalled: filter.namespace !== undefined, width: process.stdout.columns }),
  });
  tellPage(page);
  // Nothing found is an answer; nothing found because nobody answered is none.
  if (page.partial && page.templates.length === 0)
    throw new CliError({ message: 'no template was found, but not every registry answered', exitCode: EXIT.unavailable });
}
