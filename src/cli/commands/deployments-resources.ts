import type { Command } from 'commander';
import type { ResourceView } from '../../domain/deployment.ts';
import { type DeploymentOptions, withDeployment } from '../deployment-argument.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { deploymentIdOf } from '../http-deployments.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { age } from '../text.ts';

export function deploymentsResources(command: Command): void {
  withDeployment(withOutput(command)).action(run);
  withExample(command, 'chandlery deployments resources shop -n team-a');
}

async function run(argument: string, { output, namespace }: OutputOptions & DeploymentOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).resources(deploymentIdOf(argument, namespace));
  await printAs(output, {
    body,
    names: ({ resources, pods }) => [...resources, ...pods].map(({ kind, name }) => `${kind.toLowerCase()}/${name}`),
    table: ({ resources, pods }) => tableOf([...resources, ...pods]),
  });
  if (body.truncated) note('there are more pods than are shown');
}

async function tableOf(resources: readonly ResourceView[]): Promise<string> {
  const { renderTable } = await import('../table.ts');
  if (resources.length === 0) note('it has no objects');
  const rows = resources.map(({ kind, namespace, name, status, createdAt, message }) => [
    kind,
    namespace === undefined ? name : `${namespace}/${name}`,
    status,
    createdAt === undefined ? undefined : age(createdAt),
    message,
  ]);
  return renderTable(['KIND', 'NAME', 'STATUS', 'AGE', 'MESSAGE'], rows, { width: process.stdout.columns });
}
