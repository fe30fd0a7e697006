import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { readSettings } from '../settings.ts';
import { printSource, type SourceOptions, withNamespace } from '../source-lines.ts';

export function sourcesShow(command: Command): void {
  withNamespace(command).argument('<name>', 'name of the source').action(run);
  withExample(command, 'chandlery sources show internal-mirror -n team-a');
}

async function run(name: string, { output, namespace }: SourceOptions): Promise<void> {
  await printSource(output, await createHttpClient(readSettings()).source(namespace, name));
}
