import type { Command } from 'commander';
import { type DeploymentOptions, withDeployment } from '../deployment-argument.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import { deploymentIdOf, type Revision } from '../http-deployments.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { age } from '../text.ts';

export function deploymentsRevisions(command: Command): void {
  withDeployment(withOutput(command)).action(run);
  withExample(command, 'chandlery deployments revisions shop -n team-a');
}

async function run(argument: string, { output, namespace }: OutputOptions & DeploymentOptions): Promise<void> {
  const body = await createHttpClient(readSettings()).revisions(deploymentIdOf(argument, namespace));
  await printAs(output, {
    body,
    names: ({ revisions }) => revisions.map(({ number }) => String(number)),
    table: ({ revisions }) => tableOf(revisions),
  });
}

async function tableOf(revisions: readonly Revision[]): Promise<string> {
  const { renderTable } = await import('../table.ts');
  const rows = revisions.map(({ number, state, kind, template, rollbackOf, summary, startedAt, requester, failure }) => [
    String(number),
    state,
    rollbackOf === undefined ? kind : `${kind} to ${rollbackOf}`,
    `${template.name}@${template.version}`,
    `+${summary.create} ~${summary.update} -${summary.delete}`,
    age(startedAt),
    requester,
    failure && `${failure.code}: ${failure.message}`,
  ]);
  const heads = ['REVISION', 'STATE', 'KIND', 'TEMPLATE', 'OBJECTS', 'AGE', 'BY', 'FAILURE'];
  return renderTable(heads, rows, { width: process.stdout.columns });
}
