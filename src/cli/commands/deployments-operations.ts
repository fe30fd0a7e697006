import type { Command } from 'commander';
import { given, pageSize } from '../arguments.ts';
import { type DeploymentOptions, withDeployment } from '../deployment-argument.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { deploymentIdOf } from '../http-deployments.ts';
import { operationsTable } from '../operations-table.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';

interface OperationsOptions extends OutputOptions, DeploymentOptions {
  limit?: number;
}

export function deploymentsOperations(command: Command): void {
  withDeployment(withOutput(command))
    .option('--limit <number>', 'operations shown, at most 100 (default: 20)', pageSize)
    .action(run);
  withExample(command, 'chandlery deployments operations shop -n team-a');
}

async function run(argument: string, { output, namespace, limit }: OperationsOptions): Promise<void> {
  const id = deploymentIdOf(argument, namespace);
  const body = await createHttpClient(readSettings()).deploymentOperations(id, given({ limit }));
  await printAs(output, {
    body,
    names: ({ operations }) => operations.map((operation) => operation.id),
    table: ({ operations }) => operationsTable(operations),
  });
}
