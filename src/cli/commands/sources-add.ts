import type { Command } from 'commander';
import { given } from '../arguments.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { readSettings } from '../settings.ts';
import { printSource, type SourceOptions, withNamespace } from '../source-lines.ts';

interface AddOptions extends SourceOptions {
  label?: string;
}

export function sourcesAdd(command: Command): void {
  withNamespace(command)
    .argument('<name>', 'letters, digits, "-", "_" and "."')
    .argument('<url>', 'https address of a marketplace.json; it is not fetched now')
    .option('--label <text>', 'what people see (default: the name)')
    .action(run);
  withExample(command, 'chandlery sources add internal-mirror https://internal.example.com/marketplace.json -n team-a');
}

async function run(name: string, url: string, { output, namespace, label }: AddOptions): Promise<void> {
  const body = { name, url, ...given({ displayName: label }) };
  await printSource(output, await createHttpClient(readSettings()).addSource(namespace, body));
}
