import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { AuditFilter } from '../../domain/audit.ts';
import { given, positiveNumber, seconds } from '../arguments.ts';
import { AUDIT_FORMATS, type AuditFormat, auditText, entryText } from '../audit-text.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient, type HttpClient } from '../http.ts';
import type { AuditPage } from '../http-audit.ts';
import { readSettings } from '../settings.ts';
import { note, print } from '../terminal.ts';

/** Between two looks for new entries, milliseconds: people follow with their eyes. */
const FOLLOW_MS = 1_000;
/** The longest pause while the server is away, milliseconds. */
const AWAY_MS = 10_000;
const DEFAULT_LIMIT = 20;
/** The API's own largest page. */
const MAX_PAGE = 500;

interface AuditOptions extends Omit<AuditFilter, 'from'> {
  output: AuditFormat;
  from?: string;
  since?: number;
  limit?: number;
  follow?: boolean;
  export?: boolean;
}

export function audit(command: Command): void {
  command
    .option('--actor <user>', 'what this user did')
    .option('--action <word>', 'install, publish-template, create-token, ...')
    .option('--object <prefix>', 'about objects whose name begins so: template/redis, install/local/team-a/')
    .addOption(new Option('--outcome <outcome>', 'allowed or denied').choices(['allowed', 'denied']))
    .option('--code <code>', 'denied for this reason')
    .option('--operation <id>', 'of this operation')
    .option('-n, --namespace <namespace>', 'in this namespace')
    .addOption(new Option('--since <time>', 'not older than this: 90s, 5m, 2h or 30d').argParser(seconds).conflicts('from'))
    .option('--from <time>', 'of this time and later: 2026-01-31T09:00:00Z', moment)
    .option('--to <time>', 'before this time', moment)
    .option('--limit <count>', 'the newest so many (default: 20); of an export the oldest', positiveNumber)
    .addOption(new Option('-f, --follow', 'go on with what is written from now on').conflicts(['export', 'to']))
    .option('--export', 'everything as JSON lines, oldest first')
    .addOption(new Option('-o, --output <format>', 'how to print').choices(AUDIT_FORMATS).default('table'))
    .action(run);
  withExample(command, 'chandlery audit --outcome denied --since 1d');
}

/** Read by Date as well as by the API: an offset has to be there, or it would mean another time on each machine. */
function moment(text: string): string {
  if (/(Z|[+-]\d\d:\d\d)$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError('It must be a time such as 2026-01-31T09:00:00Z.');
}

async function run({ output, since, limit, follow, export: exports, ...rest }: AuditOptions): Promise<void> {
  const from = since === undefined ? rest.from : new Date(Date.now() - 1_000 * since).toISOString();
  const filter = given({ ...rest, from }) as AuditFilter;
  const client = createHttpClient(readSettings());
  if (exports) return await printExport(client, filter, limit);
  const page = await newest(client, filter, limit ?? DEFAULT_LIMIT);
  if (!follow) return await printPage(page, output);
  for (const entry of page.entries.toReversed()) print(await entryText(entry, output));
  await followFrom(client, filter, page.followCursor, output);
}

/** As many as are wanted, page by page. */
async function newest(client: HttpClient, filter: AuditFilter, limit: number): Promise<AuditPage> {
  const first = await client.audit({ ...filter, limit: Math.min(limit, MAX_PAGE) });
  let { entries, nextCursor } = first;
  while (nextCursor !== undefined && entries.length < limit) {
    const page = await client.audit({ ...filter, cursor: nextCursor, limit: Math.min(limit - entries.length, MAX_PAGE) });
    entries = [...entries, ...page.entries];
    nextCursor = page.nextCursor;
  }
  return { ...first, entries, ...(nextCursor !== undefined && { nextCursor }) };
}

async function printPage({ entries }: AuditPage, output: AuditFormat): Promise<void> {
  if (output === 'json') return print(JSON.stringify({ entries }, null, 2));
  if (output === 'yaml') return print((await import('yaml')).stringify({ entries }, { lineWidth: 0 }));
  if (entries.length === 0) note('nothing is written down that fits');
  const text = await auditText(entries, output);
  if (text !== '') print(text);
}

/** Until Ctrl-C. A server that is away is asked again: nothing is missed, because the cursor stays where it is. */
async function followFrom(
  client: HttpClient,
  filter: AuditFilter,
  begin: string | undefined,
  output: AuditFormat,
): Promise<never> {
  let cursor = begin;
  for (let pause = FOLLOW_MS; ; ) {
    const page = await client
      .audit({ ...filter, order: 'oldest', limit: MAX_PAGE, ...(cursor !== undefined && { cursor }) })
      .catch(unlessAway);
    for (const entry of page?.entries ?? []) print(await entryText(entry, output));
    cursor = page?.nextCursor ?? cursor;
    pause = page ? FOLLOW_MS : Math.min(2 * pause, AWAY_MS);
    if (page?.entries.length !== MAX_PAGE) await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function unlessAway(error: unknown): undefined {
  if (!(error instanceof CliError) || error.trouble.exitCode !== EXIT.unavailable) throw error;
  note(error.message);
  return undefined;
}

/** Written as it comes, no faster than it is read from here. Fails when the answer breaks off: what is there is not all. */
async function printExport(client: HttpClient, filter: AuditFilter, limit: number | undefined): Promise<void> {
  const { body } = await client.auditExport({ ...filter, ...given({ limit }) });
  try {
    for await (const chunk of body ?? []) {
      if (!process.stdout.write(chunk)) await new Promise((resolve) => process.stdout.once('drain', resolve));
    }
  } catch (error) {
    throw new CliError({
      message: `the export broke off: ${error instanceof Error ? error.message : String(error)}`,
      exitCode: EXIT.unavailable,
      guidance: 'Run it again, or go on after the last line with the API: GET /api/v1/audit/export?after=ID.',
    });
  }
}
