import type { Command } from 'commander';
import { exactVersion } from '../exact-version.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { YankState } from '../http-publishing.ts';
import { localName } from '../local-name.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';

const VERSION = ['<name@version>', 'one version of a template that was published to the server', localName] as const;

export function yank(command: Command): void {
  withOutput(command)
    .argument(...VERSION)
    .requiredOption('--reason <text>', 'why nobody should choose it any more (required)')
    .action(async (text: string, { output, reason }: OutputOptions & { reason: string }) => {
      const { name, version } = exactVersion(text);
      await tell(await createHttpClient(readSettings()).yank(name, version, reason), output);
    });
  withExample(command, 'chandlery yank redis@7.2.5 --reason "it loses data"');
}

export function unyank(command: Command): void {
  withOutput(command)
    .argument(...VERSION)
    .action(async (text: string, { output }: OutputOptions) => {
      const { name, version } = exactVersion(text);
      await tell(await createHttpClient(readSettings()).unyank(name, version), output);
    });
  withExample(command, 'chandlery unyank redis@7.2.5');
}

async function tell(state: YankState, output: OutputOptions['output']): Promise<void> {
  await printAs(output, {
    body: state,
    names: ({ name, version }) => [`${name}@${version}`],
    table: ({ name, version, yanked }) =>
      yanked
        ? `${name}@${version} is yanked: it stays for whoever names it exactly, and nobody gets it by a range`
        : `${name}@${version} is not yanked`,
  });
}
