import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { Token } from '../http-identity.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { rolesText } from '../roles.ts';
import { readSettings } from '../settings.ts';
import { age } from '../text.ts';

export function tokensList(command: Command): void {
  withOutput(command).action(run);
  withExample(command, 'chandlery tokens list');
}

async function run({ output }: OutputOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).tokens();
  await printAs(output, { body, names: ({ tokens }) => tokens.map(({ id }) => id), table: ({ tokens }) => tableOf(tokens) });
}

async function tableOf(tokens: readonly Token[]): Promise<string> {
  const { renderTable } = await import('../table.ts');
  const rows = tokens.map((token) => [
    token.id,
    token.name,
    token.user,
    token.groups.join(','),
    rolesText(token.roles),
    token.scopes?.join(',') ?? 'all',
    age(token.createdAt),
    token.lastUsedAt === undefined ? 'never' : age(token.lastUsedAt),
    endOf(token),
  ]);
  const columns = ['ID', 'NAME', 'USER', 'GROUPS', 'ROLES', 'SCOPES', 'AGE', 'USED', 'EXPIRES'];
  return renderTable(columns, rows, { width: process.stdout.columns });
}

function endOf({ state, expiresAt }: Token): string {
  return state === 'active' ? (expiresAt ?? 'never') : state;
}
