import { expect, it } from '@jest/globals';
import { createStore } from '../../../src/adapters/store/index.ts';
import type { CatalogQuery } from '../../../src/domain/catalog.ts';
import { entryOf, namesOf, replaceWith, searchFor, sourceOf } from '../../support/catalog-entries.ts';
import { describeStores } from '../../support/stores.ts';

const CHANGES = 60;
const sources = ['one', 'two', 'three', 'four'].map((name) => sourceOf(`moving-${name}`));

describeStores('a search while listings change', (lab) => {
  it('answers as of one moment, however fast they do', async () => {
    const catalog = lab.store.catalog;
    const list = (at: number, turn: number) =>
      replaceWith(catalog, sources[at] ?? sourceOf('none'), [
        // Under another number and other words each time; the number of hits stays the same.
        entryOf(`always-${at}`, { description: `common turn${turn}` }),
        entryOf(`${turn % 2 ? 'odd' : 'even'}-${at}`, { description: 'common' }),
      ]);
    await Promise.all(sources.map((_, at) => list(at, 0)));
    let changing = true;
    const change = async (at: number) => {
      for (let turn = 1; turn <= CHANGES; turn += 1) await list(at, turn);
    };
    const search = async () => {
      let answers = 0;
      for (; changing; answers += 1) {
        const { templates, total } = await searchFor(catalog, sources, { q: 'common', facets: true });
        expect([total, templates.length]).toEqual([2 * sources.length, 2 * sources.length]);
      }
      return answers;
    };
    const searching = Promise.all([search(), search()]);
    await Promise.all(sources.map((_, at) => change(at))).finally(() => {
      changing = false;
    });
    expect((await searching).every((answers) => answers > 0)).toBe(true);
  }, 60_000);

  it('sees at once what another server has changed, also where all it needs was kept from the last one', async () => {
    const here = lab.store.catalog;
    const other = createStore({ url: lab.url, onIdleError: () => undefined });
    const source = sourceOf('moving-elsewhere');
    // So many that the list of the common word is one of those that are kept.
    const many = Array.from({ length: 1_200 }, (_, at) => entryOf(`entry-${at}`, { description: 'widespread' }));
    await replaceWith(here, source, many);
    const helm = entryOf('new-chart', { description: 'widespread', type: 'helm' });
    const queries: Array<[Partial<CatalogQuery>, number]> = [
      [{}, 1],
      [{ q: 'widespread' }, 1],
      [{ q: 'widespread', category: ['none'] }, 0],
      [{ offset: 5_000 }, 1],
    ];
    try {
      for (const [query] of [...queries, ...queries]) await searchFor(here, [source], query);
      // Each of them is the first to look after a change.
      for (const [at, [query, each]] of queries.entries()) {
        const kept = many.length - 10 * at;
        await replaceWith(other.catalog, source, [...many.slice(0, kept), helm]);
        expect((await searchFor(here, [source], query)).total).toBe(each * (kept + 1));
      }
      await replaceWith(other.catalog, source, [helm]);
      expect(await namesOf(here, [source])).toEqual(['new-chart']);
    } finally {
      await other.close();
    }
  }, 60_000);
});
