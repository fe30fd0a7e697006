import type { Command } from 'commander';
import { decisionLines } from '../decision-lines.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { findingLines } from '../finding-lines.ts';
import type { Install } from '../http.ts';
import { createHttpClient } from '../http.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { note } from '../terminal.ts';
import { age, oneLine } from '../text.ts';

interface InstalledOptions extends OutputOptions {
  namespace: string;
  allNamespaces?: boolean;
  why?: boolean;
}

export function installed(command: Command): void {
  withOutput(command)
    .argument('[name]', 'one installed template, with what needs it')
    .option('-n, --namespace <namespace>', 'namespace to list', 'default')
    .option('-A, --all-namespaces', 'list every namespace')
    .option('--why', 'of one: why policy let it in, rule by rule')
    .action(run);
  withExample(command, 'chandlery installed -A');
}

async function run(name: string | undefined, { output, namespace, allNamespaces, why = false }: InstalledOptions): Promise<void> {
  if (why && (name === undefined || allNamespaces))
    throw new CliError({
      message: '--why tells of one install: give its NAME, and its namespace with -n instead of -A',
      exitCode: EXIT.usage,
    });
  const client = createHttpClient(readSettings());
  if (name !== undefined && !allNamespaces) {
    const install = await client.installed(namespace, name);
    return printAs(output, { body: install, names: (body) => [body.name], table: why ? whyOf : textOf });
  }
  const { installs } = await client.installs(allNamespaces ? undefined : namespace);
  await printAs(output, {
    body: { installs: installs.filter((install) => name === undefined || install.name === name) },
    names: (body) => body.installs.map((install) => (allNamespaces ? `${install.namespace}/${install.name}` : install.name)),
    table: (body) => tableOf(body.installs, allNamespaces ? undefined : namespace),
  });
}

/** One namespace, or all where none is named. */
async function tableOf(installs: readonly Install[], namespace: string | undefined): Promise<string> {
  const { renderTable } = await import('../table.ts');
  if (installs.length === 0)
    note(namespace === undefined ? 'nothing is installed' : `nothing is installed in namespace ${namespace}`);
  const everywhere = namespace === undefined;
  const heads = [...(everywhere ? ['NAMESPACE'] : []), 'NAME', 'VERSION', 'REGISTRY', 'ASKED FOR', 'HASH', 'AGE'];
  const rows = installs.map((install) => [
    ...(everywhere ? [install.namespace] : []),
    install.name,
    install.version,
    install.registry,
    install.explicit ? 'yes' : 'as a dependency',
    install.trust.verified ? 'verified' : 'not sealed',
    age(install.installedAt),
  ]);
  return renderTable(heads, rows, { width: process.stdout.columns });
}

function textOf(install: Install): string {
  const facts: Array<[string, string]> = [
    ['name', `${install.registry}/${install.name}@${install.version}`],
    ['namespace', install.namespace],
    ['asked for', install.explicit ? 'yes' : 'no, it came as a dependency'],
    ['needs', install.dependencies.map((dependency) => `${dependency.name} ${dependency.range}`).join(', ') || 'nothing'],
    ['needed by', install.dependents?.join(', ') || 'nothing'],
    ['digest', install.digest],
    ['content', install.contentHash],
    ['trust', install.trust.note],
    ['signature', signatureText(install)],
    ['installed', `${install.installedAt} by ${install.requester}`],
    ['operation', install.operation],
    ['checked', checkText(install)],
  ];
  const lines = facts.map(([label, value]) => `${label.padEnd(9)}  ${oneLine(value)}`);
  return [...lines, ...findingLines(install.check?.findings ?? [])].join('\n');
}

function whyOf({ registry, name, version, decision }: Install): string {
  const head = `${registry}/${name}@${version}`;
  if (!decision) return `${head}: nothing is written down, it was installed before decisions were`;
  return [head, ...decisionLines(decision)].join('\n');
}

/** In the words of the decision, which say no more than what was verified. */
function signatureText({ decision }: Install): string {
  const line = decision?.rules.find(({ rule }) => rule === 'signature-holds');
  return line === undefined || line.verdict === 'not-asked' ? 'none was found when it was installed' : line.why;
}

function checkText({ check }: Install): string {
  if (!check) return 'not yet since it was installed';
  const { findings, checkedAt, failure } = check;
  const count = `${findings.length || 'no'} ${findings.length === 1 ? 'finding' : 'findings'}`;
  return failure ? `not possible at ${checkedAt}: ${failure.message}; before: ${count}` : `${checkedAt}: ${count}`;
}
