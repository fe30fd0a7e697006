import type { Command } from 'commander';
import type { ObjectEvent } from '../../domain/readiness/events.ts';
import { type DeploymentOptions, withDeployment } from '../deployment-argument.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { deploymentIdOf } from '../http-deployments.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { age } from '../text.ts';

export function deploymentsEvents(command: Command): void {
  withDeployment(withOutput(command)).action(run);
  withExample(command, 'chandlery deployments events shop -n team-a');
}

async function run(argument: string, { output, namespace }: OutputOptions & DeploymentOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).deploymentEvents(deploymentIdOf(argument, namespace));
  await printAs(output, { body, names: ({ events }) => namesOf(events), table: ({ events }) => tableOf(events) });
  if (body.truncated) note('there are more events than are shown');
}

/** What the events are about, each object once. */
function namesOf(events: readonly ObjectEvent[]): string[] {
  return [...new Set(events.map(({ about }) => `${about.kind.toLowerCase()}/${about.name}`))];
}

async function tableOf(events: readonly ObjectEvent[]): Promise<string> {
  const { renderTable } = await import('../table.ts');
  if (events.length === 0) note('there are no events; the cluster keeps them for an hour');
  const rows = events.map(({ type, reason, message, count, at, about }) => [
    age(at),
    type,
    reason,
    `${about.kind}/${about.name}`,
    count > 1 ? `${message} (${count} times)` : message,
  ]);
  return renderTable(['AGE', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'], rows, { width: process.stdout.columns });
}
