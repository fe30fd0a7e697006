import type { Command } from 'commander';
import { given } from '../arguments.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import { type ParameterOptions, readParameters, withParameters } from '../parameters.ts';
import { makePlan, type PlanFormat, printPlan, withPlanOutput } from '../planning.ts';
import { readSettings } from '../settings.ts';
import { parametersOf } from '../template-lookup.ts';

interface PlanOptions extends ParameterOptions {
  output: PlanFormat;
  namespace: string;
  image?: string;
  name?: string;
  size?: string;
  spot?: boolean;
  owner?: string;
  force?: boolean;
  acceptUnsigned?: boolean;
}

export function plan(command: Command): void {
  withParameters(withPlanOutput(command))
    .argument('[ref]', '[REGISTRY/]NAME[@RANGE] of a template')
    .argument('[name]', 'the same as --name')
    .option('--image <image>', 'plan for this image with the built-in template web-app')
    .option('--name <name>', "name of the deployment (default: the template's, or the image's)")
    .option('-n, --namespace <namespace>', 'namespace to deploy into', 'default')
    .option('--size <size>', 'S, M, L or XL, where the template has sizes')
    .option('--spot', 'run on nodes that are cheaper and may be taken away')
    .option('--owner <user>', 'who it is for, where the template has that parameter')
    .option('--force', 'as if fields were taken over from other managers')
    .option('--accept-unsigned', 'plan although nobody signed it')
    .action(run);
  withExample(command, 'chandlery plan redis cache -n team-a -p storage=10Gi');
}

async function run(ref: string | undefined, argument: string | undefined, { output, namespace, ...options }: PlanOptions) {
  const { image, name = argument } = options;
  if ((ref === undefined) === (image === undefined)) throw usage('name exactly one of a template and --image');
  if (options.name !== undefined && argument !== undefined) throw usage('give the name of the deployment once');
  const what = given({ ref, image });
  const client = createHttpClient(readSettings());
  const { parameters, secrets } = await readParameters(options, () => parametersOf(client, namespace, what));
  const all = { ...parameters, ...secrets };
  const { size, spot, owner, force, acceptUnsigned } = options;
  const body = {
    ...what,
    namespace,
    ...given({ name, size, spot, owner, force, acceptUnsigned }),
    ...(Object.keys(all).length > 0 && { parameters: all }),
  };
  await printPlan(await makePlan(client, body), output);
}

function usage(message: string): CliError {
  return new CliError({ message, exitCode: EXIT.usage });
}
