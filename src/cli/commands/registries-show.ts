import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { withOutput } from '../output.ts';
import { printRegistry } from '../registry-text.ts';
import { readSettings } from '../settings.ts';

export function registriesShow(command: Command): void {
  withOutput(command).argument('<registry>', 'its name').action(run);
  withExample(command, 'chandlery registries show local');
}

async function run(name: string, { output }: OutputOptions): Promise<void> {
  await printRegistry(output, await createHttpClient(readSettings()).registry(name));
}
