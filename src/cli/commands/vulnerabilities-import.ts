import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { VulnerabilitySource } from '../../domain/vulnerabilities/database.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { age, oneLine } from '../text.ts';
import { batchesOf, type Counted } from '../vulnerability-file/batches.ts';
import { fileProblem } from '../vulnerability-file/problem.ts';
import { digestOfFile, readRecords } from '../vulnerability-file/records.ts';

interface ImportOptions extends OutputOptions {
  name?: string;
  digest?: string;
  smaller?: boolean;
}

/** Batches after which is told how far it is. */
const TELL_EVERY = 100;
/** Names under which every ecosystem is published, so that they say nothing. */
const SAYS_NOTHING = new Set(['all', 'export', 'osv', 'data']);

export function vulnerabilitiesImport(command: Command): void {
  withOutput(command)
    .argument('<file>', 'advisories in the OSV format: a zip of JSON files, or JSON lines, also gzipped')
    .option('--name <name>', 'what they are called; they replace what has the same name (default: the name of the file)')
    .option('--digest <digest>', 'sha256:HEX that the file must have')
    .option('--smaller', 'it is meant that there are far fewer than before')
    .action(run);
  withExample(command, 'chandlery vulnerabilities import npm.zip');
}

async function run(path: string, { output, name, digest: wanted, smaller = false }: ImportOptions): Promise<void> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    const message = error.code === 'ENOENT' ? `there is no file ${path}` : `${path} cannot be read: ${error.code}`;
    throw new CliError({ message, exitCode: EXIT.notFound });
  });
  try {
    const digest = await digestOfFile(file);
    if (wanted !== undefined && wanted.toLowerCase() !== digest) throw fileProblem(`its digest is ${digest}, not ${wanted}`);
    const client = createHttpClient(readSettings());
    const begun = await client.beginVulnerabilities({ name: name ?? nameOf(path), file: basename(path), digest });
    if (begun.inUse) note('exactly this file is in use already');
    const source = begun.inUse ?? (await send(client, begun.import ?? { id: '', next: 0 }, readRecords(file), smaller));
    await printAs(output, { body: source, names: ({ name }) => [name], table: words });
  } finally {
    await file.close();
  }
}

async function send(
  client: HttpClient,
  { id, next }: { id: string; next: number },
  records: ReturnType<typeof readRecords>,
  allowSmaller: boolean,
): Promise<VulnerabilitySource> {
  const counted: Counted = { records: 0, entries: 0 };
  if (next > 0) note(`going on with the import that was begun, at batch ${next}`);
  let batches = 0;
  for await (const advisories of batchesOf(records, counted)) {
    if (batches >= next) await client.appendVulnerabilities(id, batches, advisories);
    batches += 1;
    if (batches % TELL_EVERY === 0) note(`${counted.records} records read`);
  }
  return await client.completeVulnerabilities(id, { batches, entries: counted.entries, allowSmaller });
}

/** Two ecosystems that are both called `all` would replace each other. */
function nameOf(path: string): string {
  const name = basename(path)
    .replace(/\.(zip|jsonl|ndjson|json|gz)+$/i, '')
    .replace(/\.(zip|jsonl|ndjson|json)$/i, '')
    .toLowerCase();
  if (!SAYS_NOTHING.has(name) && name !== '') return name;
  throw new CliError({
    message: `${basename(path)} does not say what is in it`,
    exitCode: EXIT.usage,
    guidance: 'Name it: --name npm. What has that name is replaced.',
  });
}

function words({ name, entries, ecosystems, newest }: VulnerabilitySource): string {
  return oneLine(`${name}: ${entries} advisories about ${ecosystems.join(', ')}, the newest ${age(newest)} old`);
}
