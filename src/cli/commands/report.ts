import type { Command } from 'commander';
import { parseReference } from '../../domain/reference.ts';
import type { Finding } from '../../domain/validation.ts';
import type { PartScore } from '../../domain/validation-score.ts';
import { exactVersion } from '../../domain/versions.ts';
import { given } from '../arguments.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { findingLines } from '../finding-lines.ts';
import { createHttpClient } from '../http.ts';
import type { TemplateReport } from '../http-audit.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import { readSettings } from '../settings.ts';
import { oneLine } from '../text.ts';

export function report(command: Command): void {
  withOutput(command)
    .argument('<template>', '[REGISTRY/]NAME[@VERSION]; the default version when none is named')
    .option('--registry <registry>', 'where to look')
    .action(run);
  withExample(command, 'chandlery report redis@7.2.5');
}

async function run(text: string, { output, registry }: OutputOptions & { registry?: string }): Promise<void> {
  const reference = parseReference(text);
  const version = exactVersion(reference.range);
  if (reference.range !== undefined && version === undefined)
    throw new CliError({
      message: `"${text}" does not name one version`,
      exitCode: EXIT.usage,
      guidance: 'Write it as NAME@VERSION, such as redis@7.2.5.',
    });
  const where = given({ version, registry: registry ?? reference.registry });
  const body = await createHttpClient(readSettings()).report(reference.name, where);
  await printAs(output, { body, names: ({ name, version: one }) => [`${name}@${one}`], table: textOf });
}

function textOf({ report: made, scan, check, ...what }: TemplateReport): string {
  const source = what.from === 'publish' ? 'published' : 'scanned';
  const facts: Array<[string, string | undefined]> = [
    ['template', `${what.registry}/${what.name}@${what.version}`],
    ['digest', what.digest],
    [source, what.at],
    ['status', made?.status],
    ['why', made?.reasons.join('; ') || undefined],
    ['score', made && scoreText(made.score)],
    ['size', made?.complexity],
    ['trust', scan?.trust.note],
    ['notes', scan?.notes?.join('; ')],
    ['checked', check && `${check.checkedAt}, ${check.findings.length} ${check.findings.length === 1 ? 'finding' : 'findings'}`],
  ];
  const lines = facts.flatMap(([label, value]) => (value === undefined ? [] : [`${label.padEnd(9)}  ${oneLine(value)}`]));
  const lost = made ? Object.entries(made.score.parts).flatMap(([part, score]) => lostLines(part, score)) : [];
  const findings: readonly Finding[] = made?.findings ?? check?.findings ?? [];
  return [
    ...lines,
    ...section('points lost', lost),
    ...section('findings', findingLines(findings)),
    ...(made && made.more > 0 ? [`  and ${made.more} more`] : []),
  ].join('\n');
}

function scoreText({ parts, measured, total }: NonNullable<TemplateReport['report']>['score']): string {
  const each = Object.entries(parts).map(([part, { points }]) => `${part} ${points}`);
  return `${total ?? `${measured} of what is measured`} (${each.join(', ')})`;
}

function lostLines(part: string, { lost }: PartScore): string[] {
  return lost.map(({ check, points, why }) => `  ${oneLine(`${part}/${check}  -${points}  ${why}`)}`);
}

function section(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', head, ...lines];
}
