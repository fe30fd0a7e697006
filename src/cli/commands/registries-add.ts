import { type Command, Option } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { withOutput } from '../output.ts';
import { type RegistryOptions, readRegistryBody, withRegistryOptions } from '../registry-options.ts';
import { printRegistry } from '../registry-text.ts';
import { readSettings } from '../settings.ts';

const KINDS = ['chandlery', 'helm', 'oci', 'helmdeck', 'ark', 'git'];
export const TYPES = ['official', 'community', 'institutional', 'private'];

interface AddOptions extends RegistryOptions {
  kind: string;
}

export function registriesAdd(command: Command): void {
  const known = withOutput(command)
    .argument('<name>', 'lower-case letters, digits and inner hyphens')
    .addOption(new Option('--kind <kind>', 'what it speaks').choices(KINDS).default('chandlery'))
    .addOption(new Option('--type <type>', 'how far it is trusted (required)').choices(TYPES).makeOptionMandatory())
    .requiredOption('--url <url>', 'its address (required)');
  withRegistryOptions(known).action(run);
  withExample(command, 'chandlery registries add charts --kind helm --type community --url https://charts.example.com --test');
}

async function run(name: string, options: AddOptions): Promise<void> {
  const body = { name, kind: options.kind, ...(await readRegistryBody(options)) };
  await printRegistry(options.output, await createHttpClient(readSettings()).addRegistry(body, options.test === true));
}
