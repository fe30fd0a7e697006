import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import { readSettings } from '../settings.ts';
import { printSource, type SourceOptions, withNamespace } from '../source-lines.ts';

interface EditOptions extends SourceOptions {
  url?: string;
  label?: string;
}

export function sourcesEdit(command: Command): void {
  withNamespace(command)
    .argument('<name>', 'name of the source')
    .option('--url <url>', 'another https address')
    .option('--label <text>', 'another label; an empty one takes it away')
    .action(run);
  withExample(command, 'chandlery sources edit internal-mirror --label "Our mirror" -n team-a');
}

async function run(name: string, { output, namespace, url, label }: EditOptions): Promise<void> {
  if (url === undefined && label === undefined)
    throw new CliError({ message: 'nothing is to be changed', exitCode: EXIT.usage, guidance: 'Give --url, --label or both.' });
  const client = createHttpClient(readSettings());
  // The API replaces the whole value: what is not given stays only when it is sent again.
  const present = await client.source(namespace, name);
  const body = { url: url ?? present.url, displayName: label ?? present.displayName };
  await printSource(output, await client.changeSource(namespace, name, body));
}
