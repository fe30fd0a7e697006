import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

export function tokensRevoke(command: Command): void {
  command.argument('<id>', 'id of the token, as `tokens list` shows it').action(run);
  withExample(command, 'chandlery tokens revoke 0b9a4e4c-5a0e-4f0d-9c1e-2f6d0c1f7a3b');
}

async function run(id: string): Promise<void> {
  await createHttpClient(readSettings()).revokeToken(id);
  note(`revoked  ${oneLine(id)}`);
}
