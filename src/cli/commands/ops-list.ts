import type { Command } from 'commander';
import { Option } from 'commander';
import type { OperationKind } from '../../domain/operation.ts';
import { STEPS } from '../../domain/operation.ts';
import { given, pageSize } from '../arguments.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { operationsTable } from '../operations-table.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';

interface ListOptions extends OutputOptions {
  namespace?: string;
  state?: string;
  kind?: OperationKind;
  limit?: number;
}

export function opsList(command: Command): void {
  withOutput(command)
    .option('-n, --namespace <namespace>', 'operations on this namespace only')
    .addOption(new Option('--state <state>', 'operations in this state').choices(['running', 'succeeded', 'failed', 'cancelled']))
    .addOption(new Option('--kind <kind>', 'operations of this kind').choices(Object.keys(STEPS)))
    .option('--limit <number>', 'operations shown, at most 100 (default: 20)', pageSize)
    .action(run);
  withExample(command, 'chandlery ops list --state failed');
}

async function run({ output, namespace, state, kind, limit }: ListOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).operations(given({ namespace, state, kind, limit }));
  await printAs(output, {
    body,
    names: ({ operations }) => operations.map(({ id }) => id),
    table: ({ operations }) => operationsTable(operations),
  });
}
