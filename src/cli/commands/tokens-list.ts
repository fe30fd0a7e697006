import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { Token } from '../http-deployments.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { age } from '../text.ts';

export function tokensList(command: Command): void {
  withOutput(command).action(run);
  withExample(command, 'chandlery tokens list');
}

async function run({ output }: OutputOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).tokens();
  await printAs(output, { body, names: ({ tokens }) => tokens.map(({ name }) => name), table: ({ tokens }) => tableOf(tokens) });
}

async function tableOf(tokens: readonly Token[]): Promise<string> {
  const { renderTable } = await import('../table.ts');
  const rows = tokens.map(({ name, user, groups, createdAt, expiresAt }) => [
    name,
    user,
    groups.join(','),
    age(createdAt),
    expiresAt ?? 'never',
  ]);
  return renderTable(['NAME', 'USER', 'GROUPS', 'AGE', 'EXPIRES'], rows, { width: process.stdout.columns });
}
