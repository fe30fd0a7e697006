import type { Command } from 'commander';
import { given } from '../arguments.ts';
import { finishDeploying, type RolloutOptions, rolloutOf, withRollout } from '../deploying.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import type { HttpClient } from '../http.ts';
import { createHttpClient } from '../http.ts';
import type { DeployBody } from '../http-deployments.ts';
import { withOutput } from '../output.ts';
import type { ParameterOptions } from '../parameters.ts';
import { withParameters } from '../parameters.ts';
import { readSettings } from '../settings.ts';
import { withDetach } from '../start.ts';

/** Options of `deploy`, `launch` and `marketplace deploy`. */
export interface DeployOptions extends RolloutOptions, ParameterOptions {
  namespace: string;
  template?: string;
  image?: string;
  plan?: string;
  name?: string;
  size?: string;
  spot?: boolean;
  owner?: string;
}

export function deploy(command: Command): void {
  withDeployOptions(command)
    .argument('[ref]', '[REGISTRY/]NAME[@RANGE] of a template')
    .option('--template <ref>', 'the same as the argument')
    .option('--image <image>', 'deploy this image with the built-in template web-app')
    .option('--plan <digest>', 'carry out exactly this plan')
    .option('--name <name>', "name of the deployment (default: the template's, or the image's)")
    .action(run);
  withExample(command, 'chandlery deploy redis -n team-a -p storage=10Gi');
}

/** What all ways to deploy have in common. */
export function withDeployOptions(command: Command): Command {
  return withRollout(withParameters(withDetach(withOutput(command))))
    .option('-n, --namespace <namespace>', 'namespace to deploy into', 'default')
    .option('--accept-unsigned', 'deploy although nobody signed it')
    .option('--size <size>', 'S, M, L or XL, where the template has sizes')
    .option('--spot', 'run on nodes that are cheaper and may be taken away')
    .option('--owner <user>', 'who it is for, where the template has that parameter');
}

async function run(ref: string | undefined, options: DeployOptions, command: Command): Promise<void> {
  const { template, image, plan } = options;
  const named = [ref, template, image, plan].filter((one) => one !== undefined);
  if (named.length !== 1)
    throw new CliError({ message: 'name exactly one of a template, --template, --image and --plan', exitCode: EXIT.usage });
  const reference = ref ?? template;
  const client = createHttpClient(readSettings());
  if (plan !== undefined) {
    // Its default says nothing about a plan, which is for one namespace alone.
    if (command.getOptionValueSource('namespace') === 'cli') await checkNamespace(client, plan, options.namespace);
    return await carryOut(client, plan, options);
  }
  await deployNew(client, given({ ref: reference, image, name: options.name }), options);
}

/** Starts the deploy of a template or an image and waits for it. */
export async function deployNew(client: HttpClient, what: DeployBody, options: DeployOptions): Promise<void> {
  const { namespace, size, spot, owner } = options;
  const values = await valuesOf(client, namespace, what, options);
  const body = { namespace, ...what, ...given({ size, spot, owner }), ...rolloutOf(options), ...values };
  await finishDeploying(client, await client.deploy(body), options);
}

async function valuesOf(client: HttpClient, namespace: string, what: DeployBody, options: ParameterOptions) {
  const { readParameters } = await import('../parameters.ts');
  const { parameters, secrets } = await readParameters(options, async () => {
    const { parametersOf } = await import('../template-lookup.ts');
    return await parametersOf(client, namespace, what);
  });
  const all = { ...parameters, ...secrets };
  return Object.keys(all).length > 0 ? { parameters: all } : {};
}

async function checkNamespace(client: HttpClient, plan: string, namespace: string): Promise<void> {
  const planned = await client.planOf(plan);
  if (planned.namespace === namespace) return;
  throw new CliError({
    message: `the plan is for namespace ${planned.namespace}, not for ${namespace}: leave -n out, or make a plan for ${namespace}`,
    exitCode: EXIT.usage,
  });
}

async function carryOut(client: HttpClient, plan: string, options: DeployOptions): Promise<void> {
  const { parameter, file, name, size, spot, owner, setSecret } = options;
  const settled = given({ '-p': parameter, '-f': file, '--name': name, '--size': size, '--spot': spot, '--owner': owner });
  const [extra] = Object.keys(settled);
  if (extra !== undefined) throw new CliError({ message: `${extra} is in the plan already`, exitCode: EXIT.usage });
  const { readParameters } = await import('../parameters.ts');
  const { secrets } = await readParameters(given({ setSecret }), async () => {
    const { template } = await client.planOf(plan);
    return (await client.template(template.name, { registry: template.registry, version: template.version })).manifest.spec
      .parameters;
  });
  const body = { plan, ...rolloutOf(options), ...(Object.keys(secrets).length > 0 && { secrets }) };
  await finishDeploying(client, await client.deploy(body), options);
}
