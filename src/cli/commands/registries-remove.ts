import { createInterface } from 'node:readline/promises';
import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

interface RemoveOptions {
  yes?: true;
}

export function registriesRemove(command: Command): void {
  command.argument('<registry>', 'its name').option('-y, --yes', 'do not ask').action(run);
  withExample(command, 'chandlery registries remove charts --yes');
}

async function run(name: string, { yes }: RemoveOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const { revision, templates } = await client.registry(name);
  if (!yes) await confirm(`Remove the registry ${oneLine(name)} with its ${templates} templates? What is installed stays.`);
  await client.removeRegistry(name, revision);
  note(`removed  ${oneLine(name)}`);
}

async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CliError({ message: 'this asks before it removes', exitCode: EXIT.usage, guidance: 'Add --yes.' });
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} [y/N] `).finally(() => terminal.close());
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError({ message: 'nothing was removed', exitCode: EXIT.cancelled });
}
