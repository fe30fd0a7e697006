import type { Command } from 'commander';
import { type DeploymentOptions, withDeployment } from '../deployment-argument.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { deploymentIdOf } from '../http-deployments.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { outputLines } from '../outputs.ts';
import { readSettings } from '../settings.ts';

interface OutputsOptions extends OutputOptions, DeploymentOptions {
  secrets: boolean;
}

export function deploymentsOutputs(command: Command): void {
  withDeployment(withOutput(command)).option('--no-secrets', 'leave the values of secret outputs out').action(run);
  withExample(command, 'chandlery deployments outputs shop -n team-a');
}

async function run(argument: string, { output, namespace, secrets }: OutputsOptions): Promise<void> {
  const id = deploymentIdOf(argument, namespace);
  const body = await createHttpClient(readSettings()).outputs(id, { secrets: secrets ? 'true' : 'false' });
  await printAs(output, {
    body,
    names: ({ outputs }) => outputs.map(({ name }) => name),
    table: ({ outputs }) => outputLines(outputs).join('\n'),
  });
}
