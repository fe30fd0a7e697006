import type { Command } from 'commander';
import { type DeploymentOptions, withDeployment } from '../deployment-argument.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { deploymentIdOf } from '../http-deployments.ts';
import type { OutputOptions } from '../output.ts';
import { withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { startAndWait, withDetach } from '../start.ts';
import { print } from '../terminal.ts';
import { oneLine } from '../text.ts';

interface DestroyOptions extends OutputOptions, DeploymentOptions {
  deleteVolumes?: boolean;
  detach?: boolean;
}

export function deploymentsDestroy(command: Command): void {
  withDeployment(withDetach(withOutput(command)))
    .option('--delete-volumes', 'also the volumes with their data, which are kept otherwise, with the secret values they need')
    .action(run);
  withExample(command, 'chandlery deployments destroy shop -n team-a');
}

async function run(argument: string, { output, namespace, deleteVolumes, detach }: DestroyOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const query = deleteVolumes ? { deleteVolumes: 'true' } : {};
  const accepted = await client.destroy(deploymentIdOf(argument, namespace), query);
  const ended = await startAndWait(client, accepted, { output, detach });
  const { kept = [] } = (ended?.result ?? {}) as { kept?: string[] };
  if (output === 'table') for (const left of kept) print(`kept  ${oneLine(left)}`);
}
