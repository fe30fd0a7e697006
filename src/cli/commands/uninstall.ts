import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { startAndWait, withDetach } from '../start.ts';

interface UninstallOptions extends OutputOptions {
  namespace: string;
  detach?: boolean;
}

export function uninstall(command: Command): void {
  withDetach(withOutput(command))
    .argument('<name>', 'name of the installed template')
    .option('-n, --namespace <namespace>', 'namespace to remove it from', 'default')
    .action(run);
  withExample(command, 'chandlery uninstall shop -n team-a');
}

async function run(name: string, { output, detach, namespace }: UninstallOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  await startAndWait(client, await client.uninstall(namespace, name), { output, detach });
}
