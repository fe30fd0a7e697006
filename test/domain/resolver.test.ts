import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { Lock } from '../../src/domain/lock.ts';
import { type Catalog, type Constraints, resolve } from '../../src/domain/resolver.ts';
import { catalogOf, digestOf, type Versions } from '../support/catalogs.ts';

const REDIS: Versions = { '7.2.5': {}, '7.0.15': {}, '6.2.14': {} };

const installed = (name: string, version: string, registry = 'main') => ({
  name,
  version,
  registry,
  digest: digestOf(registry, name, version),
});
const chosen = (lock: Lock) => lock.templates.map(({ registry, name, version }) => `${registry}/${name}@${version}`);

function failure(root: { name: string; range?: string }, catalog: Catalog, constraints: Constraints = {}): ChandleryError {
  try {
    resolve(root, catalog, constraints);
  } catch (error) {
    if (error instanceof ChandleryError) return error;
    throw error;
  }
  throw new Error('there is a solution');
}

describe('resolve', () => {
  it('keeps where the archive of a version lies', () => {
    const catalog = catalogOf({ redis: REDIS });
    const origin = { chart: 'oci://registry.example/charts/redis', listedBy: 'https://list.example' };
    for (const { versions } of catalog.templates) for (const entry of versions) entry.origin = origin;
    expect(resolve({ name: 'redis' }, catalog).templates).toMatchObject([{ name: 'redis', version: '7.2.5', origin }]);
  });

  it('locks the newest versions, dependencies first, with digests and who asked', () => {
    const catalog = catalogOf({
      shop: { '1.2.0': { redis: '^7.0.0', web: '^1' } },
      redis: REDIS,
      web: { '1.0.0': { redis: '*' } },
    });
    expect(resolve({ name: 'shop' }, catalog)).toEqual({
      root: 'shop',
      templates: [
        {
          registry: 'main',
          name: 'redis',
          version: '7.2.5',
          digest: digestOf('main', 'redis', '7.2.5'),
          size: 100,
          dependencies: [],
          requiredBy: [
            { name: 'shop', range: '^7.0.0' },
            { name: 'web', range: '*' },
          ],
        },
        {
          registry: 'main',
          name: 'web',
          version: '1.0.0',
          digest: digestOf('main', 'web', '1.0.0'),
          size: 100,
          dependencies: ['redis'],
          requiredBy: [{ name: 'shop', range: '^1' }],
        },
        {
          registry: 'main',
          name: 'shop',
          version: '1.2.0',
          digest: digestOf('main', 'shop', '1.2.0'),
          size: 100,
          dependencies: ['redis', 'web'],
          requiredBy: [],
        },
      ],
    });
  });

  it('goes back to an older version where the newest leads nowhere', () => {
    const web = { '1.1.0': { redis: '^6' }, '1.0.0': { redis: '^7' } };
    const catalog = catalogOf({ shop: { '1.0.0': { redis: '^7', web: '^1' } }, redis: REDIS, web });
    expect(chosen(resolve({ name: 'shop' }, catalog))).toEqual(['main/redis@7.2.5', 'main/web@1.0.0', 'main/shop@1.0.0']);
  });

  it('prefers a newer root to newer dependencies', () => {
    const catalog = catalogOf({ shop: { '1.0.0': { redis: '*' }, '2.0.0': { redis: '^6' } }, redis: REDIS });
    expect(chosen(resolve({ name: 'shop' }, catalog))).toEqual(['main/redis@6.2.14', 'main/shop@2.0.0']);
  });

  it('takes a pre-release of the root only when asked', () => {
    const catalog = catalogOf({ shop: { '2.0.0-rc.1': {}, '1.0.0': {} } });
    expect(chosen(resolve({ name: 'shop' }, catalog))).toEqual(['main/shop@1.0.0']);
    expect(chosen(resolve({ name: 'shop', range: '2.0.0-rc.1' }, catalog))).toEqual(['main/shop@2.0.0-rc.1']);
  });

  it('takes a pre-release of the root when pre-releases are asked for, within the range', () => {
    const catalog = catalogOf({
      shop: { '3.0.0-rc.1': {}, '2.0.0-rc.1': { redis: '*' }, '1.0.0': {} },
      redis: { '2.0.0-rc.1': {}, '1.0.0': {} },
    });
    expect(chosen(resolve({ name: 'shop', prerelease: true }, catalog))).toEqual(['main/shop@3.0.0-rc.1']);
    expect(chosen(resolve({ name: 'shop', range: '>=1 <3', prerelease: true }, catalog))).toEqual([
      'main/redis@1.0.0',
      'main/shop@2.0.0-rc.1',
    ]);
  });

  it('says which pre-release would fit where nothing else does', () => {
    const catalog = catalogOf({ shop: { '2.0.0-rc.1': {}, '1.0.0': {} } });
    expect(failure({ name: 'shop', range: '>=1.5.0' }, catalog).message).toBe(
      'main/shop has no version that fits >=1.5.0 (available: 2.0.0-rc.1, 1.0.0); the pre-release 2.0.0-rc.1 fits if pre-releases are asked for',
    );
  });

  it('finishes on two thousand templates with ten versions each', () => {
    const catalog = largeCatalog(2_000, 10);
    const lock = resolve({ name: 't0' }, catalog);
    expect(lock.templates.length).toBeGreaterThan(1_500);
  });

  it('learns from a dead end instead of trying every combination below it', () => {
    const templates: Record<string, Versions> = {
      root: { '1.0.0': { last: '*' } },
      common: { '1.0.0': {}, '2.0.0': {} },
      last: { '1.0.0': { common: '^1' } },
    };
    for (let index = 10; index < 50; index++) {
      templates.root = { '1.0.0': { ...templates.root?.['1.0.0'], [`m${index}`]: '*' } };
      const versions = Array.from({ length: 10 }, (_, version) => [`${version}.0.0`, { common: index === 49 ? '^2' : '*' }]);
      templates[`m${index}`] = Object.fromEntries(versions);
    }
    expect(failure({ name: 'root' }, catalogOf(templates)).code).toBe('dependency_conflict');
  });
});

describe('resolve, with templates installed', () => {
  const catalog = catalogOf({ shop: { '1.0.0': { redis: '>=6' }, '1.1.0': { redis: '>=6' } }, redis: REDIS });

  it('keeps an installed dependency that fits', () => {
    expect(chosen(resolve({ name: 'shop' }, catalog, { installed: [installed('redis', '6.2.14')] }))).toEqual([
      'main/redis@6.2.14',
      'main/shop@1.1.0',
    ]);
  });

  it('does not keep the installed root', () => {
    expect(chosen(resolve({ name: 'shop' }, catalog, { installed: [installed('shop', '1.0.0')] }))).toContain('main/shop@1.1.0');
  });

  it('keeps a yanked dependency that is installed', () => {
    const yanked = catalogOf({ shop: { '1.0.0': { redis: '^7' } }, redis: { '!7.3.0': {}, '7.2.5': {} } });
    expect(chosen(resolve({ name: 'shop' }, yanked))).toContain('main/redis@7.2.5');
    expect(chosen(resolve({ name: 'shop' }, yanked, { installed: [installed('redis', '7.3.0')] }))).toContain('main/redis@7.3.0');
  });

  it('keeps the installed bytes where the registry has changed them', () => {
    const own = { ...installed('redis', '7.2.5'), digest: 'sha256:own' };
    const lock = resolve({ name: 'shop' }, catalog, { installed: [own] });
    expect(lock.templates[0]).toMatchObject({ name: 'redis', digest: 'sha256:own' });
  });

  it('keeps one that its registry no longer lists, with what it needs', () => {
    const constraints = {
      installed: [installed('redis', '6.0.0'), installed('common', '1.0.0')],
      required: [{ name: 'common', range: '^1', requiredBy: 'redis 6.0.0' }],
    };
    expect(chosen(resolve({ name: 'shop' }, catalog, constraints))).toEqual([
      'main/common@1.0.0',
      'main/redis@6.0.0',
      'main/shop@1.1.0',
    ]);
  });

  it('takes a bare name for what is installed from another registry, not a name with its registry', () => {
    const constraints = { installed: [installed('redis', '6.2.14', 'other')] };
    expect(chosen(resolve({ name: 'shop' }, catalog, constraints))).toContain('other/redis@6.2.14');
    const explicit = catalogOf({ shop: { '1.0.0': { redis: { version: '>=6', registry: 'main' } } }, redis: REDIS });
    expect(chosen(resolve({ name: 'shop' }, explicit, constraints))).toContain('main/redis@7.2.5');
  });

  it('lets go of what an installed template demanded when that template changes too', () => {
    const web = { '2.0.0': { redis: '^7' }, '1.0.0': { redis: '^6' } };
    const upgrade = catalogOf({ shop: { '2.0.0': { web: '^2', redis: '^7' } }, web, redis: REDIS });
    const constraints = {
      installed: [installed('shop', '1.0.0'), installed('web', '1.0.0'), installed('redis', '6.2.14')],
      required: [
        { name: 'redis', range: '^6', requiredBy: 'web 1.0.0' },
        { name: 'web', range: '^1', requiredBy: 'shop 1.0.0' },
      ],
    };
    expect(chosen(resolve({ name: 'shop' }, upgrade, constraints))).toEqual([
      'main/redis@7.2.5',
      'main/web@2.0.0',
      'main/shop@2.0.0',
    ]);
  });

  it('does not bring in another version of an installed template only to be rid of its demand', () => {
    const web = { '2.0.0': { redis: '^7' }, '1.0.0': { redis: '^6' } };
    const unrelated = catalogOf({ shop: { '2.0.0': { redis: '^7' } }, web, redis: REDIS });
    const constraints = { installed: [installed('web', '1.0.0')], required: [{ name: 'redis', range: '^6', requiredBy: 'web' }] };
    expect(failure({ name: 'shop' }, unrelated, constraints).message).toBe(
      'shop 2.0.0 needs redis ^7, but web 1.0.0 (installed) needs redis ^6; no version of redis fits both (available: 7.2.5, 7.0.15, 6.2.14)',
    );
  });

  it('respects what installed templates need of the root itself', () => {
    const constraints = {
      installed: [installed('portal', '3.0.0')],
      required: [{ name: 'shop', range: '<1.1.0', requiredBy: 'portal' }],
    };
    expect(chosen(resolve({ name: 'shop' }, catalog, constraints))).toContain('main/shop@1.0.0');
    expect(failure({ name: 'shop', range: '^1.1.0' }, catalog, constraints).message).toBe(
      'shop ^1.1.0 was asked for, but portal 3.0.0 (installed) needs shop <1.1.0; no version of shop fits both (available: 1.1.0, 1.0.0)',
    );
  });
});

describe('resolve, with several registries', () => {
  it('looks in the registry of the dependent, or in the one that is named', () => {
    const catalog = catalogOf({
      shop: { '1.0.0': { web: { version: '*', registry: 'other' } } },
      'other/web': { '1.0.0': { redis: '*' } },
      'other/redis': { '6.0.0': {} },
      redis: REDIS,
    });
    expect(chosen(resolve({ name: 'shop' }, catalog))).toEqual(['other/redis@6.0.0', 'other/web@1.0.0', 'main/shop@1.0.0']);
  });

  it('says which registry where one name is wanted from two', () => {
    const catalog = catalogOf({
      shop: { '1.0.0': { redis: '^7', web: { version: '*', registry: 'other' } } },
      redis: REDIS,
      'other/redis': { '7.2.5': {} },
      'other/web': { '1.0.0': { redis: '^7' } },
    });
    const { code, message } = failure({ name: 'shop' }, catalog);
    expect(code).toBe('dependency_conflict');
    expect(message).toContain(
      'shop 1.0.0 needs redis ^7 from main, but web 1.0.0 (shop 1.0.0 needs web *) needs redis ^7 from other',
    );
  });
});

describe('resolve, with optional dependencies', () => {
  it('takes one that can be had, even at the price of an older version of something else', () => {
    const shop = { '1.0.0': { redis: '*', cache: { version: '^1', optional: true } } };
    const catalog = catalogOf({ shop, redis: REDIS, cache: { '1.0.0': { redis: '^6' } } });
    expect(chosen(resolve({ name: 'shop' }, catalog))).toEqual(['main/redis@6.2.14', 'main/cache@1.0.0', 'main/shop@1.0.0']);
  });

  it('skips one that does not exist, and says so', () => {
    const catalog = catalogOf({ shop: { '1.0.0': { cache: { version: '^1', optional: true } } } });
    const lock = resolve({ name: 'shop' }, catalog);
    expect(chosen(lock)).toEqual(['main/shop@1.0.0']);
    expect(lock.skipped).toEqual([
      { name: 'cache', range: '^1', why: 'shop 1.0.0 needs cache ^1, but registry main has no template cache' },
    ]);
  });

  it('skips one that conflicts with what must be there, and says with what', () => {
    const shop = { '1.0.0': { redis: '^7', cache: { version: '^1', optional: true } } };
    const catalog = catalogOf({ shop, redis: REDIS, cache: { '1.0.0': { redis: '^6' } } });
    expect(resolve({ name: 'shop' }, catalog).skipped?.[0]?.why).toBe(
      'shop 1.0.0 needs redis ^7, but cache 1.0.0 (shop 1.0.0 needs cache ^1) needs redis ^6; no version of redis fits both (available: 7.2.5, 7.0.15, 6.2.14)',
    );
  });

  it('skips one whose registry could not be asked', () => {
    const catalog = catalogOf({ shop: { '1.0.0': { cache: { version: '^1', registry: 'down', optional: true } } } });
    const lock = resolve(
      { name: 'shop' },
      { ...catalog, unavailable: [{ registry: 'down', name: 'cache', why: 'connection refused' }] },
    );
    expect(lock.skipped?.[0]?.why).toBe('shop 1.0.0 needs cache ^1, but registry down could not be asked: connection refused');
  });
});

describe('resolve, when versions conflict', () => {
  it('names exactly the parties', () => {
    const catalog = catalogOf({
      shop: { '1.2.0': { redis: '^7.0.0', unrelated: '*' } },
      redis: REDIS,
      unrelated: { '1.0.0': { other: '*' } },
      other: { '1.0.0': {} },
    });
    const required = [
      { name: 'redis', range: '^6.2.0', requiredBy: 'gitea' },
      { name: 'redis', range: '*', requiredBy: 'harmless' },
    ];
    const error = failure({ name: 'shop' }, catalog, {
      installed: [installed('gitea', '2.0.0'), installed('redis', '6.2.14')],
      required,
    });
    expect(error.code).toBe('dependency_conflict');
    expect(error.message).toBe(
      'shop 1.2.0 needs redis ^7.0.0, but gitea 2.0.0 (installed) needs redis ^6.2.0; no version of redis fits both (available: 7.2.5, 7.0.15, 6.2.14)',
    );
  });

  it('says by which way a distant dependency came in', () => {
    const catalog = catalogOf({
      shop: { '1.2.0': { api: '^1', cache: '^1' } },
      api: { '1.0.0': { portal: '^2' } },
      portal: { '2.1.0': { redis: '^7' } },
      cache: { '1.1.0': { redis: '^6.1' }, '1.0.0': { redis: '^6' } },
      redis: REDIS,
    });
    expect(failure({ name: 'shop' }, catalog).message).toBe(
      'cache 1.0.0 (shop 1.2.0 needs cache ^1) needs redis ^6 and cache 1.1.0 needs redis ^6.1, ' +
        'but portal 2.1.0 (shop 1.2.0 needs api ^1, which needs portal ^2) needs redis ^7; ' +
        'no version of redis fits both (available: 7.2.5, 7.0.15, 6.2.14)',
    );
  });

  it('lists what there is where no version fits one range', () => {
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`1.${index}.0`, {}]));
    const catalog = catalogOf({ shop: { '1.0.0': { redis: '^9' } }, redis: { ...many, '!9.0.0': {} } });
    const { code, message } = failure({ name: 'shop' }, catalog);
    expect(code).toBe('dependency_conflict');
    expect(message).toBe(
      'shop 1.0.0 needs redis ^9, but no version of redis fits that ' +
        '(available: 9.0.0 (yanked), 1.19.0, 1.18.0, 1.17.0, 1.16.0, 1.15.0, 1.14.0, 1.13.0 and 13 older)',
    );
  });

  it('counts the versions of a dependent instead of listing many', () => {
    const web = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`1.${index}.0`, { redis: '^6' }]));
    const message = failure(
      { name: 'shop' },
      catalogOf({ shop: { '1.0.0': { redis: '^7', web: '*' } }, redis: REDIS, web }),
    ).message;
    expect(message).toContain('but web 1.0.0 to 1.8.0 (9 versions) (shop 1.0.0 needs web *) need redis ^6;');
  });

  it('gives the parties as data, too', () => {
    const catalog = catalogOf({ shop: { '1.0.0': { redis: '^9' } }, redis: REDIS });
    expect(failure({ name: 'shop' }, catalog).details).toMatchObject({
      template: 'shop',
      requirements: [
        { by: null, name: 'shop', range: 'latest' },
        { by: 'shop', name: 'redis', range: '^9' },
      ],
    });
  });

  it('is told in the documentation as it really is', () => {
    const shop = { '1.2.0': { redis: '^7.0.0', 'web-app': '^1.0.0' } };
    const catalog = catalogOf({ shop, redis: REDIS, 'web-app': { '1.0.0': {} } });
    const required = [{ name: 'redis', range: '^6.2.0', requiredBy: 'gitea' }];
    const { message } = failure({ name: 'shop' }, catalog, { installed: [installed('gitea', '2.0.0')], required });
    const page = readFileSync(new URL('../../docs/resolution.md', import.meta.url), 'utf8');
    expect(page.replaceAll(/\s+/g, ' ')).toContain(message);
  });
});

describe('resolve, when something is missing', () => {
  it('fails with dependency_missing, who asked and what is similar', () => {
    const catalog = catalogOf({ shop: { '1.2.0': { redid: '^7' } }, redis: REDIS });
    const error = failure({ name: 'shop' }, catalog, { knownNames: ['redis-ha', 'web-app'] });
    expect(error.code).toBe('dependency_missing');
    expect(error.message).toBe('shop 1.2.0 needs redid ^7, but registry main has no template redid (similar names: redis)');
    expect(error.details.alternatives).toEqual(['redis']);
  });

  it('uses an older version that does not need it', () => {
    const catalog = catalogOf({ shop: { '1.2.0': { nowhere: '*' }, '1.1.0': {} } });
    expect(chosen(resolve({ name: 'shop' }, catalog))).toEqual(['main/shop@1.1.0']);
  });

  it('fails with version_not_found where no version of the root fits', () => {
    const error = failure({ name: 'redis', range: '^9' }, catalogOf({ redis: REDIS }));
    expect(error.code).toBe('version_not_found');
    expect(error.message).toBe('main/redis has no version that fits ^9 (available: 7.2.5, 7.0.15, 6.2.14)');
  });

  it('never takes a yanked root unless it is named exactly', () => {
    const catalog = catalogOf({ redis: { '!7.3.0': {} } });
    expect(failure({ name: 'redis' }, catalog).message).toBe(
      'main/redis has no version that may be installed (available: 7.3.0 (yanked))',
    );
    expect(failure({ name: 'redis', range: '^7' }, catalog).code).toBe('version_not_found');
    expect(chosen(resolve({ name: 'redis', range: '7.3.0' }, catalog))).toEqual(['main/redis@7.3.0']);
  });

  it('fails with template_invalid where a range cannot be read, naming the template', () => {
    const error = failure({ name: 'shop' }, catalogOf({ shop: { '1.2.0': { redis: 'seven' } }, redis: REDIS }));
    expect(error.code).toBe('template_invalid');
    expect(error.message).toBe('shop 1.2.0 needs redis seven, which is not a range that can be read');
  });
});

describe('resolve, when dependencies form a circle', () => {
  it('fails with dependency_cycle and the path', () => {
    const catalog = catalogOf({ a: { '1.0.0': { b: '^2' } }, b: { '2.1.0': { a: '*' } } });
    const error = failure({ name: 'a' }, catalog);
    expect(error.code).toBe('dependency_cycle');
    expect(error.message).toBe('The dependencies form a circle: a 1.0.0 -> b 2.1.0 -> a 1.0.0');
  });

  it('reports a template that needs itself', () => {
    expect(failure({ name: 'a' }, catalogOf({ a: { '1.0.0': { a: '^1' } } })).message).toContain('a 1.0.0 -> a 1.0.0');
  });

  it('reports a circle below the root', () => {
    const catalog = catalogOf({
      root: { '1.0.0': { a: '*' } },
      a: { '1.0.0': { b: '*' } },
      b: { '1.0.0': { c: '*' } },
      c: { '1.0.0': { a: '*' } },
    });
    expect(failure({ name: 'root' }, catalog).message).toContain('a 1.0.0 -> b 1.0.0 -> c 1.0.0 -> a 1.0.0');
  });

  it('chooses a combination without it where there is one', () => {
    const catalog = catalogOf({ a: { '1.0.0': { b: '^2' } }, b: { '2.1.0': { a: '*' }, '2.0.0': {} } });
    expect(chosen(resolve({ name: 'a' }, catalog))).toEqual(['main/b@2.0.0', 'main/a@1.0.0']);
  });

  it('skips an optional dependency that would close it', () => {
    const catalog = catalogOf({ a: { '1.0.0': { b: '*' } }, b: { '1.0.0': { a: { version: '*', optional: true } } } });
    const lock = resolve({ name: 'a' }, catalog);
    expect(chosen(lock)).toEqual(['main/b@1.0.0', 'main/a@1.0.0']);
    expect(lock.skipped?.[0]?.why).toContain('a 1.0.0 -> b 1.0.0 -> a 1.0.0 is a circle');
  });
});

/** Each template needs four of the fifty after it, now and then in a narrow range; the root needs every seventh. */
function largeCatalog(names: number, versions: number): Catalog {
  let seed = 7;
  const below = (limit: number): number => {
    seed = (seed * 1_664_525 + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * limit);
  };
  const templates: Record<string, Versions> = {};
  for (let index = 0; index < names; index++) {
    const own: Versions = {};
    for (let version = 1; version <= versions; version++) {
      const needs: Record<string, string> = {};
      for (let count = 0; count < 4 && index + 1 < names; count++) {
        const target = index + 1 + below(Math.min(50, names - index - 1));
        needs[`t${target}`] = below(30) === 0 ? `^${1 + below(versions)}.0.0` : `>=${1 + below(5)}.0.0`;
      }
      for (let target = 1; index === 0 && target < names; target += 7) needs[`t${target}`] = '*';
      own[`${version}.0.0`] = needs;
    }
    templates[`t${index}`] = own;
  }
  return catalogOf(templates);
}
