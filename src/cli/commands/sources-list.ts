import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { printAs } from '../output.ts';
import { readSettings } from '../settings.ts';
import { type SourceOptions, sourceTable, withNamespace } from '../source-lines.ts';
import { note } from '../terminal.ts';

export function sourcesList(command: Command): void {
  withNamespace(command).action(run);
  withExample(command, 'chandlery sources -n team-a');
}

async function run({ output, namespace }: SourceOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).sources(namespace);
  if (output === 'table' && body.length === 0) note('there is no source');
  await printAs(output, { body, names: (sources) => sources.map(({ name }) => name), table: sourceTable });
}
