import { beforeAll, describe, expect, it } from '@jest/globals';
import { entryOf, namesOf, replaceWith, searchFor, sourceOf } from '../../support/catalog-entries.ts';
import { describeStores } from '../../support/stores.ts';

const shop = sourceOf('shop');
const ENTRIES = [
  entryOf('postgres', { description: 'the database', category: 'databases' }),
  entryOf('postgres-ha', { category: 'databases', downloads: 5, rating: 4 }),
  entryOf('postgres-12', { category: 'Databases', downloads: 90, updatedAt: '2026-01-02T00:00:00Z' }),
  entryOf('ha-postgres', { category: 'databases', updatedAt: '2026-03-01T00:00:00Z' }),
  entryOf('pgadmin', { displayName: 'Postgres Admin', downloads: 7, rating: 4.5 }),
  entryOf('backup', { tags: ['postgres', 'High Availability'], type: 'helm' }),
  entryOf('a-shop', { description: 'keeps its orders in postgres', type: 'helm' }),
  entryOf('cert-manager', { tags: ['certificates'], category: 'security', verified: true }),
  entryOf('redis', { description: 'a cache', category: 'databases', license: 'BSD-3-Clause' }),
  entryOf('kubernetes-dashboard', { displayName: 'Übersicht für Kübernetes' }),
];

describeStores('a search of the catalog', (lab) => {
  const found = (q: string, more = {}) => namesOf(lab.store.catalog, [shop], { q, ...more });
  beforeAll(() => replaceWith(lab.store.catalog, shop, ENTRIES));

  it('ranks name, beginning of a name, word of a name, label, description, and then by name', async () => {
    expect(await found('postgres')).toEqual([
      'postgres',
      ...['postgres-12', 'postgres-ha'],
      'ha-postgres',
      ...['backup', 'pgadmin'],
      'a-shop',
    ]);
  });

  it.each([
    ['POSTGRES ha', ['postgres-ha', 'ha-postgres']],
    ['postgres-12', ['postgres-12']],
    ['post 12', ['postgres-12']],
    ['certmanager', ['cert-manager']],
    ['übersicht', ['kubernetes-dashboard']],
    ['FÜR', ['kubernetes-dashboard']],
    ['nothing-of-the-kind', []],
  ])('finds for %j %j', async (q, names) => {
    expect(await found(q)).toEqual(names);
  });

  it.each([
    ['postgers', 'postgres'],
    ['postgers ha', 'postgres-ha'],
    ['rdeis', 'redis'],
    ['redsi', 'redis'],
    ['pedis', 'redis'],
    ['redi', 'redis'],
    ['certifcate-manger', 'cert-manager'],
    ['kubernets', 'kubernetes-dashboard'],
    ['kuberntes dashbord', 'kubernetes-dashboard'],
    ['ovailability', 'backup'],
  ])('understands %j as %s', async (q, name) => {
    expect((await found(q))[0]).toBe(name);
  });

  it('puts what is only nearly right after what is right', async () => {
    const source = sourceOf('near');
    await replaceWith(lab.store.catalog, source, [
      entryOf('zoning'),
      entryOf('other', { description: 'zoming' }),
      entryOf('zone'),
    ]);
    expect(await namesOf(lab.store.catalog, [source], { q: 'zoming' })).toEqual(['other', 'zoning']);
  });

  it.each([
    ['category', { category: ['DATABASES'] }, ['ha-postgres', 'postgres', 'postgres-12', 'postgres-ha', 'redis']],
    ['two categories', { category: ['security', 'none'] }, ['cert-manager']],
    ['type', { type: ['helm'] }, ['a-shop', 'backup']],
    ['license', { license: ['bsd-3-clause'] }, ['redis']],
    ['verified', { verified: true }, ['cert-manager']],
    ['all of the tags', { tag: ['high availability', 'POSTGRES'] }, ['backup']],
    ['tags nothing has', { tag: ['availability'] }, []],
    ['registry', { registry: ['elsewhere'] }, []],
    ['rating', { minRating: 4 }, ['pgadmin', 'postgres-ha']],
    ['a rating between two', { minRating: 4.1 }, ['pgadmin']],
    ['no rating below the least', { minRating: 0 }, ['pgadmin', 'postgres-ha']],
    ['rating and words', { minRating: 4, q: 'ha' }, ['postgres-ha']],
    ['registry type and words', { registryType: ['community' as const], q: 'cache' }, ['redis']],
  ])('narrows by %s', async (_what, query, names) => {
    expect(await namesOf(lab.store.catalog, [shop], query)).toEqual(names);
  });

  it.each([
    ['downloads', ['postgres-12', 'pgadmin', 'postgres-ha']],
    ['rating', ['pgadmin', 'postgres-ha', 'a-shop']],
    ['updated', ['ha-postgres', 'postgres-12', 'a-shop']],
    ['name', ['a-shop', 'backup', 'cert-manager']],
    ['relevance', ['a-shop', 'backup', 'cert-manager']],
  ] as const)('sorts by %s', async (sort, names) => {
    expect((await namesOf(lab.store.catalog, [shop], { sort })).slice(0, 3)).toEqual(names);
  });

  it.each(['name', 'relevance', 'downloads', 'rating', 'updated'] as const)('pages by %s without gaps', async (sort) => {
    const query = { q: 'postgres', sort };
    const whole = await namesOf(lab.store.catalog, [shop], query);
    const pages: string[] = [];
    for (let offset = 0; offset < 9; offset += 3)
      pages.push(...(await namesOf(lab.store.catalog, [shop], { ...query, offset, limit: 3 })));
    expect(pages).toEqual(whole);
    expect(await searchFor(lab.store.catalog, [shop], { ...query, offset: 1_000_000 })).toEqual({ templates: [], total: 7 });
  });

  describe('with hostile words', () => {
    it.each([
      ...['\u0000', "'; drop table catalog_entries; --", '& | ! <-> :* ( )', '\\', "''''", '%', '\ud800', ' ', '🙂'],
      'x'.repeat(10_000),
      'word '.repeat(2_000),
      "' & 'redis':*",
    ])('answers %j', async (q) => {
      const { templates, total } = await searchFor(lab.store.catalog, [shop], { q, tag: [] });
      expect(templates.length).toBe(total);
      expect(await namesOf(lab.store.catalog, [shop], { tag: [q], category: [q] })).toEqual([]);
      expect(Array.isArray(await lab.store.catalog.similar([shop], q, 3))).toBe(true);
    });
  });

  it.each([
    ['postgers', 'postgres'],
    ['certmanager', 'cert-manager'],
    ['redis-ha', 'redis'],
    ['kubernetes-dashbord', 'kubernetes-dashboard'],
  ])('names what is similar to %s', async (name, nearest) => {
    expect((await lab.store.catalog.similar([shop], name, 3))[0]).toEqual({ registry: 'shop', name: nearest });
  });

  it('counts the categories', async () => {
    expect(await lab.store.catalog.categories([shop])).toEqual([
      { name: expect.stringMatching(/^databases$/i), count: 5 },
      { name: 'security', count: 1 },
    ]);
  });

  it('finds nothing in no source, or one that was never listed', async () => {
    const nothing = { templates: [], total: 0 };
    expect(await searchFor(lab.store.catalog, [], { q: 'redis' })).toEqual(nothing);
    expect(await searchFor(lab.store.catalog, [sourceOf('never')])).toEqual(nothing);
    expect(await lab.store.catalog.similar([], 'redis', 3)).toEqual([]);
    expect(await lab.store.catalog.categories([])).toEqual([]);
  });
});
