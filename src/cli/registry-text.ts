import type { RegistryDetail } from '../domain/catalog-views.ts';
import { statusWords } from './catalog-text.ts';
import type { Format } from './output.ts';
import { printAs } from './output.ts';
import { age, oneLine } from './text.ts';

const ORIGIN: Readonly<Record<RegistryDetail['origin'], string>> = { 'built-in': 'built-in', file: 'file', api: 'API' };

/** Where a registry is configured; a server of before does not tell. */
export function originWords({ origin }: { origin?: RegistryDetail['origin'] | undefined }): string {
  return origin === undefined ? '-' : (ORIGIN[origin] ?? oneLine(origin));
}

/** Prints one registry in the chosen format. */
export async function printRegistry(output: Format, body: RegistryDetail): Promise<void> {
  await printAs(output, { body, names: (registry) => [registry.name], table: textOf });
}

function textOf(registry: RegistryDetail): string {
  const facts: Array<[string, string | undefined]> = [
    ['name', registry.default ? `${registry.name} (default)` : registry.name],
    ['kind', registry.kind],
    ['type', registry.type],
    ['url', registry.url],
    ['from', originWords(registry)],
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
