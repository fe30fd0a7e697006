import { type Command, Option } from 'commander';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import { withOutput } from '../output.ts';
import { type RegistryOptions, readRegistryBody, withRegistryOptions } from '../registry-options.ts';
import { printRegistry } from '../registry-text.ts';
import { readSettings } from '../settings.ts';
import { TYPES } from './registries-add.ts';

interface UpdateOptions extends RegistryOptions {
  /** False: --no-credentials. */
  credentials: boolean;
  ca: boolean;
}

const OF_A_CREDENTIAL = ['tokenStdin', 'username', 'passwordStdin', 'sshKeyFile', 'knownHostsFile'];

export function registriesUpdate(command: Command): void {
  const known = withOutput(command)
    .argument('<registry>', 'its name')
    .addOption(new Option('--type <type>', 'how far it is trusted').choices(TYPES))
    .option('--url <url>', 'another address; on another server the credential must be given again');
  withRegistryOptions(known)
    .option('--no-default', 'let it answer bare names no longer')
    .option('--no-allow-http', 'let its host be called over https only')
    .addOption(new Option('--no-credentials', 'call it without a credential').conflicts(OF_A_CREDENTIAL))
    .addOption(new Option('--no-ca', "trust the system's certificate authorities only").conflicts('caFile'))
    .action(run);
  withExample(command, 'chandlery registries update charts --token-stdin < token');
}

async function run(name: string, options: UpdateOptions): Promise<void> {
  const body = {
    ...(!options.credentials && { credentials: null }),
    ...(!options.ca && { ca: null }),
    ...(await readRegistryBody(options)),
  };
  if (Object.keys(body).length === 0 && !options.test)
    throw new CliError({ message: 'nothing is to be changed', exitCode: EXIT.usage, guidance: 'See --help for what can be.' });
  const client = createHttpClient(readSettings());
  // Of what is there now: whoever changes it in between is not undone.
  const { revision } = await client.registry(name);
  await printRegistry(options.output, await client.changeRegistry(name, body, { revision, test: options.test === true }));
}
