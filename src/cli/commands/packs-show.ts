import type { Command } from 'commander';
import type { PackDetail } from '../../domain/helmdeck.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { type OutputOptions, printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

export function packsShow(command: Command): void {
  withOutput(command).argument('<pack>', 'its name').action(run);
  withExample(command, 'chandlery packs show cmd.upper');
}

async function run(name: string, { output }: OutputOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).pack(name);
  await printAs(output, { body, names: ({ entry }) => [oneLine(entry.name)], table: textOf });
  for (const warning of body.warnings ?? []) note(`warning: ${oneLine(warning)}`);
}

function textOf({ entry, manifest }: Pick<PackDetail, 'entry' | 'manifest'>): string {
  const { handler, input_schema: input, output_schema: answer, license } = manifest;
  const facts: Array<[string, unknown]> = [
    ['name', entry.name],
    ['version', entry.version],
    ['about', entry.description],
    ['author', entry.author],
    ['category', entry.category],
    ['tags', entry.tags?.join(', ')],
    ['license', license],
    ['path', entry.path],
    ['installs', entry.installs],
    ['stars', entry.stars],
    ['handler', member(handler, 'type')],
    ['command', [member(handler, 'command') ?? []].flat().join(' ')],
    ['inputs', Object.keys(member(input, 'properties') ?? {}).join(', ')],
    ['outputs', Object.keys(member(answer, 'properties') ?? {}).join(', ')],
  ];
  // A manifest is whatever its author wrote.
  return facts
    .flatMap(([label, value]) =>
      ['string', 'number'].includes(typeof value) && value !== '' ? [`${label.padEnd(10)}${oneLine(String(value))}`] : [],
    )
    .join('\n');
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
