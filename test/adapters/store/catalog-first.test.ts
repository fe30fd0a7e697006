import { expect, it } from '@jest/globals';
import { MOST_AT_FIRST } from '../../../src/adapters/store/catalog-first.ts';
import { createStore } from '../../../src/adapters/store/index.ts';
import type { CatalogSource } from '../../../src/domain/catalog.ts';
import type { TemplateSummary } from '../../../src/domain/registry.ts';
import { entryOf, namesOf, replaceWith, searchFor, sourceOf } from '../../support/catalog-entries.ts';
import { describeStores } from '../../support/stores.ts';

const EVERYTHING: Array<Partial<TemplateSummary>> = [
  {
    description: 'a database of words',
    category: 'Databases',
    tags: ['sql', 'high availability'],
    license: 'MIT',
    verified: true,
  },
  { displayName: 'The Second', downloads: 12, rating: 4.5, updatedAt: '2026-01-02T03:04:05Z' },
  { type: 'helm', category: 'Databases', tags: [], description: 'NUL \u0000 and \ud800 and " \\ € 𝄞' },
  { digest: `sha256:${'a'.repeat(64)}`, registryType: 'official', deprecated: true },
];
const entries = EVERYTHING.map((more, at) => entryOf(`entry-${'dabc'[at]}`, more));

let counter = 0;
const fresh = () => sourceOf(`first-${++counter}`);

describeStores('the first listing of a registry that lists little', (lab) => {
  const rows = async (text: string, registry: string) => (await lab.db.query(text, [registry])).rows;
  /** Everything that is kept of a listing, without the numbers it is kept under. */
  const kept = async ({ registry }: CatalogSource) => ({
    listing: await rows(
      `select scope, generation, validator, templates, problems, problem_count, loose, error, listed_at = checked_at as "isOneTime"
       from catalog_listings where registry = $1`,
      registry,
    ),
    entries: await rows(
      `select e.name, e.copies, e.downloads, e.rating, e.updated_at, e.hash, e.words::text,
         f.category, f.license, f.type, f.registry_type, f.verified, s.summary::text
       from catalog_listings l join catalog_entries e on e.listing = l.id join catalog_facets f on f.id = e.facets
         join catalog_summaries s on s.id = e.id where l.registry = $1 order by e.name`,
      registry,
    ),
    words: await rows(
      'select w.word from catalog_listings l join catalog_words w on w.listing = l.id where l.registry = $1 order by 1',
      registry,
    ),
    postings: await rows(
      `select p.word, (select string_agg(e.name, ' ' order by e.name) from generate_series(0, length(p.ids) / 4 - 1) as n
         join catalog_entries e on int4send(e.id) = substr(p.ids, n * 4 + 1, 4)) as names
       from catalog_listings l join catalog_postings p on p.listing = l.id where l.registry = $1 order by 1`,
      registry,
    ),
  });

  it('is what it would be if it had been compared with what is held', async () => {
    const [first, later] = [fresh(), fresh()];
    // As large as it may be, so that the other one is taken over the long way, and then made the same.
    const many = Array.from({ length: MOST_AT_FIRST + 1 }, (_, at) => entryOf(`gone-${at}`));
    await replaceWith(lab.store.catalog, later, many);
    await lab.db.query('update catalog_listings set generation = 0 where registry = $1', [later.registry]);
    const { listedAt } = await replaceWith(lab.store.catalog, first, entries, 'v1');
    await replaceWith(lab.store.catalog, later, entries, 'v1');
    const [short, long] = [await kept(first), await kept(later)];
    expect(short.entries).toHaveLength(entries.length);
    const renamed = JSON.parse(JSON.stringify(long).replaceAll(later.registry, first.registry)) as typeof long;
    const { entries: theirs } = renamed;
    // The name of the registry is part of what is hashed.
    const withoutHash = (list: typeof theirs) => list.map(({ hash, ...rest }) => rest);
    expect(withoutHash(short.entries)).toEqual(withoutHash(theirs));
    expect({ ...short, entries: [] }).toEqual({ ...renamed, entries: [] });
    const states = await lab.store.catalog.states();
    expect(states.find(({ registry }) => registry === first.registry)).toMatchObject({ listedAt, checkedAt: listedAt });
  });

  it('is found by searches of this server and of others', async () => {
    const source = fresh();
    await replaceWith(lab.store.catalog, source, entries);
    const other = createStore({ url: lab.url, onIdleError: () => undefined });
    try {
      for (const query of [{}, { q: 'words' }, { sort: 'downloads' as const }, { category: ['databases'] }, { tag: ['SQL'] }]) {
        const here = await searchFor(lab.store.catalog, [source], { ...query, facets: true });
        expect(here).toEqual(await searchFor(other.catalog, [source], { ...query, facets: true }));
        expect(here.total).toBeGreaterThan(0);
      }
    } finally {
      await other.close();
    }
  });

  it('leaves what another server has listed meanwhile to be compared', async () => {
    const source = fresh();
    const other = createStore({ url: lab.url, onIdleError: () => undefined });
    try {
      await replaceWith(other.catalog, source, [entryOf('theirs'), entryOf('both')]);
      const outcome = await replaceWith(lab.store.catalog, source, [entryOf('ours'), entryOf('both')]);
      expect(outcome).toMatchObject({ total: 2, written: 1, removed: 1 });
      expect(await namesOf(other.catalog, [source])).toEqual(['both', 'ours']);
    } finally {
      await other.close();
    }
  });

  it('follows a failure, and a listing that was empty', async () => {
    const source = fresh();
    await lab.store.catalog.fail(source, { code: 'registry_unavailable', message: 'away' });
    await replaceWith(lab.store.catalog, source, []);
    const state = async () => (await lab.store.catalog.states()).find(({ registry }) => registry === source.registry);
    expect(await state()).toMatchObject({ templates: 0, listedAt: expect.any(String) });
    expect((await state())?.error).toBeUndefined();
    expect(await replaceWith(lab.store.catalog, source, entries)).toMatchObject({ written: entries.length });
    expect(await namesOf(lab.store.catalog, [source])).toEqual(['entry-a', 'entry-b', 'entry-c', 'entry-d']);
  });

  it('is listed anew after it was forgotten', async () => {
    const source = fresh();
    await replaceWith(lab.store.catalog, source, entries);
    await lab.store.catalog.forget([source]);
    expect(await namesOf(lab.store.catalog, [source])).toEqual([]);
    await replaceWith(lab.store.catalog, source, entries.slice(1));
    expect(await namesOf(lab.store.catalog, [source])).toHaveLength(entries.length - 1);
  });

  it('of many at once is complete, each', async () => {
    const sources = Array.from({ length: 20 }, fresh);
    const listed = sources.map((source) => [
      entryOf(`${source.registry}-one`),
      entryOf('everywhere', { license: source.registry }),
    ]);
    await Promise.all(sources.map((source, at) => replaceWith(lab.store.catalog, source, listed[at] ?? [])));
    expect((await searchFor(lab.store.catalog, sources, { q: 'one' })).total).toBe(sources.length);
    expect((await namesOf(lab.store.catalog, sources)).length).toBe(sources.length + 1);
  });
});
