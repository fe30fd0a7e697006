import type { Command } from 'commander';
import { type DeploymentOptions, withDeployment } from '../deployment-argument.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { type Deployment, deploymentIdOf } from '../http-deployments.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { oneLine } from '../text.ts';

export function deploymentsShow(command: Command): void {
  withDeployment(withOutput(command)).action(run);
  withExample(command, 'chandlery deployments show shop -n team-a');
}

async function run(argument: string, { output, namespace }: OutputOptions & DeploymentOptions): Promise<void> {
  const deployment = await createHttpClient(readSettings()).deployment(deploymentIdOf(argument, namespace));
  await printAs(output, { body: deployment, names: ({ id }) => [id], table: textOf });
}

function textOf(deployment: Deployment): string {
  const { template, dependencies, dependents = [], owner } = deployment;
  const needs = dependencies.map(({ name, template: of, range, owned }) => `${name} (${of} ${range}${owned ? ', its own' : ''})`);
  const facts: Array<[string, string]> = [
    ['id', deployment.id],
    ['template', `${template.registry}/${template.name}@${template.version}`],
    ['digest', template.digest],
    ['source', deployment.source],
    ['state', deployment.state],
    ['revision', String(deployment.revision)],
    ...(owner === undefined ? [] : [['owner', `deployed for ${owner}`] satisfies [string, string]]),
    ['needs', needs.join(', ') || 'nothing'],
    ['needed by', dependents.map(({ name }) => name).join(', ') || 'nothing'],
    ['created', deployment.createdAt],
    ['changed', `${deployment.updatedAt} by ${deployment.requester}`],
    ['operation', deployment.operation],
  ];
  return facts.map(([label, value]) => `${label.padEnd(9)}  ${oneLine(value)}`).join('\n');
}
