import type { Command } from 'commander';
import { Option } from 'commander';
import type { OperationKind } from '../../domain/operation.ts';
import { given, pageSize } from '../arguments.ts';
import { withExample } from '../example.ts';
import type { OperationSummary } from '../http.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { elapsed } from '../steps-text.ts';
import { note } from '../terminal.ts';
import { age } from '../text.ts';

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
    .addOption(new Option('--kind <kind>', 'operations of this kind').choices(['install', 'uninstall']))
    .option('--limit <number>', 'operations shown, at most 100 (default: 20)', pageSize)
    .action(run);
  withExample(command, 'chandlery ops list --state failed');
}

async function run({ output, namespace, state, kind, limit }: ListOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).operations(given({ namespace, state, kind, limit }));
  await printAs(output, {
    body,
    names: ({ operations }) => operations.map(({ id }) => id),
    table: ({ operations }) => tableOf(operations),
  });
}

async function tableOf(operations: readonly OperationSummary[]): Promise<string> {
  const { renderTable } = await import('../table.ts');
  if (operations.length === 0) note('no operation found');
  const now = Date.now();
  const rows = operations.map((operation) => [
    operation.id,
    operation.state,
    age(operation.createdAt, now),
    elapsed(operation.createdAt, operation.endedAt, now),
    operation.requester,
  ]);
  return renderTable(['ID', 'STATE', 'AGE', 'TOOK', 'REQUESTER'], rows);
}
