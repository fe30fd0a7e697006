import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { operationIdOf } from '../operation-id.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';

export function opsCancel(command: Command): void {
  withOutput(command).argument('<id>', 'id of the operation, or @last').action(run);
  withExample(command, 'chandlery ops cancel @last');
}

async function run(argument: string, { output }: OutputOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const operation = await client.cancel(await operationIdOf(client, argument));
  await printAs(output, {
    body: operation,
    names: ({ id }) => [id],
    table: ({ id }) => `cancel requested; the operation takes back what it did: chandlery ops watch ${id}`,
  });
}
