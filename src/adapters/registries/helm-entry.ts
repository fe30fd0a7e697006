import { isDigest } from '../../domain/digest.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { chartDependencies } from '../../domain/foreign/chart-dependencies.ts';
import { chartMetadata } from '../../domain/foreign/chart-metadata.ts';
import { isJsonObject, type Json } from '../../domain/foreign/json.ts';
import type { RegistryType, TemplateSummary, VersionEntry } from '../../domain/registry.ts';
import { isVersion } from '../../domain/versions.ts';
import { readYaml } from '../../domain/yaml-limits.ts';
import { HELM_INDEX_LIMITS } from './helm-index-parts.ts';

/** One version of a chart as an index lists it. */
export interface HelmEntry {
  /** semantic version, without the `v` that may stand before it in the index */
  version: string;
  digest: string;
  /** As written: relative to the repository, or absolute. */
  url: string;
  /** RFC 3339 */
  created?: string;
  deprecated: boolean;
  /** Chart.yaml as the index repeats it. */
  chart: Json;
}

/** Of one entry; 256 KiB of text have fewer values. Numbers stay as written: `version: 1.10` is no 1.1. */
const ENTRY_YAML_LIMITS = {
  maxBytes: 4 * HELM_INDEX_LIMITS.maxEntryLength,
  maxDepth: 40,
  maxNodes: 20_000,
  maxAliases: 100,
  numbersAsText: true,
} as const;
/** Go writes the year 1 for a time that was never set. */
const FIRST_YEAR = 2000;

/** Reads one entry. Throws a ChandleryError whose message says what is wrong with it. */
export function readHelmEntry(text: string): HelmEntry {
  if (text.length > HELM_INDEX_LIMITS.maxEntryLength)
    throw unusable(`is longer than ${HELM_INDEX_LIMITS.maxEntryLength} characters`);
  const chart = text.startsWith('{') ? jsonOf(text) : yamlOf(text);
  if (!isJsonObject(chart)) throw unusable('is not a map');
  const version = versionOf(chart.version);
  const digest = digestOf(chart.digest);
  const urls: unknown[] = Array.isArray(chart.urls) ? chart.urls : [];
  const [url] = urls.filter((item): item is string => typeof item === 'string' && item !== '');
  if (url === undefined) throw unusable('names no URL of its archive');
  const created = timeOf(chart.created);
  return { version, digest, url, ...(created === undefined ? {} : { created }), deprecated: isTrue(chart.deprecated), chart };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw unusable('is not valid JSON');
  }
}

function yamlOf(text: string): unknown {
  const { value } = readYaml(text, { file: 'entry', limits: ENTRY_YAML_LIMITS, code: 'registry_invalid' });
  return Array.isArray(value) && value.length === 1 ? value[0] : undefined;
}

function versionOf(value: unknown): string {
  const text = typeof value === 'string' ? value.trim().replace(/^v(?=\d)/, '') : '';
  if (isVersion(text)) return text;
  throw unusable(`its version ${JSON.stringify(value ?? null).slice(0, 100)} is not a semantic version`);
}

function digestOf(value: unknown): string {
  const text = typeof value === 'string' ? value.trim().toLowerCase() : '';
  if (text === '') throw unusable('has no digest, without which its archive cannot be checked');
  const digest = text.startsWith('sha256:') ? text : `sha256:${text}`;
  if (isDigest(digest)) return digest;
  throw unusable('its digest is not a SHA-256');
}

function timeOf(value: unknown): string | undefined {
  const time = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time)) return undefined;
  const date = new Date(time);
  return date.getUTCFullYear() < FIRST_YEAR ? undefined : date.toISOString();
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

function unusable(message: string): ChandleryError {
  return new ChandleryError('registry_invalid', message);
}

const VERSION_LINE = /^version: *(?:"([^"\\]*)"|'([^']*)'|([^\s"'#&*!|>%@`{}[\],]\S*)) *\r?$/;

/** The version of an entry that has a digest, without parsing it; undefined when it is not in the form `helm repo index` writes. */
export function glanceAtEntry(text: string): string | undefined {
  if (text.startsWith('{')) return undefined;
  const start = /^ *- +(?=\S)/m.exec(text);
  if (start === null) return undefined;
  const column = start[0].length;
  let version: string | undefined;
  let hasDigest = false;
  for (const line of text.split('\n')) {
    const indent = line.search(/\S/);
    if (indent !== column && line.slice(0, column) !== start[0]) continue;
    const member = line.slice(column);
    if (member.startsWith('version:')) {
      const [, double, single, plain] = VERSION_LINE.exec(member) ?? [];
      if (version !== undefined) return undefined;
      version = double ?? single ?? plain;
    } else if (/^digest: *\S/.test(member)) hasDigest = true;
  }
  const clean = version?.replace(/^v(?=\d)/, '');
  return clean !== undefined && isVersion(clean) && hasDigest ? clean : undefined;
}

/**
 * A version for the resolver. `helm package` refuses a chart without its dependencies, so all of them are taken to be inside, whichever
 * registries there are: the index does not tell.
 */
export function versionEntryOf({ version, digest, created, chart }: HelmEntry): VersionEntry {
  const { packed: dependencies } = chartDependencies(chart.dependencies, () => true);
  return { version, digest, size: 0, dependencies, ...(created === undefined ? {} : { publishedAt: created }) };
}

/** The line of a search answer. */
export function helmSummary(name: string, entry: HelmEntry, registry: string, registryType: RegistryType): TemplateSummary {
  const { description, category, tags, license, homepage, icon } = chartMetadata(entry.chart);
  return {
    name,
    version: entry.version,
    description,
    ...(category === undefined ? {} : { category }),
    tags: tags ?? [],
    ...(license === undefined ? {} : { license }),
    type: 'helm',
    registry,
    registryType,
    digest: entry.digest,
    ...(homepage === undefined ? {} : { homepage }),
    ...(icon === undefined ? {} : { icon }),
    ...(entry.deprecated ? { deprecated: true } : {}),
    ...(entry.created === undefined ? {} : { updatedAt: entry.created }),
  };
}
