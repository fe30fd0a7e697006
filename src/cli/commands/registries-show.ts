import type { Command } from 'commander';
import type { RegistryDetail } from '../../domain/catalog-views.ts';
import { statusWords } from '../catalog-text.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { age, oneLine } from '../text.ts';

export function registriesShow(command: Command): void {
  withOutput(command).argument('<registry>', 'its name').action(run);
  withExample(command, 'chandlery registries show local');
}

async function run(name: string, { output }: OutputOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).registry(name);
  await printAs(output, { body, names: (registry) => [registry.name], table: textOf });
}

function textOf(registry: RegistryDetail): string {
  const facts: Array<[string, string | undefined]> = [
    ['name', registry.default ? `${registry.name} (default)` : registry.name],
    ['kind', registry.kind],
    ['type', registry.type],
    ['url', registry.url],
    ['credential', registry.credential],
    ['status', statusWords(registry)],
    ['reason', registry.message ?? registry.error?.message],
    ['templates', String(registry.templates)],
    ['listed', registry.listedAt && `${age(registry.listedAt)} ago`],
    ['checked', registry.checkedAt && `${age(registry.checkedAt)} ago`],
    ['unusable', registry.problemCount > 0 ? `${registry.problemCount} entries of its list` : undefined],
  ];
  const lines = facts.flatMap(([label, value]) => (value ? [`${label.padEnd(11)}${oneLine(value)}`] : []));
  const problems = registry.problems.map(({ subject, message }) => `  ${oneLine(subject)}: ${oneLine(message)}`);
  return [...lines, ...problems].join('\n');
}
