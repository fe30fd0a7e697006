import type { Command } from 'commander';
import { gather, given } from '../arguments.ts';
import { finishDeploying, type RolloutOptions, rolloutOf, withRollout } from '../deploying.ts';
import { type DeploymentOptions, withDeployment } from '../deployment-argument.ts';
import { withExample } from '../example.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import { deploymentIdOf } from '../http-deployments.ts';
import { withOutput } from '../output.ts';
import { type ParameterOptions, readParameters, withParameters } from '../parameters.ts';
import { makePlan, printPlan } from '../planning.ts';
import { readSettings } from '../settings.ts';
import { withDetach } from '../start.ts';
import { findTemplate } from '../template-lookup.ts';

interface UpgradeOptions extends RolloutOptions, ParameterOptions, DeploymentOptions {
  version?: string;
  unset?: string[];
  dryRun?: boolean;
}

export function deploymentsUpgrade(command: Command): void {
  withRollout(withParameters(withDeployment(withDetach(withOutput(command)))))
    .option('--version <range>', 'another version of its template')
    .option('--unset <name>', 'take a parameter away, so that its default holds again (may be repeated)', gather)
    .option('--accept-unsigned', 'upgrade although nobody signed it')
    .option('--dry-run', 'print the plan and change nothing')
    .action(run);
  withExample(command, 'chandlery deployments upgrade shop -n team-a --version ^1.1.0 -p replicas=3');
}

async function run(argument: string, { output, namespace, unset = [], dryRun, ...options }: UpgradeOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const id = deploymentIdOf(argument, namespace);
  const { version } = options;
  const { parameters, secrets } = await readParameters(options, () => schemaOf(client, id, version));
  const all = { ...parameters, ...secrets, ...Object.fromEntries(unset.map((name) => [name, null])) };
  const change = { ...given({ version }), ...(Object.keys(all).length > 0 && { parameters: all }) };
  if (dryRun) {
    const { force, acceptUnsigned } = options;
    const plan = await makePlan(client, { deployment: id, ...change, ...given({ force, acceptUnsigned }) });
    return await printPlan(plan, output === 'table' ? 'text' : output);
  }
  await finishDeploying(client, await client.upgrade(id, { ...change, ...rolloutOf(options) }), {
    output,
    ...given({ detach: options.detach }),
  });
}

/** Of the version that it will have. */
async function schemaOf(client: HttpClient, id: string, version: string | undefined) {
  const { template } = await client.deployment(id);
  const { registry, name } = template;
  return (await findTemplate(client, { registry, name, range: version ?? template.version })).manifest.spec.parameters;
}
