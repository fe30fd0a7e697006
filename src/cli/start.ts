import type { Command } from 'commander';
import type { OperationView } from '../domain/operation.ts';
import type { Accepted, HttpClient } from './http.ts';
import type { Format } from './output.ts';
import { printAs } from './output.ts';
import { note } from './terminal.ts';

/** What every command that starts an operation does then: wait with progress, or say which operation it is. */

export function withDetach(command: Command): Command {
  return command.option('--detach', 'print the id of the operation and do not wait');
}

/** Fails with a CliError unless the operation succeeds; with `detach` it is enough that it was accepted, and undefined is answered. */
export async function startAndWait(
  client: HttpClient,
  accepted: Accepted,
  { output, detach }: { output: Format; detach: boolean | undefined },
): Promise<OperationView | undefined> {
  if (accepted.joined) note('an equal request is already running; this is its operation');
  if (detach) {
    const id = ({ operation }: Accepted) => operation;
    await printAs(output, { body: accepted, names: (body) => [id(body)], table: id });
    return undefined;
  }
  const { waitForOperation } = await import('./wait.ts');
  return await waitForOperation(client, accepted.operation, output);
}
