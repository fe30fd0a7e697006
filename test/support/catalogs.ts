import type { DependencySpec, VersionEntry } from '../../src/domain/registry.ts';
import type { Catalog } from '../../src/domain/resolver.ts';

/** `'^1.0.0'`, or more than a range. */
type Needs = Record<string, string | Omit<DependencySpec, 'name'>>;

/** Versions of one template: what each needs; `yanked` by the key `!1.0.0`. */
export type Versions = Record<string, Needs>;

/** A digest that tells version and registry apart, as a registry would list it. */
export function digestOf(registry: string, name: string, version: string): string {
  return `sha256:${Buffer.from(`${registry}/${name}@${version}`).toString('hex').padEnd(64, '0').slice(-64)}`;
}

export function entries(registry: string, name: string, versions: Versions): VersionEntry[] {
  return Object.entries(versions).map(([key, needs]) => {
    const version = key.replace(/^!/, '');
    const dependencies = Object.entries(needs).map(([dependency, spec]) => {
      return { name: dependency, ...(typeof spec === 'string' ? { version: spec } : spec) };
    });
    const entry = { version, digest: digestOf(registry, name, version), size: 100, dependencies };
    return key.startsWith('!') ? { ...entry, yanked: true } : entry;
  });
}

/** A catalog by `name` (registry `main`) or `registry/name`; the first is the root. */
export function catalogOf(templates: Record<string, Versions>): Catalog {
  const found = Object.entries(templates).map(([key, versions]) => {
    const [name = '', registry = 'main'] = key.split('/').reverse();
    return { registry, name, versions: entries(registry, name, versions) };
  });
  const first = found[0] ?? { registry: 'main', name: '' };
  return { root: { registry: first.registry, name: first.name }, templates: found, missing: [], unavailable: [] };
}
