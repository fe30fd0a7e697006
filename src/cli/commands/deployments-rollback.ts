import type { Command } from 'commander';
import { given, positiveNumber } from '../arguments.ts';
import { finishDeploying, type RolloutOptions, rolloutOf, withRollout } from '../deploying.ts';
import { type DeploymentOptions, withDeployment } from '../deployment-argument.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import { deploymentIdOf } from '../http-deployments.ts';
import { withOutput } from '../output.ts';
import { makePlan, printPlan } from '../planning.ts';
import { readSettings } from '../settings.ts';
import { withDetach } from '../start.ts';

interface RollbackOptions extends RolloutOptions, DeploymentOptions {
  revision?: number;
  dryRun?: boolean;
}

export function deploymentsRollback(command: Command): void {
  withRollout(withDeployment(withDetach(withOutput(command))))
    .option('--revision <number>', 'go back to this one (default: the one before the current)', positiveNumber)
    .option('--dry-run', 'print the plan and change nothing')
    .action(run);
  withExample(command, 'chandlery deployments rollback shop -n team-a --revision 2');
}

async function run(
  argument: string,
  { output, namespace, revision, dryRun, detach, ...options }: RollbackOptions,
): Promise<void> {
  const client = createHttpClient(readSettings());
  const id = deploymentIdOf(argument, namespace);
  if (dryRun) {
    const back = { deployment: id, revision: revision ?? (await revisionBefore(client, id)) };
    const plan = await makePlan(client, { ...back, ...given({ force: options.force }) });
    return await printPlan(plan, output === 'table' ? 'text' : output);
  }
  const body = { ...given({ revision }), ...rolloutOf(options) };
  const accepted = await client.rollback(id, body);
  await finishDeploying(client, accepted, { output, ...given({ detach }) });
}

/** The one that a rollback without a number goes back to: the newest that was once the current one. */
async function revisionBefore(client: HttpClient, id: string): Promise<number> {
  const { revisions } = await client.revisions(id);
  const found = revisions.find(({ state }) => state === 'superseded');
  if (found !== undefined) return found.number;
  throw new CliError({
    message: `${id} has no revision before this one to go back to`,
    code: 'revision_not_found',
    exitCode: EXIT.notFound,
  });
}
