import type { Command } from 'commander';
import type { CatalogSnapshot } from '../../domain/helmdeck.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { type OutputOptions, withOutput } from '../output.ts';
import { printPacks } from '../pack-text.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';

export function packsList(command: Command): void {
  withOutput(command).action(run);
  withExample(command, 'chandlery packs');
}

async function run({ output }: OutputOptions): Promise<void> {
  const catalog = await createHttpClient(readSettings()).packs();
  if (output === 'table' && catalog.index.packs.length === 0) note('there is no pack');
  await printPacks(output, catalog, tableOf);
}

async function tableOf({ index }: CatalogSnapshot): Promise<string> {
  const { renderTable } = await import('../table.ts');
  const rows = index.packs.map((pack) => [pack.name, pack.version, pack.category, pack.author, pack.description]);
  return renderTable(['NAME', 'VERSION', 'CATEGORY', 'AUTHOR', 'DESCRIPTION'], rows, { width: process.stdout.columns });
}
