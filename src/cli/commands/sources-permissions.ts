import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { printAs } from '../output.ts';
import { readSettings } from '../settings.ts';
import { type SourceOptions, withNamespace } from '../source-lines.ts';
import { oneLine } from '../text.ts';

export function sourcesPermissions(command: Command): void {
  withNamespace(command).action(run);
  withExample(command, 'chandlery sources permissions -n team-a');
}

async function run({ output, namespace }: SourceOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).sourcePermissions(namespace);
  await printAs(output, {
    body,
    names: ({ canEdit }) => [canEdit ? 'yes' : 'no'],
    table: ({ canEdit }) =>
      `${canEdit ? 'yes' : 'no'}: you may${canEdit ? '' : ' not'} change the sources of ${oneLine(namespace)}`,
  });
}
