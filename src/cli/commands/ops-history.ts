import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { operationIdOf } from '../operation-id.ts';
import { readSettings } from '../settings.ts';
import { print } from '../terminal.ts';

export function opsHistory(command: Command): void {
  command.argument('<id>', 'id of the operation, or @last').action(run);
  withExample(command, 'chandlery ops history @last > history.json');
}

async function run(argument: string): Promise<void> {
  const client = createHttpClient(readSettings());
  print(await client.history(await operationIdOf(client, argument)));
}
