import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChandleryError } from '../../../src/domain/errors.ts';
import type { Lock } from '../../../src/domain/lock.ts';
import { type LockFile, lockFileOf } from '../../../src/domain/lock-file.ts';
import { type Catalog, type Constraints, gatherLocked, resolve, resolveLocked, yankedIn } from '../../../src/domain/resolver.ts';
import { arbitraryCatalog, arbitraryConstraints } from '../../support/arbitrary-catalogs.ts';
import { catalogOf, digestOf, type Versions } from '../../support/catalogs.ts';

const TEMPLATES: Record<string, Versions> = {
  shop: { '1.0.0': { redis: '^7', web: '^1', cache: { version: '^1', optional: true } } },
  redis: { '7.0.0': {}, '7.2.5': {} },
  web: { '1.0.0': {} },
};
const CATALOG = catalogOf(TEMPLATES);
const FILE = lockFileOf(resolve({ name: 'shop' }, CATALOG));

/** As a registry would answer out of the catalog. */
function listing(catalog: Catalog, file: LockFile) {
  return gatherLocked(file, async (registry = 'main', name) => {
    const found = catalog.templates.find((template) => template.registry === registry && template.name === name);
    if (found === undefined) throw new ChandleryError('template_not_found', `no ${name}`);
    return { registry, versions: found.versions };
  });
}

async function locked(catalog: Catalog, file: LockFile = FILE, range?: string, constraints: Constraints = {}): Promise<Lock> {
  const root = { name: 'shop', ...(range !== undefined && { range }) };
  return resolveLocked(root, file, await listing(catalog, file), constraints);
}

const withPinned = (name: string, change: Partial<LockFile['templates'][number]>): LockFile => ({
  ...FILE,
  templates: FILE.templates.map((pinned) => (pinned.name === name ? { ...pinned, ...change } : pinned)),
});

describe('a lock file', () => {
  it('names registry, version, digest and dependencies of each template, dependencies first', () => {
    expect(FILE).toEqual({
      lockVersion: 1,
      root: 'shop',
      templates: [
        { registry: 'main', name: 'redis', version: '7.2.5', digest: digestOf('main', 'redis', '7.2.5'), dependencies: [] },
        { registry: 'main', name: 'web', version: '1.0.0', digest: digestOf('main', 'web', '1.0.0'), dependencies: [] },
        {
          registry: 'main',
          name: 'shop',
          version: '1.0.0',
          digest: digestOf('main', 'shop', '1.0.0'),
          dependencies: ['redis', 'web'],
        },
      ],
    });
  });
});

describe('installing what is locked', () => {
  it('takes the locked versions although there are newer ones', async () => {
    const newer = catalogOf({ ...TEMPLATES, redis: { ...TEMPLATES.redis, '7.9.0': {} }, cache: { '1.0.0': {} } });
    const lock = await locked(newer);
    expect(lock.templates).toEqual(resolve({ name: 'shop' }, CATALOG).templates);
    expect(lock.skipped).toEqual([{ name: 'cache', range: '^1', why: 'the lock leaves it out' }]);
  });

  it('takes a version that was withdrawn since, and knows it', async () => {
    const yanked = catalogOf({ ...TEMPLATES, redis: { '!7.2.5': {} } });
    expect((await locked(yanked)).templates[0]).toMatchObject({ name: 'redis', version: '7.2.5' });
    expect(yankedIn(FILE, await listing(yanked, FILE))).toEqual(['redis 7.2.5']);
  });

  it('takes one that only the namespace still has', async () => {
    const gone = catalogOf({ ...TEMPLATES, redis: { '7.0.0': {} } });
    const installed = [{ name: 'redis', version: '7.2.5', registry: 'main', digest: digestOf('main', 'redis', '7.2.5') }];
    expect((await locked(gone, FILE, undefined, { installed })).templates[0]).toMatchObject({ version: '7.2.5', size: 0 });
    await expect(locked(gone)).toFailWith('lock_stale');
  });

  it('asks for the very version, each template once', async () => {
    const asked: string[] = [];
    await gatherLocked(FILE, async (registry = '', name, range) => {
      asked.push(`${registry}/${name}@${range}`);
      return { registry, versions: [] };
    });
    expect(asked.sort()).toEqual(['main/redis@7.2.5', 'main/shop@1.0.0', 'main/web@1.0.0']);
  });

  it('passes on the failure of a registry', async () => {
    const failing = gatherLocked(FILE, () => Promise.reject(new ChandleryError('registry_unavailable', 'no answer')));
    await expect(failing).toFailWith('registry_unavailable');
  });
});

describe('a lock that does not fit any more', () => {
  it.each<[string, Catalog, LockFile, string | undefined, Constraints, string]>([
    ['another template', CATALOG, { ...FILE, root: 'docs' }, undefined, {}, 'the lock is for docs, not for shop'],
    ['another range', CATALOG, FILE, '^2', {}, 'shop ^2 was asked for, and the lock has 1.0.0'],
    [
      'a version that is gone',
      catalogOf({ ...TEMPLATES, web: { '1.1.0': {} } }),
      FILE,
      undefined,
      {},
      'registry main no longer has web 1.0.0',
    ],
    [
      'a version out of range',
      CATALOG,
      withPinned('redis', { version: '7.0.0', digest: digestOf('main', 'redis', '7.0.0') }),
      '^1',
      { required: [{ name: 'redis', range: '^7.1', requiredBy: 'gitea 2.0.0' }] },
      'gitea 2.0.0 (installed) needs redis ^7.1, and the lock has 7.0.0',
    ],
    [
      'a need that changed',
      catalogOf({ ...TEMPLATES, shop: { '1.0.0': { redis: '^8', web: '^1' } } }),
      FILE,
      undefined,
      {},
      'shop 1.0.0 needs redis ^8, and the lock has 7.2.5',
    ],
    [
      'a new need',
      catalogOf({ ...TEMPLATES, shop: { '1.0.0': { redis: '^7', web: '^1', queue: '^3' } } }),
      FILE,
      undefined,
      {},
      'shop 1.0.0 needs queue ^3, which the lock does not give it',
    ],
    [
      'a need from another registry',
      catalogOf({ ...TEMPLATES, shop: { '1.0.0': { redis: '^7', web: { version: '^1', registry: 'other' } } } }),
      FILE,
      undefined,
      {},
      'shop 1.0.0 needs web ^1 from registry other, and the lock has it from main',
    ],
    [
      'a need that is none',
      CATALOG,
      withPinned('redis', { dependencies: ['web'] }),
      undefined,
      {},
      'the lock says that redis 7.2.5 needs web, which it does not',
    ],
    [
      'more than is needed',
      catalogOf({ ...TEMPLATES, docs: { '1.0.0': {} } }),
      {
        ...FILE,
        templates: [
          { registry: 'main', name: 'docs', version: '1.0.0', digest: digestOf('main', 'docs', '1.0.0'), dependencies: [] },
          ...FILE.templates,
        ],
      },
      undefined,
      {},
      'the lock has docs 1.0.0, which nothing in it needs',
    ],
    [
      'a circle',
      catalogOf({ ...TEMPLATES, redis: { '7.2.5': { shop: '*' } } }),
      withPinned('redis', { dependencies: ['shop'] }),
      undefined,
      {},
      'the lock has a circle among redis, shop and what needs them',
    ],
  ])('says so: %s', async (_, catalog, file, range, constraints, words) => {
    const failing = locked(catalog, file, range, constraints);
    await expect(failing).rejects.toMatchObject({ code: 'lock_stale', details: { explanation: [words] } });
    await expect(failing).rejects.toThrow(`The lock does not fit any more: ${words}`);
  });

  it('is refused as a mismatch where a version has other bytes', async () => {
    const failing = locked(CATALOG, withPinned('web', { digest: `sha256:${'f'.repeat(64)}` }));
    await expect(failing).toFailWith('digest_mismatch');
  });
});

describe('whatever the resolver decides', () => {
  it('can be installed again from its lock file, and comes to the same', async () => {
    const catalogs = arbitraryCatalog({ optional: true, circles: true, registries: true, yanked: true, missing: true });
    const inputs = catalogs.chain((catalog) => fc.tuple(fc.constant(catalog), arbitraryConstraints(catalog)));
    await fc.assert(
      fc.asyncProperty(inputs, async ([catalog, constraints]) => {
        const lock = solved(catalog, constraints);
        if (lock === undefined) return;
        const file = lockFileOf(lock);
        const again = resolveLocked({ name: 'root' }, file, await listing(catalog, file), constraints);
        expect(again.templates).toEqual(lock.templates);
        expect(names(again.skipped)).toEqual(names(lock.skipped));
      }),
      { numRuns: 1_000, seed: 20_260_801 },
    );
  });
});

function names(skipped: Lock['skipped'] = []): string[] {
  return skipped.map(({ name, range }) => `${name} ${range}`).sort();
}

function solved(catalog: Catalog, constraints: Constraints): Lock | undefined {
  try {
    return resolve({ name: 'root' }, catalog, constraints);
  } catch (error) {
    if (error instanceof ChandleryError) return undefined;
    throw error;
  }
}
