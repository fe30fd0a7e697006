import type { Command } from 'commander';
import type { RegistryRefresh } from '../../domain/catalog-views.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';

export function registriesRefresh(command: Command): void {
  withOutput(command).argument('<registry>', 'its name').action(run);
  withExample(command, 'chandlery registries refresh local');
}

async function run(name: string, { output }: OutputOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).refreshRegistry(name);
  await printAs(output, { body, names: ({ registry }) => [registry], table: textOf });
}

function textOf({ registry, state, templates, written, removed, problemCount }: RegistryRefresh): string {
  if (state === 'running') return `${registry}: it takes longer and goes on in the background`;
  const problems =
    problemCount > 0 ? `; ${problemCount} entries cannot be used, see \`chandlery registries show ${registry}\`` : '';
  const change = state === 'unchanged' ? 'nothing has changed' : `${written} new or changed, ${removed} gone`;
  return `${registry}: ${templates} templates, ${change}${problems}`;
}
