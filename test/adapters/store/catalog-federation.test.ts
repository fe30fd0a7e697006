import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CatalogQuery, FacetName } from '../../../src/domain/catalog.ts';
import type { TemplateSummary } from '../../../src/domain/registry.ts';
import { entryOf, namesOf, replaceWith, searchFor, sourceOf } from '../../support/catalog-entries.ts';
import { describeStores } from '../../support/stores.ts';

const NAMES = ['aa', 'ab', 'ac', 'ba', 'bb'];
const REGISTRIES = ['one', 'two', 'three'];
const facetValue = (values: string[]) => fc.constantFrom(...values);
const listing = (registry: string) =>
  fc
    .uniqueArray(
      fc.record({
        name: facetValue(NAMES),
        bytes: fc.integer({ min: 0, max: 1 }),
        category: facetValue(['x', 'y']),
        type: fc.constantFrom('helm' as const, 'pack' as const),
        registryType: fc.constantFrom('official' as const, 'private' as const),
        license: facetValue(['mit', 'gpl']),
        verified: fc.boolean(),
        rated: fc.constantFrom(undefined, 0, 3.9, 4),
        q: fc.constantFrom('red', 'blue'),
      }),
      { selector: ({ name }) => name, maxLength: 5 },
    )
    .map((drafts) =>
      drafts.map(({ bytes, q, rated, ...draft }) =>
        entryOf(draft.name, {
          ...draft,
          ...(rated !== undefined && { rating: rated }),
          registry,
          description: q,
          digest: `sha256:${String(bytes).repeat(64)}`,
        }),
      ),
    );
const query = fc.record(
  {
    q: fc.constantFrom('red', 'blue', 'aa'),
    category: fc.subarray(['x', 'y']),
    type: fc.subarray(['helm', 'pack']),
    registryType: fc.subarray(['official' as const, 'private' as const]),
    license: fc.subarray(['mit', 'gpl']),
    registry: fc.subarray(REGISTRIES),
    verified: fc.boolean(),
    minRating: fc.constantFrom(0, 3.5, 4, 4.5),
  },
  { requiredKeys: [] },
);

const FACETS: Record<FacetName, (entry: TemplateSummary) => string> = {
  category: (entry) => entry.category ?? '',
  type: (entry) => entry.type,
  registryType: (entry) => entry.registryType,
  license: (entry) => entry.license ?? '',
  registry: (entry) => entry.registry,
  verified: (entry) => String(entry.verified),
};

/** What the port says, word for word: no index, no cleverness. */
function expected(entries: TemplateSummary[], asked: Partial<CatalogQuery>) {
  const words = (entry: TemplateSummary) => !asked.q || entry.name === asked.q || entry.description === asked.q;
  const rated = ({ rating = Number.NaN }: TemplateSummary) => asked.minRating === undefined || rating >= asked.minRating;
  const fits = (entry: TemplateSummary, but?: string) =>
    words(entry) &&
    rated(entry) &&
    Object.entries(FACETS).every(([facet, read]) => {
      const wanted = asked[facet as FacetName];
      if (facet === but || wanted === undefined || (Array.isArray(wanted) && wanted.length === 0)) return true;
      return [wanted].flat().map(String).includes(read(entry));
    });
  const same = (a: TemplateSummary, b: TemplateSummary) => a.name === b.name && a.digest === b.digest;
  const hits = (fitting: TemplateSummary[]) =>
    fitting.filter((entry, at) => fitting.findIndex((other) => same(entry, other)) === at);
  const facets = Object.entries(FACETS).map(([facet, read]) => {
    const fitting = entries.filter((entry) => fits(entry, facet));
    const counts = [...new Set(fitting.map(read))].map((value) => ({
      value,
      count: hits(fitting.filter((entry) => read(entry) === value)).length,
    }));
    return [facet, counts.sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))];
  });
  const rank = (entry: TemplateSummary) =>
    `${asked.q && entry.name !== asked.q ? 1 : 0} ${entry.name} ${REGISTRIES.indexOf(entry.registry)}`;
  const templates = hits(entries.filter((entry) => fits(entry))).map((entry) => {
    const alsoIn = entries.filter((other) => other !== entry && same(other, entry)).map((other) => other.registry);
    return { ...entry, ...(alsoIn.length > 0 && { alsoIn }) };
  });
  return {
    templates: templates.sort((a, b) => (rank(a) < rank(b) ? -1 : 1)),
    total: templates.length,
    facets: Object.fromEntries(facets),
  };
}

describeStores('several registries as one catalog', (lab) => {
  it('filter, count, attribute and order as the port says', async () => {
    const sources = REGISTRIES.map((registry) => sourceOf(registry));
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(...REGISTRIES.map(listing)),
        fc.array(query, { minLength: 1, maxLength: 4 }),
        async (listings, queries) => {
          for (const [at, source] of sources.entries()) await replaceWith(lab.store.catalog, source, listings[at] ?? []);
          for (const asked of queries)
            expect(await searchFor(lab.store.catalog, sources, { ...asked, facets: true })).toEqual(
              expected(listings.flat(), asked),
            );
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it('show equal bytes once, of the first that is asked, and other bytes apart', async () => {
    const [a, b, c] = [sourceOf('a'), sourceOf('b'), sourceOf('c')];
    await replaceWith(lab.store.catalog, a, [entryOf('redis')]);
    await replaceWith(lab.store.catalog, b, [entryOf('redis', { description: 'same bytes' })]);
    await replaceWith(lab.store.catalog, c, [entryOf('redis', { digest: `sha256:${'f'.repeat(64)}` })]);
    const shown = async (sources = [a, b, c]) =>
      (await searchFor(lab.store.catalog, sources)).templates.map(({ registry, alsoIn }) => [registry, alsoIn]);
    expect(await shown()).toEqual([
      ['a', ['b']],
      ['c', undefined],
    ]);
    expect(await shown([b, c, a])).toEqual([
      ['b', ['a']],
      ['c', undefined],
    ]);
    const { digest: _none, ...unknown } = entryOf('redis');
    await replaceWith(lab.store.catalog, a, [unknown]);
    expect(await shown()).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', undefined],
    ]);
  });

  it('keep what one credential sees from another', async () => {
    const [mine, theirs] = [sourceOf('private', 'aa'), sourceOf('private', 'bb')];
    await replaceWith(lab.store.catalog, mine, [entryOf('public-thing'), entryOf('secretive-thing', { category: 'hidden' })]);
    await replaceWith(lab.store.catalog, theirs, [entryOf('public-thing')]);
    expect(await namesOf(lab.store.catalog, [theirs], { q: 'thing' })).toEqual(['public-thing']);
    expect(await namesOf(lab.store.catalog, [theirs], { q: 'secretve' })).toEqual([]);
    expect(await lab.store.catalog.find(theirs, 'secretive-thing')).toBeUndefined();
    expect(await lab.store.catalog.similar([theirs], 'secretive-things', 3)).not.toContainEqual(
      expect.objectContaining({ name: 'secretive-thing' }),
    );
    expect(await lab.store.catalog.categories([theirs])).toEqual([]);
    expect(await namesOf(lab.store.catalog, [mine], { q: 'secretve' })).toEqual(['secretive-thing']);
  });
});
