import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { type Catalog, gatherCatalog, type Lookup, resolve } from '../../../src/domain/resolver.ts';
import { arbitraryCatalog } from '../../support/arbitrary-catalogs.ts';
import { catalogOf, entries } from '../../support/catalogs.ts';

/** Answers from a catalog, as registries would; `failing` look-ups fail with registry_unavailable. */
function lookupIn(catalog: Catalog, failing: readonly string[] = [], asked: string[] = []): Lookup {
  return async (registry = catalog.root.registry, name) => {
    asked.push(`${registry}/${name}`);
    await Promise.resolve();
    if (failing.includes(name)) throw new ChandleryError('registry_unavailable', `no answer about ${name}`);
    const found = catalog.templates.find((template) => template.registry === registry && template.name === name);
    if (found === undefined) throw new ChandleryError('template_not_found', `no ${name}`);
    return { registry, versions: found.versions };
  };
}

const optional = (version: string) => ({ version, optional: true });
const namesOf = (catalog: Catalog) => catalog.templates.map(({ registry, name }) => `${registry}/${name}`);

describe('gatherCatalog', () => {
  it('looks up each template once, and only what versions in question need', async () => {
    const catalog = catalogOf({
      shop: { '2.0.0': { redis: '^7', web: '*' }, '1.0.0': { ancient: '*' } },
      redis: { '7.0.0': {}, '6.0.0': { ancient: '*' } },
      web: { '1.0.0': { redis: '*' } },
      ancient: { '1.0.0': {} },
    });
    const asked: string[] = [];
    const gathered = await gatherCatalog({ name: 'shop', range: '^2' }, lookupIn(catalog, [], asked));
    expect(asked.sort()).toEqual(['main/ancient', 'main/redis', 'main/shop', 'main/web']);
    const narrow = await gatherCatalog(
      { name: 'web', range: '^1' },
      lookupIn(catalogOf({ web: { '1.0.0': { redis: '^7' } }, redis: { '7.0.0': {}, '6.0.0': { ancient: '*' } } })),
    );
    expect(namesOf(narrow)).toEqual(['main/redis', 'main/web']);
    expect(narrow.missing).toEqual([]);
    expect(gathered.root).toEqual({ registry: 'main', name: 'shop' });
  });

  it('remembers what is missing, and in which registry', async () => {
    const catalog = catalogOf({ shop: { '1.0.0': { redis: '*', web: { version: '*', registry: 'other' } } } });
    const gathered = await gatherCatalog({ name: 'shop' }, lookupIn(catalog));
    expect(gathered.missing).toEqual([
      { registry: 'main', name: 'redis' },
      { registry: 'other', name: 'web' },
    ]);
  });

  it('passes on template_not_found for the root', async () => {
    await expect(gatherCatalog({ name: 'nowhere' }, lookupIn(catalogOf({ shop: { '1.0.0': {} } })))).toFailWith(
      'template_not_found',
    );
  });

  it('passes on the failure of a look-up that the root needs', async () => {
    const catalog = catalogOf({ shop: { '1.0.0': { web: '*' } }, web: { '1.0.0': { redis: '*' } }, redis: { '1.0.0': {} } });
    await expect(gatherCatalog({ name: 'shop' }, lookupIn(catalog, ['redis']))).toFailWith('registry_unavailable');
  });

  it('carries on without a look-up that only optional dependencies lead to', async () => {
    const catalog = catalogOf({
      shop: { '1.0.0': { web: optional('*') } },
      web: { '1.0.0': { redis: '*' } },
      redis: { '1.0.0': {} },
    });
    const gathered = await gatherCatalog({ name: 'shop' }, lookupIn(catalog, ['redis']));
    expect(gathered.unavailable).toEqual([{ registry: 'main', name: 'redis', why: 'no answer about redis' }]);
    const lock = resolve({ name: 'shop' }, gathered);
    expect(lock.skipped?.[0]?.why).toContain('registry main could not be asked: no answer about redis');
  });

  it('passes on a failure that later turns out to be needed', async () => {
    const catalog = catalogOf({
      shop: { '1.0.0': { redis: optional('*'), a: '*' } },
      a: { '1.0.0': { b: '*' } },
      b: { '1.0.0': { redis: '*' } },
      redis: {},
    });
    await expect(gatherCatalog({ name: 'shop' }, lookupIn(catalog, ['redis']))).toFailWith('registry_unavailable');
  });

  it('asks a level at once, within the limit', async () => {
    const needs = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`d${index}`, '*']));
    const inner = lookupIn(catalogOf({ shop: { '1.0.0': needs } }));
    let running = 0;
    let most = 0;
    const counting: Lookup = async (...wanted) => {
      most = Math.max(most, ++running);
      return inner(...wanted).finally(() => running--);
    };
    await gatherCatalog({ name: 'shop' }, counting, { limits: { concurrency: 4 } });
    expect(most).toBe(4);
  });

  it('follows a yanked version that is installed', async () => {
    const catalog = catalogOf({
      shop: { '1.0.0': { redis: '*' } },
      redis: { '!7.3.0': { common: '*' }, '7.2.5': {} },
      common: { '1.0.0': {} },
    });
    const installed = [{ name: 'redis', version: '7.3.0', registry: 'main', digest: 'sha256:00' }];
    expect(namesOf(await gatherCatalog({ name: 'shop' }, lookupIn(catalog)))).not.toContain('main/common');
    expect(namesOf(await gatherCatalog({ name: 'shop' }, lookupIn(catalog), { installed }))).toContain('main/common');
  });

  it('leaves out what is not a version', async () => {
    const versions = entries('main', 'shop', { '1.0.0': {}, 'v2.0.0': {}, latest: {} });
    const gathered = await gatherCatalog({ name: 'shop' }, async () => ({ registry: 'main', versions }));
    expect(gathered.templates[0]?.versions.map(({ version }) => version)).toEqual(['1.0.0']);
  });

  it('follows a pre-release of the root only when pre-releases are asked for', async () => {
    const catalog = catalogOf({ shop: { '2.0.0-rc.1': { web: '*' }, '1.0.0': {} }, web: { '1.0.0': {} } });
    expect(namesOf(await gatherCatalog({ name: 'shop', range: '>=1' }, lookupIn(catalog)))).toEqual(['main/shop']);
    const root = { name: 'shop', range: '>=1', prerelease: true };
    expect(namesOf(await gatherCatalog(root, lookupIn(catalog)))).toEqual(['main/shop', 'main/web']);
  });

  it('tells a registry which versions are wanted', async () => {
    const asked: unknown[] = [];
    const catalog = catalogOf({
      shop: { '1.0.0': { web: '^1', redis: '^7' }, '1.1.0': { web: '^2', redis: 'latest' } },
      web: { '1.0.0': {}, '2.0.0': {} },
      redis: { '7.0.0': {} },
    });
    const lookup = lookupIn(catalog);
    await gatherCatalog({ name: 'shop', range: '^1' }, (registry, name, range) => {
      asked.push([name, range]);
      return lookup(registry, name, range);
    });
    expect(asked).toEqual([
      ['shop', '^1'],
      ['redis', undefined],
      ['web', '^1 || ^2'],
    ]);
  });

  it('refuses one version with two digests', async () => {
    const [entry] = entries('main', 'shop', { '1.0.0': {} });
    const versions = entry === undefined ? [] : [entry, { ...entry, digest: 'sha256:ff' }];
    await expect(gatherCatalog({ name: 'shop' }, async () => ({ registry: 'main', versions }))).toFailWith('registry_invalid');
  });
});

describe('gatherCatalog, past its limits', () => {
  const endless: Lookup = async (registry = 'main', name) => ({
    registry,
    versions: entries(registry, name, { '1.0.0': { [`${name}a`]: '*', [`${name}b`]: '*' } }),
  });

  it('fails with too_large on too many templates', async () => {
    await expect(gatherCatalog({ name: 't' }, endless, { limits: { maxTemplates: 20 } })).toFailWith('too_large');
  });

  it('fails with too_large on too many levels', async () => {
    await expect(gatherCatalog({ name: 't' }, endless, { limits: { maxDepth: 5 } })).toFailWith('too_large');
  });

  it('fails with too_large on too many versions', async () => {
    const lookup = lookupIn(catalogOf({ shop: { '1.0.0': {}, '1.1.0': {} } }));
    await expect(gatherCatalog({ name: 'shop' }, lookup, { limits: { maxVersions: 1 } })).toFailWith('too_large');
  });
});

describe('gatherCatalog, then resolve', () => {
  it('comes to the same as resolving everything there is', async () => {
    const catalogs = arbitraryCatalog({ optional: true, circles: true, registries: true, yanked: true, missing: true });
    await fc.assert(
      fc.asyncProperty(catalogs, async (catalog) => {
        const gathered = await gatherCatalog({ name: 'root', range: '*' }, lookupIn(catalog));
        expect(outcome(gathered)).toEqual(outcome(catalog));
      }),
      { numRuns: 500 },
    );
  });
});

describe('gatherCatalog, with answers in another order', () => {
  it('comes to the same lock, byte for byte', async () => {
    const catalogs = arbitraryCatalog({ optional: true, circles: true, registries: true, yanked: true, missing: true });
    const turns = fc.array(fc.nat({ max: 9 }), { minLength: 10, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(catalogs, turns, async (catalog, waits) => {
        let asked = 0;
        const lookup = lookupIn(catalog);
        const late: Lookup = async (...wanted) => {
          for (let turn = waits[asked++ % waits.length] ?? 0; turn > 0; turn--) await Promise.resolve();
          return lookup(...wanted);
        };
        const one = await gatherCatalog({ name: 'root', range: '*' }, lookup);
        const other = await gatherCatalog({ name: 'root', range: '*' }, late);
        expect(JSON.stringify(other)).toBe(JSON.stringify(one));
      }),
      { numRuns: 500, seed: 20_260_801 },
    );
  });
});

/** The lock without its words: those may name more or fewer of the versions that were never in question. */
function outcome(catalog: Catalog): unknown {
  try {
    const lock = resolve({ name: 'root', range: '*' }, catalog);
    return { templates: lock.templates, skipped: lock.skipped?.map(({ name, range }) => `${name} ${range}`) };
  } catch (error) {
    if (error instanceof ChandleryError) return 'failed';
    throw error;
  }
}
