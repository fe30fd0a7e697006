import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { Whoami } from '../http-identity.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { rolesText } from '../roles.ts';
import { readSettings } from '../settings.ts';
import { oneLine } from '../text.ts';

export function whoami(command: Command): void {
  withOutput(command).action(run);
  withExample(command, 'chandlery whoami');
}

async function run({ output }: OutputOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).whoami();
  await printAs(output, { body, names: ({ user }) => [user], table: textOf });
}

function textOf({ user, groups, via, roles, scopes, token }: Whoami): string {
  const until = token?.expiresAt === undefined ? '' : `, until ${token.expiresAt}`;
  const lines = [
    ['user', user],
    ['groups', groups.join(', ') || 'none'],
    ['roles', rolesText(roles) || 'none'],
    ...(scopes === undefined ? [] : [['scopes', scopes.join(', ')]]),
    ['known by', via === 'cluster' ? 'the cluster' : `token ${token?.name ?? ''}${until}`],
  ];
  return lines.map(([name = '', value = '']) => `${name.padEnd(10)}${oneLine(value)}`).join('\n');
}
