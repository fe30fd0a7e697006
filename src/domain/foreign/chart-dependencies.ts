import { isTemplateName } from '../reference.ts';
import type { DependencySpec } from '../registry.ts';
import { coerceRange } from './chart-range.ts';
import { isJsonObject, type Json } from './json.ts';

/** As many as a template may have. */
const MAX_DEPENDENCIES = 100;

export interface ChartDependencies {
  /** Packed ones are `bundled`; the others are to be had from a registry. */
  dependencies: DependencySpec[];
  /** Which could not be taken over, and why. */
  notes: string[];
}

export interface DependencyRules {
  /** Whether the chart carries the dependency of this name in its archive. */
  isPacked(name: string): boolean;
  /** The configured registry that serves a repository URL; absent or undefined: none is known. */
  registryOf?: ((repositoryUrl: string) => string | undefined) | undefined;
}

/**
 * The dependencies Chart.yaml (or requirements.yaml of charts of version 1) declares. One that is declared twice under aliases counts
 * once. What is neither packed nor served by a configured registry is a note: Helm would refuse to render the chart without it.
 */
export function chartDependencies(declared: unknown, rules: DependencyRules): ChartDependencies {
  const found = new Map<string, DependencySpec>();
  const notes: string[] = [];
  for (const item of Array.isArray(declared) ? declared.slice(0, MAX_DEPENDENCIES) : []) {
    const read = isJsonObject(item) ? readDependency(item, rules) : 'a dependency is not a map';
    if (typeof read === 'string') notes.push(read);
    else if (!found.has(read.name)) found.set(read.name, read);
  }
  return { dependencies: [...found.values()], notes };
}

function readDependency(item: Json, { isPacked, registryOf }: DependencyRules): DependencySpec | string {
  const name = typeof item.name === 'string' ? item.name : '';
  const shown = JSON.stringify(name.slice(0, 100));
  if (!isTemplateName(name)) return `dependency ${shown} is left out: not a name that a template can have`;
  const version = coerceRange(typeof item.version === 'string' && item.version.trim() !== '' ? item.version : '*');
  const base = { name, version: version ?? '*', ...(isConditional(item) ? { optional: true } : {}) };
  if (isPacked(name)) return { ...base, bundled: true };
  const url = typeof item.repository === 'string' ? item.repository : '';
  const registry = url === '' ? undefined : registryOf?.(url);
  if (registry === undefined) {
    const where = url === '' ? 'names no repository' : `no configured registry serves ${JSON.stringify(url.slice(0, 200))}`;
    return `dependency ${shown} is not packed in the chart and ${where}: the chart cannot be rendered without it`;
  }
  if (version === undefined) return `dependency ${shown} is left out: its range ${JSON.stringify(item.version)} cannot be read`;
  return { ...base, registry };
}

/** Switched by a value, so the chart also works without it. */
function isConditional({ condition, tags }: Json): boolean {
  return (typeof condition === 'string' && condition !== '') || (Array.isArray(tags) && tags.length > 0);
}
