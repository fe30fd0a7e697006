import type { Command } from 'commander';
import { given, positiveNumber } from '../arguments.ts';
import { finishDeploying, type RolloutOptions, rolloutOf, withRollout } from '../deploying.ts';
import { type DeploymentOptions, withDeployment } from '../deployment-argument.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { deploymentIdOf } from '../http-deployments.ts';
import { withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { withDetach } from '../start.ts';

interface RollbackOptions extends RolloutOptions, DeploymentOptions {
  revision?: number;
}

export function deploymentsRollback(command: Command): void {
  withRollout(withDeployment(withDetach(withOutput(command))))
    .option('--revision <number>', 'go back to this one (default: the one before the current)', positiveNumber)
    .action(run);
  withExample(command, 'chandlery deployments rollback shop -n team-a --revision 2');
}

async function run(argument: string, { output, namespace, revision, detach, ...options }: RollbackOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const body = { ...given({ revision }), ...rolloutOf(options) };
  const accepted = await client.rollback(deploymentIdOf(argument, namespace), body);
  await finishDeploying(client, accepted, { output, ...given({ detach }) });
}
