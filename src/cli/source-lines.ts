import type { Command } from 'commander';
import type { Source } from '../domain/sources/source.ts';
import { type OutputOptions, printAs, withOutput } from './output.ts';

/** What the commands for sources share. */

export interface SourceOptions extends OutputOptions {
  namespace: string;
}

export function withNamespace(command: Command): Command {
  return withOutput(command).option('-n, --namespace <namespace>', 'namespace of the sources', 'default');
}

/** One source, in the chosen format. */
export async function printSource(output: OutputOptions['output'], source: Source): Promise<void> {
  await printAs(output, { body: source, names: ({ name }) => [name], table: () => sourceTable([source]) });
}

export async function sourceTable(sources: readonly Source[]): Promise<string> {
  const { renderTable } = await import('./table.ts');
  const rows = sources.map(({ name, displayName, url }) => [name, displayName ?? name, url]);
  return renderTable(['NAME', 'LABEL', 'URL'], rows, { width: process.stdout.columns });
}
