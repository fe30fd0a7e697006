import { EXIT } from './exit-codes.ts';
import { CliError } from './failure.ts';
import type { HttpClient } from './http.ts';

/** What stands for the newest operation wherever an id is expected. */
const LAST = '@last';

/** The id as given, or the newest operation's for `@last`. The list trails the truth by moments. */
export async function operationIdOf(client: Pick<HttpClient, 'operations'>, argument: string): Promise<string> {
  if (argument !== LAST) return argument;
  const { operations } = await client.operations({ limit: 1 });
  const [newest] = operations;
  if (!newest) throw new CliError({ message: 'there is no operation yet', code: 'operation_not_found', exitCode: EXIT.notFound });
  return newest.id;
}
