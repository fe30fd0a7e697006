import type { Command } from 'commander';
import { parseOperationId } from '../../domain/operation.ts';
import { given, positiveNumber, seconds } from '../arguments.ts';
import { withExample } from '../example.ts';
import type { HttpClient, ReplayBody } from '../http.ts';
import { createHttpClient } from '../http.ts';
import { deploymentIdOf } from '../http-deployments.ts';
import { operationIdOf } from '../operation-id.ts';
import type { OutputOptions } from '../output.ts';
import { withOutput } from '../output.ts';
import type { ParameterOptions } from '../parameters.ts';
import { withParameters } from '../parameters.ts';
import { readSettings } from '../settings.ts';
import { startAndWait, withDetach } from '../start.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

interface ReplayOptions extends OutputOptions, ParameterOptions {
  from: string;
  version?: string;
  revision?: number;
  readyTimeout?: number;
  acceptUnsigned?: boolean;
  force?: boolean;
  detach?: boolean;
}

export function opsReplay(command: Command): void {
  withParameters(withDetach(withOutput(command)))
    .argument('<id>', 'id of an operation that has ended, or @last')
    .option('--from <step>', 'auto (the first step whose effect does not stand), start, or the name of a step', 'auto')
    .option('--version <range>', 'ask for these versions instead')
    .option('--revision <number>', 'of a rollback: go back to this one instead', positiveNumber)
    .option('--ready-timeout <time>', 'time until everything must be ready, such as 90s or 5m', seconds)
    .option('--accept-unsigned', 'install although nobody signed it')
    .option('--force', 'take fields over from other managers; of an install: materialise again what is there')
    .action(run);
  withExample(command, 'chandlery ops replay @last --from download');
}

async function run(argument: string, { output, detach, from, ...options }: ReplayOptions): Promise<void> {
  const client = createHttpClient(readSettings());
  const id = await operationIdOf(client, argument);
  const input = await correctionOf(client, id, options);
  const replayed = await client.replay(id, { from, ...(Object.keys(input).length > 0 && { input }) });
  const kept = replayed.keeps.length === 0 ? 'nothing is kept' : `kept: ${replayed.keeps.map(oneLine).join(', ')}`;
  note(`replaying ${oneLine(id)} from ${oneLine(replayed.from)}; ${kept}`);
  await startAndWait(client, replayed, { output, detach });
}

async function correctionOf(client: HttpClient, id: string, options: Omit<ReplayOptions, 'output' | 'from'>) {
  const { version, revision, readyTimeout, acceptUnsigned, force, parameter, file, setSecret } = options;
  const plain = given({ version, revision, readySeconds: readyTimeout, acceptUnsigned, force });
  if ([parameter, file, setSecret].every((list) => list === undefined)) return plain satisfies ReplayBody['input'];
  const { readParameters } = await import('../parameters.ts');
  const { parameters, secrets } = await readParameters(options, () => schemaOf(client, id, version));
  return { ...plain, parameters: { ...parameters, ...secrets } };
}

/** Of the template that the operation is about. */
async function schemaOf(client: HttpClient, id: string, version: string | undefined) {
  const { kind, input } = await client.operation(id);
  const { findTemplate } = await import('../template-lookup.ts');
  const { name, range, registry } = input as { name: string; range?: string; registry?: string };
  const { namespace = '' } = parseOperationId(id)?.target ?? {};
  const pin =
    kind === 'upgrade' ? (await client.deployment(deploymentIdOf(name, namespace))).template : { name, version: range, registry };
  const wanted = given({ name: pin.name, registry: pin.registry, range: version ?? range ?? pin.version });
  return (await findTemplate(client, wanted)).manifest.spec.parameters;
}
