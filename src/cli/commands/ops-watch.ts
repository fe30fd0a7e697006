import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { operationIdOf } from '../operation-id.ts';
import type { OutputOptions } from '../output.ts';
import { withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { waitForOperation } from '../wait.ts';

export function opsWatch(command: Command): void {
  withOutput(command).argument('<id>', 'id of the operation, or @last').action(run);
  withExample(command, 'chandlery ops watch @last');
}

async function run(argument: string, { output }: OutputOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  await waitForOperation(client, await operationIdOf(client, argument), output);
}
