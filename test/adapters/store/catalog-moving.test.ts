import { expect, it } from '@jest/globals';
import { entryOf, replaceWith, searchFor, sourceOf } from '../../support/catalog-entries.ts';
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
});
