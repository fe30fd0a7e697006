import type { Command } from 'commander';
import type { CatalogTemplate } from '../../domain/catalog-views.ts';
import { given } from '../arguments.ts';
import { isTemplateDirectory } from '../directory-argument.ts';
import { withExample } from '../example.ts';
import { EXIT } from '../exit-codes.ts';
import { CliError } from '../failure.ts';
import { createHttpClient } from '../http.ts';
import { metricsText } from '../metrics-text.ts';
import type { OutputOptions } from '../output.ts';
import { printAs, withOutput } from '../output.ts';
import type { ReferenceOptions } from '../reference-options.ts';
import { readSettings } from '../settings.ts';
import type { TemplateSummary } from '../template-summary.ts';
import { summaryOfDetail, summaryOfManifest } from '../template-summary.ts';
import { colorsFor, note } from '../terminal.ts';
import { duration, oneLine } from '../text.ts';

interface ShowOptions extends OutputOptions {
  registry?: string;
  version?: string;
  metrics?: boolean;
}

export function show(command: Command): void {
  withOutput(command)
    .argument('<template>', '[REGISTRY/]NAME[@VERSION], or a directory that holds a template.yaml')
    .option('--registry <registry>', 'ask this registry; the argument is then a name and never a directory')
    .option('--version <range>', 'this version, or the newest in this range; the argument is then a name and never a directory')
    .option('--metrics', 'show instead how often it was found and installed, and how that went')
    .action(run);
  withExample(command, 'chandlery show redis@7.2.5');
}

async function run(argument: string, options: ShowOptions): Promise<void> {
  if (options.metrics) return await showMetrics(argument, options);
  const { output, registry, version } = options;
  const directory = registry === undefined && version === undefined && (await isTemplateDirectory(argument));
  const template = directory ? await fromDirectory(argument) : await fromRegistry(argument, given({ registry, version }));
  await printAs(output, {
    body: template,
    names: ({ name, version }) => [`${name}@${version}`],
    table: async () => {
      const { templateText } = await import('../template-text.ts');
      const install = directory
        ? {}
        : { install: `chandlery install ${[template.registry, template.name].filter(Boolean).join('/')}@${template.version}` };
      return templateText(template, { colors: colorsFor(process.stdout), width: process.stdout.columns, ...install });
    },
  });
}

async function showMetrics(argument: string, { output, ...named }: ShowOptions): Promise<void> {
  const { referenceOf } = await import('../reference-options.ts');
  const { name, registry } = referenceOf(argument, named);
  const metrics = await createHttpClient(readSettings()).templateMetrics(name, registry === undefined ? {} : { registry });
  await printAs(output, { body: metrics, names: () => [metrics.name], table: () => metricsText(metrics) });
}

async function fromDirectory(dir: string): Promise<TemplateSummary> {
  const { checkDirectory, issueLine } = await import('../template-directory.ts');
  const { manifest, trust, issues } = await checkDirectory(dir);
  if (manifest)
    return summaryOfManifest(
      manifest,
      trust ?? { verified: false, note: 'the content cannot be hashed; see `chandlery validate`' },
    );
  throw new CliError({
    message: issues.slice(0, 1).map(issueLine).join(''),
    code: 'template_invalid',
    exitCode: EXIT.failed,
    guidance: `See every place with \`chandlery validate ${dir}\`.`,
  });
}

async function fromRegistry(argument: string, named: ReferenceOptions): Promise<TemplateSummary> {
  const [{ referenceOf }, { findTemplate }] = await Promise.all([
    import('../reference-options.ts'),
    import('../template-lookup.ts'),
  ]);
  const reference = referenceOf(argument, named);
  const detail: CatalogTemplate = await findTemplate(createHttpClient(readSettings()), reference);
  if (detail.stale) {
    const { ageSeconds, error } = detail.stale;
    note(`warning: registry ${oneLine(error.registry)} did not answer; shown as it was ${duration(ageSeconds * 1_000)} ago`);
  }
  return summaryOfDetail(detail);
}
