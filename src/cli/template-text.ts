import { renderTable } from './table.ts';
import type { ParameterLine, TemplateSummary } from './template-summary.ts';
import type { Colors } from './terminal.ts';
import { byteSize, oneLine } from './text.ts';

/** `show` for people: sections, each left out where there is nothing to say. */

const INDENT = 2;
/** Newest versions told; `-o json` has all. */
const MAX_VERSIONS_SHOWN = 12;

export interface TemplateTextOptions {
  colors: Colors;
  /** Columns of the terminal; absent for pipes. */
  width?: number | undefined;
  /** How to install it, as one would type it; absent for a directory. */
  install?: string;
}

export function templateText(template: TemplateSummary, options: TemplateTextOptions): string {
  const table = { width: options.width, indent: INDENT };
  const sections: Array<[string, string]> = [
    ['versions', versionsText(template.versions)],
    [
      template.parametersFrom === 'inferred' ? 'parameters (inferred from values.yaml)' : 'parameters',
      renderTable(['NAME', 'TYPE', 'DEFAULT', 'NOTES', 'DESCRIPTION'], template.parameters.map(parameterRow), table),
    ],
    [
      'images',
      renderTable(
        ['NAME', 'REF', 'DIGEST'],
        template.images.map(({ name, ref, digest }) => [name, ref, digest]),
        table,
      ),
    ],
    ['dependencies', renderTable(['NAME', 'VERSIONS', 'REGISTRY', 'NOTES'], template.dependencies.map(dependencyRow), table)],
    ['requires', requiresText(template)],
    ['outputs', renderTable(['NAME', 'FROM', 'NOTES', 'DESCRIPTION'], template.outputs.map(outputRow), table)],
    ['trust', trustText(template)],
    ['install', options.install === undefined ? '' : indented([options.install])],
  ];
  const shown = sections.filter(([, text]) => text !== '').map(([title, text]) => `${options.colors.bold(title)}\n${text}`);
  return [headText(template, options.colors), ...shown].join('\n\n');
}

function headText(template: TemplateSummary, colors: Colors): string {
  const {
    name,
    version,
    displayName,
    description,
    type,
    registry,
    registryType,
    license,
    homepage,
    category,
    tags,
    digest,
    size,
  } = template;
  const facts = [displayName, type, registry === undefined ? undefined : `registry ${registry} (${registryType})`, license];
  return [
    `${colors.bold(oneLine(`${name}@${version}`))}  ${facts
      .filter((fact) => fact !== undefined)
      .map(oneLine)
      .join(' | ')}`,
    oneLine(description),
    ...(homepage === undefined ? [] : [oneLine(homepage)]),
    ...(category === undefined ? [] : [`category: ${oneLine(category)}`]),
    ...standingLine(template),
    ...(tags.length === 0 ? [] : [`tags: ${oneLine(tags.join(', '))}`]),
    ...(digest === undefined ? [] : [`digest: ${oneLine(digest)}${size === undefined ? '' : ` (${byteSize(size)})`}`]),
  ].join('\n');
}

function standingLine({ downloads, rating, ratingCount = 0, verified }: TemplateSummary): string[] {
  const parts = [
    verified ? 'owner verified' : '',
    rating === undefined ? '' : `rated ${rating} of 5 (${ratingCount})`,
    downloads === undefined ? '' : `${downloads} downloads`,
  ].filter(Boolean);
  return parts.length === 0 ? [] : [parts.join(', ')];
}

function versionsText(versions: readonly string[]): string {
  if (versions.length < 2) return '';
  const more = versions.length - MAX_VERSIONS_SHOWN;
  return indented([`${versions.slice(0, MAX_VERSIONS_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`]);
}

function parameterRow(parameter: ParameterLine): Array<string | undefined> {
  const { name, type, required, secret, generated, immutable, description, enum: values } = parameter;
  const notes = [
    required ? 'required' : '',
    secret ? 'secret' : '',
    generated ? 'generated' : '',
    immutable ? 'immutable' : '',
  ].filter(Boolean);
  const choices = values ? ` One of ${values.map(String).join(', ')}.` : '';
  return [name, type, defaultText(parameter), notes.join(', '), `${description ?? ''}${choices}`];
}

function defaultText({ secret, default: value }: ParameterLine): string | undefined {
  if (value === undefined) return undefined;
  if (secret) return '(hidden)';
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value);
}

function dependencyRow({
  name,
  version,
  registry,
  optional,
  scope,
  bundled,
}: TemplateSummary['dependencies'][number]): Array<string | undefined> {
  return [
    name,
    version,
    registry,
    [bundled ? 'packed in it' : '', optional ? 'optional' : '', scope === 'cluster' ? 'for the whole cluster' : '']
      .filter(Boolean)
      .join(', '),
  ];
}

function outputRow({ name, from, secret, description }: TemplateSummary['outputs'][number]): Array<string | undefined> {
  return [name, from, secret ? 'secret' : '', description];
}

function requiresText({ requires }: TemplateSummary): string {
  if (!requires) return '';
  const resources = (requires.resources ?? []).map(({ replicas = 1, requests = {} }) => {
    const each = Object.entries(requests).map(([name, amount]) => `${amount} ${name}`);
    return `${replicas} x ${each.join(', ')}`;
  });
  return indented([
    ...(requires.kubernetes === undefined ? [] : [`Kubernetes ${requires.kubernetes}`]),
    ...resources,
    ...(requires.apis ?? []).map((api) => `API ${api}`),
    ...(requires.permissions?.length ? [`${requires.permissions.length} permission rules`] : []),
  ]);
}

function trustText({ trust }: TemplateSummary): string {
  return indented([
    trust.note,
    ...(trust.signedBy === undefined ? [] : [`signed by ${trust.signedBy} (as the manifest says)`]),
    ...(trust.sha256 === undefined ? [] : [`sha256 ${trust.sha256}`]),
  ]);
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `${' '.repeat(INDENT)}${oneLine(line)}`).join('\n');
}
