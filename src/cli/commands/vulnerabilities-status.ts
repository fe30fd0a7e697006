import type { Command } from 'commander';
import type { VulnerabilitySource } from '../../domain/vulnerabilities/database.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { age } from '../text.ts';

export function vulnerabilitiesStatus(command: Command): void {
  withOutput(command).action(run);
  withExample(command, 'chandlery vulnerabilities status');
}

async function run({ output }: OutputOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).vulnerabilities();
  await printAs(output, {
    body,
    names: ({ sources }) => sources.map(({ name }) => name),
    table: ({ sources }) => tableOf(sources),
  });
}

async function tableOf(sources: readonly VulnerabilitySource[]): Promise<string> {
  if (sources.length === 0) return 'no vulnerability data were imported; see `chandlery vulnerabilities import --help`';
  const { renderTable } = await import('../table.ts');
  const rows = sources.map(({ name, ecosystems, entries, newest, importedAt, importedBy }) => [
    name,
    ecosystems.join(','),
    String(entries),
    age(newest),
    age(importedAt),
    importedBy,
  ]);
  return renderTable(['NAME', 'ECOSYSTEMS', 'ADVISORIES', 'AGE', 'IMPORTED', 'BY'], rows, { width: process.stdout.columns });
}
