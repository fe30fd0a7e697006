import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import type { SourceItems } from '../http-sources.ts';
import { printAs } from '../output.ts';
import { readSettings } from '../settings.ts';
import { type SourceOptions, withNamespace } from '../source-lines.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

interface ItemsOptions extends SourceOptions {
  refresh?: boolean;
}

export function sourcesItems(command: Command): void {
  withNamespace(command).option('--refresh', 'fetch every source again, also those fetched within the hour').action(run);
  withExample(command, 'chandlery sources items -n team-a');
}

async function run({ output, namespace, refresh }: ItemsOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).sourceItems(namespace, refresh ? { refresh: 'true' } : {});
  await printAs(output, {
    body,
    names: (sources) => itemsOf(sources).map(({ source, item }) => `${source}/${text(item.name)}`),
    table: tableOf,
  });
  const failed = body.flatMap(({ source, error }) => (error ? [{ source, ...error }] : []));
  for (const { source, code, message } of failed) note(`${oneLine(source)}: ${oneLine(message)} (${oneLine(code)})`);
  if (failed.length > 0 && failed.length === body.length)
    throw new CliError({ message: 'no source could be read', exitCode: EXIT.unavailable });
}

function itemsOf(sources: readonly SourceItems[]) {
  return sources.flatMap(({ source, items }) => (items ?? []).map((item) => ({ source, item })));
}

async function tableOf(sources: readonly SourceItems[]): Promise<string> {
  const { renderTable } = await import('../table.ts');
  const rows = itemsOf(sources).map(({ source, item }) => [
    source,
    ...[item.name, item.type, item.version, item.description].map(text),
  ]);
  return renderTable(['SOURCE', 'NAME', 'TYPE', 'VERSION', 'DESCRIPTION'], rows, { width: process.stdout.columns });
}

/** Items are whatever their authors wrote. */
function text(value: unknown): string {
  return typeof value === 'string' ? oneLine(value) : '';
}
