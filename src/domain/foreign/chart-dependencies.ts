import { isTemplateName } from '../reference.ts';
import type { DependencySpec } from '../registry.ts';
import type { TemplateManifest } from '../template.ts';
import { coerceRange } from './chart-range.ts';
import { isJsonObject, type Json } from './json.ts';

/** As many as a template may have. */
const MAX_DEPENDENCIES = 100;
/** Characters of a repository's URL. */
const MAX_URL_LENGTH = 2048;

/** Declared by a chart and not in its archive. Helm would refuse to render the chart without it. */
export interface MissingDependency extends DependencySpec {
  /** The chart repository that has it, as the chart writes it; empty where it names none. */
  repository: string;
}

export interface ChartDependencies {
  /** Those in the archive: `bundled`. */
  packed: DependencySpec[];
  missing: MissingDependency[];
  /** Which could not be taken over, and why. */
  notes: string[];
}

/** The configured registry that serves a chart of a repository; undefined where none does. */
export type RegistryOf = (repositoryUrl: string, chart: string) => string | undefined;

/**
 * The dependencies Chart.yaml (or requirements.yaml of charts of version 1) declares. One that is declared twice under aliases counts
 * once. `isPacked` says whether the chart carries the dependency of a name in its archive. Which registries there are is no part of it,
 * so that the answer may be kept as long as the bytes: see `locateDependencies`.
 */
export function chartDependencies(declared: unknown, isPacked: (name: string) => boolean): ChartDependencies {
  const found = new Map<string, MissingDependency>();
  const notes: string[] = [];
  for (const item of Array.isArray(declared) ? declared.slice(0, MAX_DEPENDENCIES) : []) {
    const read = isJsonObject(item) ? readDependency(item, isPacked) : 'a dependency is not a map';
    if (typeof read === 'string') notes.push(read);
    else if (!found.has(read.name)) found.set(read.name, read);
  }
  const all = [...found.values()];
  return {
    packed: all.filter(({ bundled }) => bundled).map(({ repository: _repository, ...dependency }) => dependency),
    missing: all.filter(({ bundled }) => !bundled),
    notes,
  };
}

function readDependency(item: Json, isPacked: (name: string) => boolean): MissingDependency | string {
  const name = typeof item.name === 'string' ? item.name : '';
  const shown = JSON.stringify(name.slice(0, 100));
  if (!isTemplateName(name)) return `dependency ${shown} is left out: not a name that a template can have`;
  const version = coerceRange(typeof item.version === 'string' && item.version.trim() !== '' ? item.version : '*');
  const repository = typeof item.repository === 'string' ? item.repository.trim().slice(0, MAX_URL_LENGTH) : '';
  const base = { name, version: version ?? '*', repository, ...(isConditional(item) ? { optional: true } : {}) };
  if (isPacked(name)) return { ...base, bundled: true };
  return version === undefined
    ? `dependency ${shown} is left out: its range ${JSON.stringify(item.version)} cannot be read`
    : base;
}

/** Switched by a value, so the chart also works without it. */
function isConditional({ condition, tags }: Json): boolean {
  return (typeof condition === 'string' && condition !== '') || (Array.isArray(tags) && tags.length > 0);
}

/**
 * Those that a registry of now serves, as dependencies there. A chart wrapped around another of its own name is left without it: a
 * namespace holds one version of a name.
 */
export function locateDependencies(
  missing: readonly MissingDependency[],
  chart: string,
  registryOf: RegistryOf,
): DependencySpec[] {
  return missing.flatMap(({ repository, ...dependency }) => {
    const registry = repository === '' || dependency.name === chart ? undefined : registryOf(repository, dependency.name);
    return registry === undefined ? [] : [{ ...dependency, registry }];
  });
}

/** A chart's manifest with the dependencies that were located. */
export function withDependencies(manifest: TemplateManifest, located: readonly DependencySpec[]): TemplateManifest {
  return located.length === 0 ? manifest : { ...manifest, spec: { ...manifest.spec, dependencies: [...located] } };
}

/** For people, in the middle of a sentence or as one. */
export function missingNote({ name, repository }: Pick<MissingDependency, 'name' | 'repository'>): string {
  const from = repository === '' ? 'the chart names no repository for it' : `from ${JSON.stringify(repository.slice(0, 200))}`;
  return `dependency ${JSON.stringify(name)} (${from}) is not packed in the chart`;
}
