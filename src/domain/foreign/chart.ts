import { ChandleryError } from '../errors.ts';
import { isTemplateName } from '../reference.ts';
import type { DependencySpec } from '../registry.ts';
import type { TemplateManifest } from '../template.ts';
import { templateViolations } from '../template-parse.ts';
import { isVersion } from '../versions.ts';
import { readYaml } from '../yaml-limits.ts';
import { chartDependencies, type MissingDependency } from './chart-dependencies.ts';
import { chartKubernetes, chartMetadata, isLibraryChart } from './chart-metadata.ts';
import { chartParameters } from './chart-parameters.ts';
import type { ForeignFiles, ForeignFormat, ForeignManifest } from './format.ts';
import { isJsonObject, type Json } from './json.ts';

/** A Helm chart archive as a template of type `helm`. */

/** Name and version of a chart that has none a template could have; whoever installs it knows it by the registry's. */
const UNNAMED = { name: 'chart', version: '0.0.0' } as const;
const CHART_FILE = /^([^/]+)\/Chart\.yaml$/;
const NEEDED = /^[^/]+\/(Chart\.yaml|requirements\.yaml|values\.yaml|values\.schema\.json|README\.md)$/;
/** Numbers stay as they are written: `version: 1.10` and `appVersion: 7.0` are texts. */
const CHART_YAML_LIMITS = { maxBytes: 256 * 1024, maxDepth: 40, maxNodes: 20_000, maxAliases: 100, numbersAsText: true } as const;

export interface ChartManifest extends ForeignManifest {
  /** Those in the archive. */
  packed: DependencySpec[];
  missing: MissingDependency[];
  /** What the chart calls itself. */
  own: { name: string; version: string };
}

/** The row of the table of formats. */
export const CHART_FORMAT: ForeignFormat = {
  name: 'Helm chart',
  marker: chartFileOf,
  needs: (path) => NEEDED.test(path),
  read: (files, marker, where) => chartManifest(files, marker, where),
};

/** The one `<directory>/Chart.yaml` of a packed chart; undefined where there are several or none. */
function chartFileOf(paths: readonly string[]): string | undefined {
  const found = paths.filter((path) => CHART_FILE.test(path));
  return found.length === 1 ? found[0] : undefined;
}

/**
 * Works out what a chart's archive means. Only a Chart.yaml that cannot be read at all fails (template_invalid); whatever else a template
 * could not have is left out, and told in `notes` where somebody would miss it.
 */
export function chartManifest(files: ForeignFiles, marker: string, where: string): ChartManifest {
  const directory = marker.slice(0, marker.lastIndexOf('/'));
  const file = (name: string) => files.text(`${directory}/${name}`);
  const chart = readChart(file('Chart.yaml'), `${where}/${marker}`);
  const { parameters, parametersFrom, notes } = chartParameters(file('values.schema.json'), file('values.yaml'));
  const declared = chart.dependencies ?? requirementsOf(file('requirements.yaml'));
  const { packed, missing, notes: leftOut } = chartDependencies(declared, packedIn(files.paths, directory));
  const readme = files.paths.includes(`${directory}/README.md`) ? `${directory}/README.md` : undefined;
  const manifest = checked(
    {
      apiVersion: 'chandlery.dev/v1',
      kind: 'Template',
      metadata: { ...UNNAMED, ...usableIdentity(chart), ...chartMetadata(chart), ...(readme === undefined ? {} : { readme }) },
      spec: {
        type: 'helm',
        content: { chart: directory },
        parameters,
        ...requiresOf(chart),
      },
    },
    where,
  );
  return {
    format: CHART_FORMAT.name,
    manifest,
    parametersFrom,
    ...(readme === undefined ? {} : { readme }),
    notes: [
      ...(isLibraryChart(chart) ? ['a library chart: it is for other charts to use and deploys nothing by itself'] : []),
      ...notes,
      ...leftOut,
    ],
    packed,
    missing,
    own: { name: String(chart.name ?? ''), version: String(chart.version ?? '') },
  };
}

function readChart(text: string | undefined, where: string): Json {
  if (text === undefined) throw new ChandleryError('template_invalid', `${where}: missing, or too large to be read`);
  const { value } = readYaml(text.replace(/^\uFEFF/, ''), { file: where, limits: CHART_YAML_LIMITS });
  if (isJsonObject(value)) return value;
  throw new ChandleryError('template_invalid', `${where}: is not a map`, { issues: [{ path: '', message: 'is not a map' }] });
}

/** Charts of version 1 keep their dependencies in a file of their own. A broken one is Helm's to complain about. */
function requirementsOf(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    const { value } = readYaml(text, { file: 'requirements.yaml', limits: CHART_YAML_LIMITS });
    return isJsonObject(value) ? value.dependencies : undefined;
  } catch (error) {
    if (error instanceof ChandleryError) return undefined;
    throw error;
  }
}

function usableIdentity(chart: Json): { name?: string; version?: string } {
  const { name } = chart;
  const version = typeof chart.version === 'string' ? chart.version.replace(/^v/, '') : '';
  return {
    ...(typeof name === 'string' && isTemplateName(name) && !name.includes('.') ? { name } : {}),
    ...(isVersion(version) ? { version } : {}),
  };
}

/** A packed subchart lies in `charts/` as a directory or as an archive named after it and its version. */
function packedIn(paths: readonly string[], directory: string): (name: string) => boolean {
  const prefix = `${directory}/charts/`;
  const packed = paths.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  const directories = new Set(packed.filter((path) => path.includes('/')).map((path) => path.slice(0, path.indexOf('/'))));
  const archives = packed.filter((path) => !path.includes('/') && /\.(tgz|tar\.gz)$/.test(path));
  return (name) =>
    directories.has(name) || archives.some((path) => path.startsWith(`${name}-`) && /^v?\d/.test(path.slice(name.length + 1)));
}

function requiresOf(chart: Json): { requires?: { kubernetes: string } } {
  const kubernetes = chartKubernetes(chart);
  return kubernetes === undefined ? {} : { requires: { kubernetes } };
}

/** Members of the metadata that nothing depends on: one that a template could not have is dropped rather than the whole chart. */
const DISPENSABLE = ['license', 'category', 'tags', 'maintainers', 'icon', 'homepage', 'readme'] as const;

function checked(manifest: TemplateManifest, where: string): TemplateManifest {
  const violations = templateViolations(manifest);
  if (violations.length === 0) return manifest;
  const metadata = { ...manifest.metadata };
  for (const member of DISPENSABLE)
    if (violations.some(({ pointer }) => pointer === `/metadata/${member}` || pointer.startsWith(`/metadata/${member}/`)))
      delete metadata[member];
  const pruned = { ...manifest, metadata };
  const [left] = templateViolations(pruned);
  if (left === undefined) return pruned;
  throw new ChandleryError('template_invalid', `${where}: as a template, ${left.pointer}: ${left.message}`, {
    issues: [{ path: left.pointer, message: left.message }],
  });
}
