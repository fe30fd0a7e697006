import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { readSettings } from '../settings.ts';
import type { DeployOptions } from './deploy.ts';
import { deployNew, withDeployOptions } from './deploy.ts';

/** Reference 1's word for `deploy --template NAME`. */
export function marketplaceDeploy(command: Command): void {
  withDeployOptions(command)
    .argument('<ref>', '[REGISTRY/]NAME[@RANGE] of a template')
    .option('--name <name>', "name of the deployment (default: the template's)")
    .action(run);
  withExample(command, 'chandlery marketplace deploy redis -n team-a');
}

async function run(ref: string, options: DeployOptions): Promise<void> {
  const { name } = options;
  await deployNew(createHttpClient(readSettings()), { ref, ...(name !== undefined && { name }) }, options);
}
