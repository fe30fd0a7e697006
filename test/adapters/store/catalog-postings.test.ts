import { beforeAll, expect, it } from '@jest/globals';
import { entryOf, namesOf, replaceWith, sourceOf } from '../../support/catalog-entries.ts';
import { describeStores } from '../../support/stores.ts';

const ENTRIES = 40;
const source = sourceOf('postings');
const changed = Object.fromEntries([10, 11, 12].map((at) => [at, { description: `other${at}` }]));
const entries = (changed: Record<number, object> = {}) =>
  Array.from({ length: ENTRIES }, (_, at) =>
    entryOf(`entry-${at}`, { description: 'common words', tags: [`tag${at}`], ...changed[at] }),
  );

describeStores('the posting lists of a listing', (lab) => {
  const found = (q: string) => namesOf(lab.store.catalog, [source], { q, limit: 100 });
  const rows = async <Row>(text: string) => (await lab.db.query(text)).rows as Row[];
  const numberOf = async (name: string) =>
    (await rows<{ id: number }>(`select id from catalog_entries where name = '${name}'`))[0]?.id;
  const loose = async () => (await rows<{ loose: number }>('select loose from catalog_listings'))[0]?.loose;
  /** How many words' lists differ from what the entries themselves say; a list is in no order. */
  const wrong = async () =>
    (
      await rows<{ n: number }>(`
        with lists as (
          select listing, word, (select string_agg(substr(ids, n * 4 + 1, 4), '' order by substr(ids, n * 4 + 1, 4))
            from generate_series(0, length(ids) / 4 - 1) as n) as ids from catalog_postings),
        said as (
          select listing, lexeme collate "C" as word, string_agg(int4send(id), '' order by int4send(id)) as ids
          from catalog_entries, unnest(tsvector_to_array(words)) as lexeme group by 1, 2)
        select count(*)::int as n from lists full join said using (listing, word) where lists.ids is distinct from said.ids`)
    )[0]?.n;

  beforeAll(() => replaceWith(lab.store.catalog, source, entries()));

  it('are what its entries say', async () => {
    expect(await wrong()).toBe(0);
    expect(await found('common')).toHaveLength(ENTRIES);
  });

  it('stay as they are when an entry says the same words', async () => {
    const before = await numberOf('entry-3');
    await replaceWith(lab.store.catalog, source, entries({ 3: { version: '9.9.9' } }));
    expect(await numberOf('entry-3')).toBe(before);
    expect([await loose(), await wrong()]).toEqual([0, 0]);
  });

  it('do not find an entry by words that it has no more', async () => {
    await replaceWith(lab.store.catalog, source, entries({ 7: { description: 'seldom' } }));
    expect(await found('seldom')).toEqual(['entry-7']);
    expect(await found('common')).toHaveLength(ENTRIES - 1);
    expect(await found('common words')).not.toContain('entry-7');
    expect(await found('entry')).toHaveLength(ENTRIES);
    expect(await loose()).toBe(1);
  });

  it('do not find an entry that is gone', async () => {
    await replaceWith(lab.store.catalog, source, entries({ 7: { description: 'seldom' } }).slice(1));
    expect(await found('entry')).toHaveLength(ENTRIES - 1);
    expect(await found('tag0')).toEqual([]);
    expect(await loose()).toBe(2);
  });

  it('are made anew when a tenth of their numbers is nobody’s', async () => {
    await replaceWith(lab.store.catalog, source, entries(changed));
    expect([await loose(), await wrong()]).toEqual([0, 0]);
    expect(await found('common')).toHaveLength(ENTRIES - 3);
    expect(await found('other')).toEqual(['entry-10', 'entry-11', 'entry-12']);
    expect(await found('tag0')).toEqual(['entry-0']);
  });

  it('have each number once when two servers list the same at once', async () => {
    const more = Array.from({ length: 30 }, (_, at) => entryOf(`more-${at}`, { description: 'common words' }));
    const both = [...entries(changed), ...more];
    await Promise.all([replaceWith(lab.store.catalog, source, both), replaceWith(lab.store.catalog, source, both)]);
    expect(await found('common')).toHaveLength(both.length - 3);
    expect([await loose(), await wrong()]).toEqual([0, 0]);
  });

  it('are forgotten with the listing, and so are the words', async () => {
    await replaceWith(lab.store.catalog, source, []);
    expect(await rows('select * from catalog_postings')).toEqual([]);
    expect(await rows('select * from catalog_words')).toEqual([]);
  });
});
