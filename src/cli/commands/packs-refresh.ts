import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { type OutputOptions, withOutput } from '../output.ts';
import { printPacks } from '../pack-text.ts';
import { readSettings } from '../settings.ts';

export function packsRefresh(command: Command): void {
  withOutput(command).action(run);
  withExample(command, 'chandlery packs refresh');
}

async function run({ output }: OutputOptions): Promise<void> {
  const catalog = await createHttpClient(readSettings()).refreshPacks();
  await printPacks(output, catalog, ({ index, meta }) => `${meta.resolved_url}: ${index.packs.length} packs`);
}
