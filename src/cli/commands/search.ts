import type { Command } from 'commander';
import { Option } from 'commander';
import { gather, given, rating } from '../arguments.ts';
import type { PagingOptions } from '../catalog-pages.ts';
import { readPages, withPaging } from '../catalog-pages.ts';
import { mustHaveAnswered, pageTable, tellMore, tellPage } from '../catalog-text.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';

const TYPES = ['workload', 'manifests', 'helm', 'deployer', 'pack', 'stack'];
const SORTS = ['relevance', 'name', 'downloads', 'rating', 'updated'];
const REGISTRY_TYPES = ['official', 'community', 'institutional', 'private'];

/** Templates shown when nothing is said; what the API answers then. */
const SHOWN = 20;

interface SearchOptions extends OutputOptions, PagingOptions {
  category?: string[];
  tag?: string[];
  type?: string;
  registry?: string[];
  registryType?: string;
  license?: string[];
  verified?: boolean;
  minRating?: number;
  sort?: string;
  namespace?: string;
  facets?: boolean;
}

export function search(command: Command): void {
  const own = withOutput(command)
    .argument('[query...]', 'words; all of them must be found')
    .option('--category <category>', 'any of these (may be repeated)', gather)
    .option('--tag <tag>', 'all of these (may be repeated)', gather)
    .addOption(new Option('--type <type>', 'type of template').choices(TYPES))
    .option('--registry <registry>', 'only these registries (may be repeated)', gather)
    .addOption(new Option('--registry-type <type>', 'type of registry').choices(REGISTRY_TYPES))
    .option('--license <license>', 'any of these licences (may be repeated)', gather)
    .option('--verified', 'only templates whose owner was proven')
    .option('--min-rating <number>', 'only templates that are rated so high, 0 to 5', rating)
    .addOption(new Option('--sort <order>', 'order (default: relevance)').choices(SORTS))
    .option('--facets', 'count what was found by category, registry, type and licence')
    .option('-n, --namespace <namespace>', 'tell which versions this namespace has installed');
  withPaging(own, SHOWN).action(run);
  withExample(command, 'chandlery search cache --category database');
}

async function run(words: string[], { output, verified, facets, limit, cursor, all, ...filter }: SearchOptions): Promise<void> {
  const flags = { ...(verified && { verified: 'true' }), ...(facets && { facets: 'true' }) };
  const query = { ...filter, ...flags, q: words.join(' ') || undefined };
  const page = await readPages(createHttpClient(readSettings()), query, given({ limit, cursor, all }));
  await printAs(output, {
    body: page,
    names: ({ templates }) => templates.map((template) => template.name),
    table: () => pageTable(page, { withInstalled: filter.namespace !== undefined, width: process.stdout.columns }),
  });
  tellMore(page);
  tellPage(page);
  mustHaveAnswered(page, page.templates.length, 'template');
}
