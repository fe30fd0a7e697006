import type { Command } from 'commander';
import { given } from '../arguments.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { type ParameterOptions, readParameters, withParameters } from '../parameters.ts';
import { makePlan, type PlanFormat, printPlan, withPlanOutput } from '../planning.ts';
import { readSettings } from '../settings.ts';
import { templateFor } from '../template-lookup.ts';

interface PlanOptions extends ParameterOptions {
  output: PlanFormat;
  namespace: string;
  size?: string;
  spot?: boolean;
  owner?: string;
  force?: boolean;
  acceptUnsigned?: boolean;
}

export function plan(command: Command): void {
  withParameters(withPlanOutput(command))
    .argument('<ref>', '[REGISTRY/]NAME[@RANGE] of a template')
    .argument('[name]', "name of the deployment (default: the template's)")
    .option('-n, --namespace <namespace>', 'namespace to deploy into', 'default')
    .option('--size <size>', 'S, M, L or XL, where the template has sizes')
    .option('--spot', 'run on nodes that are cheaper and may be taken away')
    .option('--owner <user>', 'who it is for, where the template has that parameter')
    .option('--force', 'as if fields were taken over from other managers')
    .option('--accept-unsigned', 'plan although nobody signed it')
    .action(run);
  withExample(command, 'chandlery plan redis cache -n team-a -p storage=10Gi');
}

async function run(ref: string, name: string | undefined, { output, namespace, ...options }: PlanOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const { parameters, secrets } = await readParameters(
    options,
    async () => (await templateFor(client, namespace, ref)).manifest.spec.parameters,
  );
  const all = { ...parameters, ...secrets };
  const { size, spot, owner, force, acceptUnsigned } = options;
  const body = {
    ref,
    namespace,
    ...given({ name, size, spot, owner, force, acceptUnsigned }),
    ...(Object.keys(all).length > 0 && { parameters: all }),
  };
  await printPlan(await makePlan(client, body), output);
}
