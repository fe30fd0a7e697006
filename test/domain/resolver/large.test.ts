import { describe, expect, it } from '@jest/globals';
import semver from 'semver';
import { makeCatalog, nameOf } from '../../../bench/trust/large-catalog.ts';
import { type Catalog, resolve } from '../../../src/domain/resolver.ts';
import { SeededRandom } from '../../../tools/chaos/random.ts';

/** Catalogs like that of the benchmark, smaller: too large to try every choice, so the answer itself is looked at. */

const TEMPLATES = 1_500;
const VERSIONS = 10;
const SEEDS = [1, 2, 3];

const entryOf = (catalog: Catalog, name: string, version: string) =>
  catalog.templates.find((template) => template.name === name)?.versions.find((entry) => entry.version === version);

describe.each(SEEDS)('resolve, where the newest versions of many lead nowhere (seed %i)', (seed) => {
  const catalog = makeCatalog(new SeededRandom(seed), TEMPLATES, VERSIONS);
  const { templates } = resolve({ name: nameOf(0) }, catalog);
  const chosen = new Map(templates.map(({ name, version }) => [name, version]));

  it('meets every need of everything that it chose', () => {
    const unmet = templates.flatMap(({ name, version }) =>
      (entryOf(catalog, name, version)?.dependencies ?? [{ name: 'unknown', version: '*' }]).filter(
        (need) => !semver.satisfies(chosen.get(need.name) ?? '', need.version),
      ),
    );
    expect(unmet).toEqual([]);
  });

  it('chose nothing that nobody needs', () => {
    expect(templates.filter(({ name, requiredBy }) => name !== nameOf(0) && requiredBy.length === 0)).toEqual([]);
  });

  it('took the newest of some, and could not of others', () => {
    const isNewest = templates.filter(
      ({ name, version }) => catalog.templates.find((template) => template.name === name)?.versions[0]?.version === version,
    );
    expect(isNewest.length).toBeGreaterThan(templates.length / 2);
    expect(isNewest.length).toBeLessThan(templates.length);
  });

  it('answers the same from a catalog in another order', () => {
    const reversed = catalog.templates
      .toReversed()
      .map((template) => ({ ...template, versions: template.versions.toReversed() }));
    expect(resolve({ name: nameOf(0) }, { ...catalog, templates: reversed }).templates).toEqual(templates);
  });
});
