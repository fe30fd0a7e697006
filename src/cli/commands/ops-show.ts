import type { Command } from 'commander';
import type { OperationView } from '../../domain/operation.ts';
import { withExample } from '../example.ts';
import { troubleLines, troubleOfOperation } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import { operationIdOf } from '../operation-id.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { renderOperation } from '../steps-view.ts';
import { colorsFor } from '../terminal.ts';
import { oneLine } from '../text.ts';

export function opsShow(command: Command): void {
  withOutput(command).argument('<id>', 'id of the operation, or @last').action(run);
  withExample(command, 'chandlery ops show @last');
}

async function run(argument: string, { output }: OutputOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const operation = await client.operation(await operationIdOf(client, argument));
  await printAs(output, { body: operation, names: ({ id }) => [id], table: textOf });
}

function textOf(operation: OperationView): string {
  const { id, requester, createdAt, replayOf, endedAt } = operation;
  const width = process.stdout.columns || Number.POSITIVE_INFINITY;
  const steps = renderOperation(operation, { now: Date.now(), frame: 0, width, colors: colorsFor(process.stdout) });
  const trouble = endedAt === undefined ? undefined : troubleOfOperation(operation);
  return [
    `id         ${oneLine(id)}`,
    `requested  ${oneLine(createdAt)} by ${oneLine(requester)}`,
    ...(replayOf === undefined ? [] : [`replay of  ${oneLine(replayOf)}`]),
    ...steps,
    ...(trouble ? troubleLines(trouble) : []),
  ].join('\n');
}
