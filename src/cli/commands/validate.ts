import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { TemplateManifest } from '../../domain/template.ts';
import type { ValidationReport } from '../../domain/validation-report.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import type { CheckedDirectory } from '../template-directory.ts';
import { summaryOfManifest } from '../template-summary.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';
import type { Thresholds } from '../validate-report.ts';

type ValidateOptions = OutputOptions & Thresholds & { policies?: string; plugin?: string };

/** The member of the manifest that holds the content hash. */
const SEAL = '/trust/sha256';

export function validate(command: Command): void {
  withOutput(command)
    .argument('<dir>', 'directory that holds a template.yaml')
    .option('--min-score <points>', 'fail below this score too, 0 to 100', points)
    .addOption(
      new Option('--max-severity <severity>', 'fail when something worse is found too; critical: let everything pass').choices([
        'none',
        'info',
        'low',
        'medium',
        'high',
        'critical',
      ]),
    )
    .option('--policies <folder>', 'ask the policies of this folder, too')
    .option('--plugin <path>', 'ask a validator of your own, too: its module, or a file that lists several')
    .action(run);
  withExample(command, 'chandlery validate ./redis/7.2.5 --min-score 80 --max-severity medium');
}

function points(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 100)) throw new InvalidArgumentError('It must be a number from 0 to 100.');
  return value;
}

async function run(dir: string, { output, policies, plugin, ...thresholds }: ValidateOptions): Promise<void> {
  // Held back until here: they bring YAML, JSON Schema, semver and the scanners, which --help does without.
  const { checkDirectory, issueLine } = await import('../template-directory.ts');
  const checked = await checkDirectory(dir);
  const { issues } = checked;
  const report = issues.length === 0 ? await judged(dir, { policies, plugin }) : undefined;
  await printAs(output, {
    body: { ...bodyOf(checked), ...report },
    names: () => (report && checked.manifest ? [`${checked.manifest.metadata.name}@${checked.manifest.metadata.version}`] : []),
    table: () => textOf(dir, checked, report),
  });
  if (report) return await refuseBelow(dir, report, thresholds);
  for (const issue of issues) note(oneLine(issueLine(issue)));
  throw new CliError({
    message: `${dir} is not valid: ${issues.length} ${issues.length === 1 ? 'problem' : 'problems'}`,
    code: 'template_invalid',
    exitCode: EXIT.failed,
    ...(issues.some(({ path }) => path === SEAL) && {
      guidance: 'If you changed the files on purpose, write the computed hash into trust.sha256, or take that out.',
    }),
  });
}

interface Besides {
  policies: string | undefined;
  plugin: string | undefined;
}

async function judged(dir: string, { policies, plugin }: Besides): Promise<ValidationReport> {
  const [{ judgeDirectory, openValidation, openValidatorPlugins, validatorPluginsAt }, { reportOfJudgement }] = await Promise.all(
    [import('../../validation.ts'), import('../../domain/validation-report.ts')],
  );
  const named = plugin === undefined ? [] : await validatorPluginsAt(plugin);
  // Here its author reads what it says about itself; a server writes that into its log.
  const { validators, close } = openValidatorPlugins(named, ({ message }) => note(oneLine(message)));
  try {
    if (policies === undefined) return reportOfJudgement(await judgeDirectory(dir, openValidation({ validators })));
    const { judgeByPolicies } = await import('../../policies.ts');
    const { judgement, thresholds } = await judgeByPolicies(dir, policies, validators);
    return reportOfJudgement(judgement, thresholds);
  } finally {
    close();
  }
}

async function refuseBelow(dir: string, report: ValidationReport, thresholds: Thresholds): Promise<void> {
  const { belowThresholds } = await import('../validate-report.ts');
  const reasons = belowThresholds(report, thresholds);
  if (reasons.length === 0) return;
  throw new CliError({
    message: `${dir} is valid, and not good enough: ${reasons.map(oneLine).join('; ')}`,
    code: 'publish_rejected',
    exitCode: EXIT.failed,
    guidance: 'Correct what the findings and the lost points name.',
  });
}

async function textOf(
  dir: string,
  { manifest, contentHash, trust }: CheckedDirectory,
  report: ValidationReport | undefined,
): Promise<string> {
  if (!manifest || !report) return '';
  const { reportLines } = await import('../validate-report.ts');
  return [
    `${dir}: ${manifest.metadata.name}@${manifest.metadata.version} (${manifest.spec.type}) is valid`,
    `content ${contentHash}: ${oneLine(sealWords(manifest, trust))}`,
    ...reportLines(report),
  ].join('\n');
}

/** The note of a seal that fits repeats the hash, and speaks to the readers of packs. */
function sealWords({ trust: seal }: TemplateManifest, trust: CheckedDirectory['trust']): string {
  if (!trust?.verified) return trust?.note ?? '';
  const signer = seal?.signed_by;
  return signer ? `as sealed; trust.signed_by names ${signer}, and chandlery verify tells whether that is so` : 'as sealed';
}

/** The members of the template are there also when it is not valid, empty, so that a script reads one shape. */
function bodyOf({ manifest, contentHash, trust, issues }: CheckedDirectory) {
  const verdict = { valid: issues.length === 0, errors: issues, contentHash: contentHash ?? null };
  if (manifest === undefined) return { ...verdict, parameters: [], images: [], objects: [], dependencies: [], outputs: [] };
  return { ...verdict, ...summaryOfManifest(manifest, trust ?? { verified: false, note: 'the content could not be hashed' }) };
}
