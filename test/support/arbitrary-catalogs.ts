import fc from 'fast-check';
import type { DependencySpec } from '../../src/domain/registry.ts';
import type { Catalog, CatalogTemplate, Constraints } from '../../src/domain/resolver.ts';
import { digestOf } from './catalogs.ts';

/** What kinds of difficulty a random catalog may hold. */
export interface Difficulties {
  optional?: boolean;
  circles?: boolean;
  registries?: boolean;
  yanked?: boolean;
  missing?: boolean;
}

const RANGES = [
  '*',
  '^1.0.0',
  '^2.0.0',
  '>=2.0.0',
  '<2.0.0',
  '<3.0.0',
  '1.0.0',
  '2.0.0',
  '^2.1.0 || ^1.0.0',
  '>=3.0.0-rc.1',
  'latest',
  '^9.0.0',
];
const VERSIONS = ['1.0.0', '1.1.0', '2.0.0', '2.1.0', '3.0.0-rc.1', '3.0.0'];
const NAMES = ['root', 'a', 'b', 'c', 'd', 'e'];

/** Small catalogs whose first template is `root`, dense enough that about half of them conflict. */
export function arbitraryCatalog(difficulties: Difficulties = {}): fc.Arbitrary<Catalog> {
  const registries = difficulties.registries ? ['main', 'other'] : ['main'];
  const places = NAMES.flatMap((name, index) => registries.map((registry) => ({ registry, name, index })));
  const templates = fc.tuple(...places.map((place) => arbitraryVersions(place, registries, difficulties)));
  return templates.map((found) => ({
    root: { registry: 'main', name: 'root' },
    templates: found.filter(({ name, registry, versions }) => versions.length > 0 && !(name === 'root' && registry !== 'main')),
    missing: [],
    unavailable: [],
  }));
}

/** What may stand in the namespace: some versions of the catalog, and ranges that some of them put on others. */
export function arbitraryConstraints(catalog: Catalog): fc.Arbitrary<Constraints> {
  const everything = catalog.templates.flatMap(({ registry, name, versions }) => {
    return versions.map(({ version, digest }) => ({ registry, name, version, digest }));
  });
  const installed = fc.uniqueArray(fc.constantFrom(...everything), { selector: ({ name }) => name, maxLength: 4 });
  const names = fc.constantFrom(...NAMES);
  const required = fc.array(
    fc.record({ name: names, range: fc.constantFrom(...RANGES.slice(0, 8)), requiredBy: fc.constantFrom(...NAMES, 'gitea') }),
    {
      maxLength: 3,
    },
  );
  return fc.record({
    installed,
    required: required.map((entries) => entries.filter(({ name, requiredBy }) => name !== requiredBy)),
  });
}

function arbitraryVersions(
  place: { registry: string; name: string; index: number },
  registries: string[],
  difficulties: Difficulties,
): fc.Arbitrary<CatalogTemplate> {
  const { registry, name, index } = place;
  const targets = NAMES.filter((_, other) => (difficulties.circles ? other !== 0 || index > 2 : other > index));
  const known = difficulties.missing ? [...targets, 'nowhere'] : targets;
  const spec = fc.record(
    {
      name: known.length === 0 ? fc.constant('nowhere') : fc.constantFrom(...known),
      version: fc.constantFrom(...RANGES),
      ...(difficulties.optional ? { optional: fc.boolean() } : {}),
      ...(difficulties.registries ? { registry: fc.constantFrom(...registries) } : {}),
    },
    { requiredKeys: ['name', 'version'] },
  );
  const needs: fc.Arbitrary<DependencySpec[]> =
    known.length === 0
      ? fc.constant<DependencySpec[]>([])
      : fc.uniqueArray(spec, { selector: (entry) => entry.name, maxLength: 3 });
  const yanked = difficulties.yanked ? fc.integer({ min: 0, max: 4 }).map((value) => value === 0) : fc.constant(false);
  const versions = fc.uniqueArray(fc.constantFrom(...VERSIONS), { minLength: index === 0 ? 1 : 0, maxLength: 4 });
  return versions.chain((texts) => {
    const entries = texts.map((version) => {
      return fc.record({
        version: fc.constant(version),
        digest: fc.constant(digestOf(registry, name, version)),
        size: fc.constant(1),
        dependencies: needs,
        yanked,
      });
    });
    return fc.tuple(...entries).map((list) => ({ registry, name, versions: list }));
  });
}
