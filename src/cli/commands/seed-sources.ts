import { createReadStream } from 'node:fs';
import type { Command } from 'commander';
import { parseSeed, type Seeded } from '../../domain/sources/seed.ts';
import { CONTENT_YAML_LIMITS, readYaml } from '../../domain/yaml-limits.ts';
import { withExample } from '../example.ts';
import { EXIT, exitCodeOf } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readKubeconfig } from '../settings.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

interface SeedOptions extends OutputOptions {
  namespace: string;
}

export function seedSources(command: Command): void {
  withOutput(command)
    .argument('<file>', 'YAML or JSON: a list of name, url, displayName, namespace')
    .option('-n, --namespace <namespace>', 'of entries that name none', 'default')
    .addHelpText('after', HELP)
    .action(run);
  withExample(command, 'chandlery seed-sources sources.yaml -n team-a');
}

const HELP = `
Speaks to the cluster itself, by KUBECONFIG or as the account of the pod. Entries of earlier runs that the file does not name any more are
removed from the namespaces that it names; what somebody else has changed is left alone.`;

async function run(file: string, { output, namespace }: SeedOptions): Promise<void> {
  const { value } = readYaml(await readText(file), { file, limits: CONTENT_YAML_LIMITS, code: 'invalid_request' });
  const seeds = parseSeed(value, namespace);
  const { seedSources: seed } = await import('../../seed-sources.ts');
  const { seeded, failed } = await seed(readKubeconfig(), seeds);
  const failures = failed.map(({ namespace: where, error }) => ({ namespace: where, code: error.code, message: error.message }));
  await printAs(output, {
    body: { seeded, failed: failures },
    names: (body) => body.seeded.map(({ namespace: where, source }) => `${where}/${source}`),
    table: (body) => tableOf(body.seeded),
  });
  for (const { namespace: where, message } of failures) note(`namespace ${where}: ${oneLine(message)}`);
  const [first] = failures;
  if (!first) return;
  throw new CliError({
    message: `${failures.length} of ${seeds.length} namespaces could not be seeded; the first, ${first.namespace}: ${first.message}`,
    code: first.code,
    exitCode: exitCodeOf(first.code),
    guidance: 'Correct what is said, then run it again: what is seeded already stays as it is.',
  });
}

/** Bytes; a thousand entries with long addresses are less. */
const MAX_FILE_BYTES = 1024 * 1024;

async function readText(file: string): Promise<string> {
  try {
    const chunks: Buffer[] = [];
    // One byte more than allowed: that it is there is enough to know.
    for await (const chunk of createReadStream(file, { end: MAX_FILE_BYTES })) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    if (bytes.length <= MAX_FILE_BYTES) return bytes.toString('utf8');
  } catch (error) {
    throw new CliError({ message: `${file} cannot be read: ${(error as Error).message}`, exitCode: EXIT.notFound });
  }
  throw new CliError({ message: `${file} is larger than ${MAX_FILE_BYTES} bytes`, exitCode: EXIT.usage });
}

async function tableOf(seeded: readonly Seeded[]): Promise<string> {
  const { renderTable } = await import('../table.ts');
  const rows = seeded.map(({ namespace, source, keptBy }) => [
    namespace,
    source,
    keptBy === undefined ? 'applied' : `skipped: ${keptBy} has changed it`,
  ]);
  return renderTable(['NAMESPACE', 'SOURCE', 'RESULT'], rows, { width: process.stdout.columns });
}
