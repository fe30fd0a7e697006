import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

interface RemoveOptions {
  namespace: string;
}

export function sourcesRemove(command: Command): void {
  command
    .argument('<name>', 'name of the source')
    .option('-n, --namespace <namespace>', 'namespace of the sources', 'default')
    .action(run);
  withExample(command, 'chandlery sources remove internal-mirror -n team-a');
}

async function run(name: string, { namespace }: RemoveOptions): Promise<void> {
  await createHttpClient(readSettings()).removeSource(namespace, name);
  note(`removed  ${oneLine(name)}`);
}
