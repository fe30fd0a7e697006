import type { Command } from 'commander';
import type { RegistryView } from '../../domain/catalog-views.ts';
import { statusWords } from '../catalog-text.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { originWords } from '../registry-text.ts';
import { readSettings } from '../settings.ts';
import { age } from '../text.ts';

export function registriesList(command: Command): void {
  withOutput(command).action(run);
  withExample(command, 'chandlery registries list');
}

async function run({ output }: OutputOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).registries();
  await printAs(output, {
    body,
    names: ({ registries }) => registries.map(({ name }) => name),
    table: ({ registries }) => tableOf(registries),
  });
}

async function tableOf(registries: readonly RegistryView[]): Promise<string> {
  const { renderTable } = await import('../table.ts');
  const rows = registries.map((registry) => [
    registry.default ? `${registry.name} (default)` : registry.name,
    registry.kind,
    registry.type,
    originWords(registry),
    statusWords(registry),
    String(registry.templates),
    age(registry.checkedAt),
    registry.url ?? registry.message,
  ]);
  return renderTable(['NAME', 'KIND', 'TYPE', 'FROM', 'STATUS', 'TEMPLATES', 'CHECKED', 'URL'], rows, {
    width: process.stdout.columns,
  });
}
