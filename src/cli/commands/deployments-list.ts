import type { Command } from 'commander';
import { given, pageSize } from '../arguments.ts';
import { withExample } from '../example.ts';
import { createHttpClient } from '../http.ts';
import type { Deployment } from '../http-deployments.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { age } from '../text.ts';

interface ListOptions extends OutputOptions {
  namespace: string;
  allNamespaces?: boolean;
  template?: string;
  limit?: number;
}

export function deploymentsList(command: Command): void {
  withOutput(command)
    .option('-n, --namespace <namespace>', 'namespace to list', 'default')
    .option('-A, --all-namespaces', 'list every namespace')
    .option('--template <name>', 'those of this template only')
    .option('--limit <number>', 'deployments shown, at most 100 (default: 20)', pageSize)
    .action(run);
  withExample(command, 'chandlery deployments -A');
}

async function run({ output, namespace, allNamespaces, template, limit }: ListOptions): Promise<void> {
  const where = allNamespaces ? {} : { namespace };
  const body = await createHttpClient(readSettings()).deployments({ ...where, ...given({ template, limit }) });
  await printAs(output, {
    body,
    names: ({ deployments }) => deployments.map(({ id, name }) => (allNamespaces ? id : name)),
    table: ({ deployments }) => tableOf(deployments, allNamespaces === true),
  });
  if (body.nextCursor !== undefined) note('there are more; --limit shows up to 100');
}

async function tableOf(deployments: readonly Deployment[], everywhere: boolean): Promise<string> {
  const { renderTable } = await import('../table.ts');
  if (deployments.length === 0) note('there is no deployment');
  const heads = [...(everywhere ? ['NAMESPACE'] : []), 'NAME', 'TEMPLATE', 'STATE', 'REVISION', 'SOURCE', 'CHANGED', 'BY'];
  const rows = deployments.map((deployment) => [
    ...(everywhere ? [deployment.namespace] : []),
    deployment.name,
    `${deployment.template.name}@${deployment.template.version}`,
    deployment.state,
    String(deployment.revision),
    deployment.source,
    age(deployment.updatedAt),
    deployment.requester,
  ]);
  return renderTable(heads, rows, { width: process.stdout.columns });
}
