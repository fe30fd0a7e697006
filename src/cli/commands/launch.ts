import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { readSettings } from '../settings.ts';
import type { DeployOptions } from './deploy.ts';
import { deployNew, withDeployOptions } from './deploy.ts';

interface LaunchOptions extends DeployOptions {
  researchUser?: string;
}

/** Reference 2's word for a deploy. */
export function launch(command: Command): void {
  withDeployOptions(command)
    .argument('<template>', '[REGISTRY/]NAME[@RANGE]')
    .argument('<name>', 'name of the deployment')
    .option('--research-user <user>', 'the same as --owner')
    .action(run);
  withExample(command, 'chandlery launch web-app demo --size L --spot -p image=ghcr.io/acme/demo:1.0');
}

async function run(ref: string, name: string, { researchUser, owner = researchUser, ...options }: LaunchOptions): Promise<void> {
  const all = owner === undefined ? options : { ...options, owner };
  await deployNew(createHttpClient(readSettings()), { ref, name }, all);
}
