import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CatalogSource } from '../../../src/domain/catalog.ts';
import type { TemplateSummary } from '../../../src/domain/registry.ts';
import { batchesOf, entryOf, namesOf, replaceWith, searchFor, sourceOf } from '../../support/catalog-entries.ts';
import { describeStores } from '../../support/stores.ts';

const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}(-[a-z]{1,4})?$/), { maxLength: 12 });
const NO_PROBLEMS = { problems: [], problemCount: 0 };
let counter = 0;
const fresh = () => sourceOf(`r${++counter}`);

describeStores('the listing of a registry', (lab) => {
  it('is exactly what was given last', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(names, fc.integer({ min: 0, max: 2 })), { maxLength: 4 }), async (rounds) => {
        const source = fresh();
        let before = new Map<string, number>();
        for (const [listed, edition] of rounds) {
          const now = new Map(listed.map((name, at) => [name, edition * (at % 2)]));
          const entries = listed.map((name) => entryOf(name, { description: `edition ${now.get(name)}` }));
          const written = listed.filter((name) => before.get(name) !== now.get(name)).length;
          const removed = [...before.keys()].filter((name) => !now.has(name)).length;
          expect(await replaceWith(lab.store.catalog, source, entries)).toMatchObject({ total: listed.length, written, removed });
          const { templates, total } = await searchFor(lab.store.catalog, [source]);
          expect(templates).toEqual(
            entries.map((entry) => ({ ...entry, registry: source.registry })).sort((a, b) => (a.name < b.name ? -1 : 1)),
          );
          expect(total).toBe(listed.length);
          before = now;
        }
      }),
      { numRuns: 15 },
    );
  });

  it('writes nothing when nothing changed, and one when one did', async () => {
    const source = fresh();
    const entries = Array.from({ length: 700 }, (_, at) => entryOf(`app-${at}`));
    expect(await replaceWith(lab.store.catalog, source, entries, 'v1')).toMatchObject({ total: 700, written: 700, removed: 0 });
    expect(await replaceWith(lab.store.catalog, source, entries, 'v2')).toMatchObject({ total: 700, written: 0, removed: 0 });
    const changed = entries.with(3, entryOf('app-3', { description: 'quite another sentence' }));
    expect(await replaceWith(lab.store.catalog, source, changed)).toMatchObject({ total: 700, written: 1, removed: 0 });
    expect(await namesOf(lab.store.catalog, [source], { q: 'sentence' })).toEqual(['app-3']);
  });

  it('stays as it is when the registry breaks off', async () => {
    const source = fresh();
    await replaceWith(lab.store.catalog, source, [entryOf('kept')], 'v1');
    const broken = async function* (): AsyncIterable<TemplateSummary[]> {
      yield* batchesOf(Array.from({ length: 1_200 }, (_, at) => entryOf(`new-${at}`)));
      throw new Error('cut');
    };
    await expect(lab.store.catalog.replace(source, broken(), () => NO_PROBLEMS)).rejects.toThrow('cut');
    expect(await namesOf(lab.store.catalog, [source])).toEqual(['kept']);
    expect((await lab.store.catalog.states()).find(({ registry }) => registry === source.registry)?.validator).toBe('v1');
    expect((await lab.db.query('select count(*)::int as n from catalog_staging')).rows).toEqual([{ n: 0 }]);
  });

  it('stays as it is when the store crashes and loses what was staged', async () => {
    const source = fresh();
    await replaceWith(lab.store.catalog, source, [entryOf('kept')], 'v1');
    const crashing = async function* (): AsyncIterable<TemplateSummary[]> {
      yield* batchesOf(Array.from({ length: 1_200 }, (_, at) => entryOf(`new-${at}`)));
      // As PostgreSQL does with every unlogged table.
      await lab.db.query('truncate catalog_staging');
    };
    await expect(lab.store.catalog.replace(source, crashing(), () => NO_PROBLEMS)).toFailWith('store_unavailable');
    expect(await namesOf(lab.store.catalog, [source])).toEqual(['kept']);
    expect((await lab.store.catalog.states()).find(({ registry }) => registry === source.registry)?.validator).toBe('v1');
  });

  it('is the one or the other while it changes, never a mixture', async () => {
    const source = fresh();
    const edition = (n: number) =>
      Array.from({ length: 300 }, (_, at) => entryOf(`${n % 2 ? 'odd' : 'even'}-${at}`, { version: `${n}.0.0` }));
    await replaceWith(lab.store.catalog, source, edition(0));
    let done = false;
    const writing = (async () => {
      for (let n = 1; n <= 8; n += 1) await replaceWith(lab.store.catalog, source, edition(n));
      done = true;
    })();
    while (!done) {
      const { templates, total, facets } = await searchFor(lab.store.catalog, [source], { facets: true });
      expect(total).toBe(300);
      expect(new Set(templates.map(({ version }) => version)).size).toBe(1);
      expect(templates).toHaveLength(100);
      expect(facets?.type).toEqual([{ value: 'workload', count: 300 }]);
    }
    await writing;
  });

  it('is one of two that were written at once', async () => {
    const source = fresh();
    const [left, right] = ['left', 'right'].map((side) => Array.from({ length: 40 }, (_, at) => entryOf(`${side}-${at}`)));
    const outcomes = await Promise.allSettled(
      [left, right].map((entries) => replaceWith(lab.store.catalog, source, entries ?? [])),
    );
    expect(outcomes.map(({ status }) => status)).toContain('fulfilled');
    const found = await namesOf(lab.store.catalog, [source]);
    expect([left, right].map((entries) => entries?.map(({ name }) => name).sort())).toContainEqual(found);
  });

  it('takes the first of two entries with one name', async () => {
    const source = fresh();
    const entries = [entryOf('twice', { version: '1.0.0' }), entryOf('twice', { version: '2.0.0' })];
    expect(await replaceWith(lab.store.catalog, source, entries)).toMatchObject({ total: 1, written: 1, removed: 0 });
    expect(await lab.store.catalog.find(source, 'twice')).toMatchObject({ version: '1.0.0' });
    expect(await lab.store.catalog.find(source, 'thrice')).toBeUndefined();
  });

  it('says when it was read, confirmed and failed', async () => {
    const source = fresh();
    const state = async () => (await lab.store.catalog.states()).find(({ registry }) => registry === source.registry);
    await lab.store.catalog.fail(source, { code: 'registry_unavailable', message: 'away' });
    expect(await state()).toMatchObject({ templates: 0, error: { code: 'registry_unavailable', message: 'away' } });
    expect((await state())?.listedAt).toBeUndefined();
    const problems = [{ subject: 'entry 7', message: 'no name' }];
    await lab.store.catalog.replace(source, batchesOf([entryOf('one')]), () => ({ validator: 'v', problems, problemCount: 12 }));
    const listed = await state();
    expect(listed).toMatchObject({ templates: 1, validator: 'v', problems, problemCount: 12 });
    expect(listed?.error).toBeUndefined();
    await lab.store.catalog.fail(source, { code: 'rate_limit', message: 'too often' });
    expect(await state()).toMatchObject({ templates: 1, listedAt: listed?.listedAt, error: { code: 'rate_limit' } });
    await lab.store.catalog.confirm(source);
    expect(await state()).toMatchObject({ listedAt: listed?.listedAt });
    expect((await state())?.error).toBeUndefined();
    expect(Date.parse((await state())?.checkedAt ?? '')).toBeGreaterThan(Date.parse(listed?.checkedAt ?? ''));
  });

  it('is forgotten with everything in it when no server has laid claim to it for so long', async () => {
    const [kept, gone, others] = [fresh(), fresh(), fresh()];
    await replaceWith(lab.store.catalog, kept, [entryOf('here')]);
    await replaceWith(lab.store.catalog, gone, [entryOf('there', { category: 'only there' })]);
    await replaceWith(lab.store.catalog, others, []);
    await lab.db.query("update catalog_listings set claimed_at = now() - interval '1 hour'");
    const age = (source: CatalogSource, ms: number) =>
      lab.db.query("update catalog_listings set claimed_at = now() - $2 * interval '1 ms' where registry = $1", [
        source.registry,
        ms,
      ]);
    await age(kept, 5_000);
    await age(gone, 5_000);
    await age(others, 3_000);
    await lab.store.catalog.retain([kept], 4_000);
    const held = async () => (await lab.store.catalog.states()).map(({ registry }) => registry).toSorted();
    expect(await held()).toEqual([kept.registry, others.registry].toSorted());
    await lab.store.catalog.forget([others]);
    expect(await held()).toEqual([kept.registry]);
    expect(await namesOf(lab.store.catalog, [kept, gone])).toEqual(['here']);
    for (const table of ['catalog_entries', 'catalog_summaries', 'catalog_facets'])
      expect((await lab.db.query(`select count(*)::int as n from ${table}`)).rows).toEqual([{ n: 1 }]);
  });

  it('keeps any text, and hostile words do no harm', async () => {
    const source = fresh();
    const text = 'NUL \u0000 lone \ud800 quote \' " \\ %_ & | ! <-> :* ( ) € 𝄞 ﬁ \n'.repeat(40);
    const entry = entryOf('hostile', {
      description: text,
      displayName: text,
      category: text,
      license: text,
      tags: [text, '', "a'b\\c"],
    });
    await replaceWith(lab.store.catalog, source, [entry]);
    expect(await lab.store.catalog.find(source, 'hostile')).toEqual({ ...entry, registry: source.registry });
    expect(await namesOf(lab.store.catalog, [source], { tag: ["A'B\\c"] })).toEqual(['hostile']);
    expect(await namesOf(lab.store.catalog, [source], { tag: [text], q: '𝄞 FI quote' })).toEqual(['hostile']);
    expect(await namesOf(lab.store.catalog, [source], { category: [text], license: [text] })).toEqual(['hostile']);
  });
});
