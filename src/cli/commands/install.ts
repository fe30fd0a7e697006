import type { Command } from 'commander';
import { given } from '../arguments.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { startAndWait, withDetach } from '../start.ts';

interface InstallOptions extends OutputOptions {
  namespace: string;
  acceptUnsigned?: boolean;
  force?: boolean;
  detach?: boolean;
}

export function install(command: Command): void {
  withDetach(withOutput(command))
    .argument('<ref>', '[REGISTRY/]NAME[@RANGE], or source:NAMESPACE/SOURCE/NAME for an item of a namespace source')
    .option('-n, --namespace <namespace>', 'namespace to install into', 'default')
    .option('--accept-unsigned', 'install although nobody signed it')
    .option('--force', 'materialise again also what is already there')
    .action(run);
  withExample(command, 'chandlery install shop@^1.0.0 -n team-a');
}

async function run(ref: string, { output, detach, namespace, acceptUnsigned, force }: InstallOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const accepted = await client.install({ ref, namespace, ...given({ acceptUnsigned, force }) });
  await startAndWait(client, accepted, { output, detach });
}
