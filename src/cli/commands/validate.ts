import type { Command } from 'commander';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import type { CheckedDirectory } from '../template-directory.ts';
import { summaryOfManifest } from '../template-summary.ts';
import { note } from '../terminal.ts';
import { oneLine } from '../text.ts';

export function validate(command: Command): void {
  withOutput(command).argument('<dir>', 'directory that holds a template.yaml').action(run);
  withExample(command, 'chandlery validate ./redis/7.2.5');
}

async function run(dir: string, { output }: OutputOptions): Promise<void> {
  // Held back until here: it brings YAML, JSON Schema and semver, which --help does without.
  const { checkDirectory, issueLine } = await import('../template-directory.ts');
  const checked = await checkDirectory(dir);
  const { manifest, issues } = checked;
  const valid = issues.length === 0;
  await printAs(output, {
    body: reportOf(checked),
    names: () => (valid && manifest ? [`${manifest.metadata.name}@${manifest.metadata.version}`] : []),
    table: () =>
      valid && manifest
        ? `${dir}: ${manifest.metadata.name}@${manifest.metadata.version} (${manifest.spec.type}) is valid\ncontent ${checked.contentHash}: ${oneLine(checked.trust?.note ?? '')}`
        : '',
  });
  if (valid) return;
  for (const issue of issues) note(oneLine(issueLine(issue)));
  throw new CliError({
    message: `${dir} is not valid: ${issues.length} ${issues.length === 1 ? 'problem' : 'problems'}`,
    code: 'template_invalid',
    exitCode: EXIT.failed,
  });
}

/** The members of the template are there also when it is not valid, empty, so that a script reads one shape. */
function reportOf({ manifest, contentHash, trust, issues }: CheckedDirectory) {
  const verdict = { valid: issues.length === 0, errors: issues, contentHash: contentHash ?? null };
  if (manifest === undefined) return { ...verdict, parameters: [], images: [], objects: [], dependencies: [], outputs: [] };
  return { ...verdict, ...summaryOfManifest(manifest, trust ?? { verified: false, note: 'the content could not be hashed' }) };
}
