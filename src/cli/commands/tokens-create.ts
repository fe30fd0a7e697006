import type { Command } from 'commander';
import type { RoleGrant } from '../../domain/access.ts';
import { gather, given, seconds } from '../arguments.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { gatherRole, rolesText } from '../roles.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

interface CreateOptions extends OutputOptions {
  user: string;
  group?: string[];
  role?: RoleGrant[];
  scope?: string[];
  name?: string;
  expires?: number;
}

export function tokensCreate(command: Command): void {
  withOutput(command)
    .requiredOption('--user <user>', 'who the bearer is, to Chandlery and to the cluster (required)')
    .option('--group <group>', 'a group of that user (may be repeated)', gather)
    .option(
      '--role <role[@namespace]>',
      'viewer, installer, operator or admin, everywhere or in a namespace (may be repeated; default: viewer everywhere)',
      gatherRole,
    )
    .option('--scope <scope>', 'narrow it to this, such as catalog:read (may be repeated)', gather)
    .option('--name <name>', 'to know it by (default: the user)')
    .option('--expires <time>', 'how long it works, such as 12h or 30d (default: for ever)', seconds)
    .action(run);
  withExample(command, 'chandlery tokens create --user dev --group shop-devs --role operator@shop --expires 30d');
}

async function run({ output, user, group: groups = [], role, scope, name, expires }: CreateOptions): Promise<void> {
  const made = await createHttpClient(readSettings()).createToken({
    user,
    groups,
    ...given({ name, roles: role, scopes: scope, expiresInSeconds: expires }),
  });
  await printAs(output, { body: made, names: ({ token }) => [token], table: ({ token }) => token });
  if (output !== 'table') return;
  const until = made.expiresAt === undefined ? 'for ever' : `until ${made.expiresAt}`;
  note(oneLine(`it acts as ${made.user} (${made.groups.join(', ') || 'no groups'}) ${until}, and is shown only now`));
  note(oneLine(`roles ${rolesText(made.roles) || 'none'}; scopes ${made.scopes?.join(', ') ?? 'all'}; id ${made.id}`));
}
