import { describe, expect, it } from '@jest/globals';
import { type Catalog, type Constraints, describeUpdate, gatherCatalog, resolve } from '../../../src/domain/resolver.ts';
import { catalogOf, digestOf, type Versions } from '../../support/catalogs.ts';

const SHOP: Versions = { '1.0.0': { web: '^1', redis: '>=6' }, '1.1.0': { web: '^1', redis: '>=6' } };
const WEB: Versions = { '1.0.0': {}, '1.3.0': {} };
const REDIS: Versions = { '6.2.14': {}, '7.2.5': {}, '8.0.0-rc.1': {} };

/** A namespace where `shop` and what it needs are installed: `name@version`, from `main`, each with what it says it needs. */
function namespace(catalog: Catalog, ...installed: string[]): Required<Pick<Constraints, 'installed' | 'required'>> {
  const entries = installed.map((text) => {
    const [path = '', version = ''] = text.split('@');
    const [name = '', registry = 'main'] = path.split('/').reverse();
    return { registry, name, version, digest: digestOf(registry, name, version) };
  });
  const required = entries.flatMap(({ registry, name, version }) => {
    const template = catalog.templates.find((found) => found.registry === registry && found.name === name);
    const needs = template?.versions.find((found) => found.version === version)?.dependencies ?? [];
    return needs
      .filter((need) => entries.some((other) => other.name === need.name))
      .map((need) => ({ name: need.name, range: need.version, requiredBy: `${name} ${version}` }));
  });
  return { installed: entries, required };
}

function update(catalog: Catalog, installed: string[], updateOnly: string[]) {
  const constraints = { ...namespace(catalog, ...installed), updateOnly };
  const lock = resolve({ name: 'shop' }, catalog, constraints);
  const versions = lock.templates.map(
    ({ registry, name, version }) => `${registry === 'main' ? '' : `${registry}/`}${name}@${version}`,
  );
  return { versions: versions.sort(), said: describeUpdate(lock, constraints) };
}

describe('bringing one dependency up to date', () => {
  it('leaves everything else where it is, the template itself included', () => {
    const catalog = catalogOf({ shop: SHOP, web: WEB, redis: REDIS });
    expect(update(catalog, ['shop@1.0.0', 'web@1.0.0', 'redis@6.2.14'], ['redis'])).toEqual({
      versions: ['redis@7.2.5', 'shop@1.0.0', 'web@1.0.0'],
      said: ['redis moves from 6.2.14 to 7.2.5'],
    });
  });

  it('does not move what needs it, and says what holds it', () => {
    const shop = { '1.0.0': { web: '^1' } };
    const web = { '1.0.0': { redis: '^6' }, '1.3.0': { redis: '^7' } };
    const catalog = catalogOf({ shop, web, redis: REDIS });
    expect(update(catalog, ['shop@1.0.0', 'web@1.0.0', 'redis@6.2.14'], ['redis'])).toEqual({
      versions: ['redis@6.2.14', 'shop@1.0.0', 'web@1.0.0'],
      said: ['redis stays at 6.2.14: nothing newer fits what else is there (web 1.0.0 needs redis ^6)'],
    });
  });

  it.each(['aaa', 'zzz'])('moves what its newest version needs, and says why (%s)', (common) => {
    const catalog = catalogOf({
      shop: { '1.0.0': { redis: '>=6', [common]: '*' } },
      redis: { '6.2.14': { [common]: '^1' }, '7.2.5': { [common]: '^2' } },
      [common]: { '1.0.0': {}, '2.0.0': {}, '2.1.0': {} },
    });
    const { versions, said } = update(catalog, ['shop@1.0.0', 'redis@6.2.14', `${common}@1.0.0`], ['redis']);
    expect(versions).toEqual([`${common}@2.1.0`, 'redis@7.2.5', 'shop@1.0.0'].sort());
    expect(said).toContain(`${common} moves from 1.0.0 to 2.1.0, it had to: redis 7.2.5 needs ${common} ^2`);
    expect(said).toContain('redis moves from 6.2.14 to 7.2.5');
  });

  it('moves a third one where two of its needs clash otherwise', () => {
    const catalog = catalogOf({
      shop: { '1.0.0': { redis: '>=6', portal: '*' } },
      redis: { '6.2.14': { common: '^1' }, '7.2.5': { common: '^2' } },
      portal: { '1.0.0': { common: '^1' }, '1.1.0': { common: '*' } },
      common: { '1.0.0': {}, '2.0.0': {} },
    });
    const { versions, said } = update(catalog, ['shop@1.0.0', 'redis@6.2.14', 'portal@1.0.0', 'common@1.0.0'], ['redis']);
    expect(versions).toEqual(['common@2.0.0', 'portal@1.1.0', 'redis@7.2.5', 'shop@1.0.0']);
    expect(said).toContain('portal moves from 1.0.0 to 1.1.0, it had to: portal 1.0.0 needs common ^1');
  });

  it('goes no further than what cannot move allows', () => {
    const catalog = catalogOf({
      shop: { '1.0.0': { redis: '>=6', common: '^1' } },
      redis: { '6.2.14': {}, '6.4.0': {}, '7.2.5': { common: '^2' } },
      common: { '1.0.0': {}, '2.0.0': {} },
    });
    expect(update(catalog, ['shop@1.0.0', 'redis@6.2.14', 'common@1.0.0'], ['redis']).versions).toEqual([
      'common@1.0.0',
      'redis@6.4.0',
      'shop@1.0.0',
    ]);
  });

  it('takes several names, and the template itself', () => {
    const catalog = catalogOf({ shop: SHOP, web: WEB, redis: REDIS });
    const installed = ['shop@1.0.0', 'web@1.0.0', 'redis@6.2.14'];
    expect(update(catalog, installed, ['redis', 'web']).versions).toEqual(['redis@7.2.5', 'shop@1.0.0', 'web@1.3.0']);
    expect(update(catalog, installed, ['shop']).versions).toEqual(['redis@6.2.14', 'shop@1.1.0', 'web@1.0.0']);
  });

  it('says what a newer version brings in', () => {
    const catalog = catalogOf({
      shop: { '1.0.0': { redis: '*' } },
      redis: { '6.2.14': {}, '7.2.5': { common: '^2' } },
      common: { '2.0.0': {} },
    });
    expect(update(catalog, ['shop@1.0.0', 'redis@6.2.14'], ['redis']).said).toContain(
      'common 2.0.0 comes in: redis 7.2.5 needs common ^2',
    );
  });

  it('keeps the template at a pre-release or a withdrawn version that is installed', () => {
    const shop = { '!2.0.0-rc.1': { redis: '*' }, '1.0.0': { redis: '*' } };
    const catalog = catalogOf({ shop, redis: REDIS });
    expect(update(catalog, ['shop@2.0.0-rc.1', 'redis@6.2.14'], ['redis']).versions).toEqual(['redis@7.2.5', 'shop@2.0.0-rc.1']);
  });

  it('never goes back to what a registry lists where it no longer lists the newer one', () => {
    const catalog = catalogOf({ shop: SHOP, web: WEB, redis: { '6.2.14': {} } });
    expect(update(catalog, ['shop@1.0.0', 'web@1.0.0', 'redis@7.2.5'], ['redis']).versions).toContain('redis@7.2.5');
  });

  it('keeps to the registry that it was installed from', async () => {
    const catalog = catalogOf({ shop: SHOP, web: WEB, redis: REDIS, 'other/redis': { '6.2.14': {}, '7.0.0': {} } });
    const constraints = { ...namespace(catalog, 'shop@1.0.0', 'web@1.0.0', 'other/redis@6.2.14'), updateOnly: ['redis'] };
    const gathered = await gatherCatalog(
      { name: 'shop' },
      async (registry = 'main', name) => {
        const found = catalog.templates.find((template) => template.registry === registry && template.name === name);
        return { registry, versions: found?.versions ?? [] };
      },
      constraints,
    );
    const lock = resolve({ name: 'shop' }, gathered, constraints);
    expect(lock.templates.find(({ name }) => name === 'redis')).toMatchObject({ registry: 'other', version: '7.0.0' });
  });

  it('respects what other templates of the namespace need', () => {
    const catalog = catalogOf({ shop: SHOP, web: WEB, redis: REDIS, gitea: { '2.0.0': { redis: '^6' } } });
    const { versions } = update(catalog, ['shop@1.0.0', 'web@1.0.0', 'redis@6.2.14', 'gitea@2.0.0'], ['redis']);
    expect(versions).toContain('redis@6.2.14');
  });
});
