import type { Command } from 'commander';
import { given, pageSize } from '../arguments.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { InstallEvents } from '../http-audit.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { age } from '../text.ts';

interface EventsOptions extends OutputOptions {
  namespace: string;
  allNamespaces?: boolean;
  limit?: number;
}

export function events(command: Command): void {
  withOutput(command)
    .option('-n, --namespace <namespace>', 'about what is installed there', 'default')
    .option('-A, --all-namespaces', 'about every namespace')
    .option('--limit <number>', 'events shown, at most 100 (default: 20)', pageSize)
    .action(run);
  withExample(command, 'chandlery events -A');
}

async function run({ output, namespace, allNamespaces, limit }: EventsOptions): Promise<void> {
  const query = given({ namespace: allNamespaces ? undefined : namespace, limit });
  const body = await createHttpClient(readSettings()).installEvents(query);
  await printAs(output, { body, names: () => body.events.map(({ id }) => String(id)), table: tableOf });
}

async function tableOf({ events: found }: InstallEvents): Promise<string> {
  const { renderTable } = await import('../table.ts');
  if (found.length === 0) note('nothing was found since it was installed');
  const rows = found.map(({ at, finding, goneAt, installs }) => [
    age(at),
    finding.severity,
    installs.map(({ namespace, name, version }) => `${namespace}/${name}@${version}`).join(', '),
    goneAt === undefined ? 'stands' : 'gone',
    `${finding.file}${finding.line === undefined ? '' : `:${finding.line}`}: ${finding.explanation}`,
  ]);
  return renderTable(['AGE', 'SEVERITY', 'INSTALLED AS', 'STATE', 'FOUND'], rows, { width: process.stdout.columns });
}
