import { LRUCache } from 'lru-cache';
import type { CatalogHit, CatalogSource } from '../../domain/catalog.ts';
import type { TemplateSummary } from '../../domain/registry.ts';
import type { ColumnCache } from './catalog-columns.ts';
import type { Term } from './catalog-postings.ts';
import { POSTINGS, readPostings } from './catalog-postings.ts';
import type { Matches } from './catalog-rank.ts';
import { sourceLists } from './catalog-rows.ts';
import type { Queryable } from './catalog-snapshot.ts';
import type { View } from './catalog-view.ts';
import { copiesOf, createView } from './catalog-view.ts';
import type { Vocabulary } from './catalog-vocabulary.ts';
import { VocabularyCache } from './catalog-vocabulary.ts';
import type { WantedWord } from './catalog-words.ts';
import { wantedOf } from './catalog-words.ts';

/** Combinations of sources kept ready, some 2 MB each at 50,000 entries; a server asks for all of them, or for one. */
const MAX_VIEWS = 4;
/** Lists of at least this many entries are kept: reading them is most of what a search costs, and the words that have them are few. */
const KEPT_FROM = 1_000;
/** Entries of all lists that are kept, four bytes each. */
const MAX_KEPT = 1_000_000;

/** $1 registries, $2 scopes, side by side; their places, ids and generations. */
const PICKED = `
  picked as materialized (select s.n, l.id, l.generation from unnest($1::text[], $2::text[]) with ordinality as s (registry, scope, n)
    join catalog_listings l on l.registry = s.registry and l.scope = s.scope)`;
const LISTINGS = "(select string_agg(n || ' ' || id || ' ' || generation, ',' order by n) from picked) as listings";
const LOOK = { name: 'catalog-look', text: `with ${PICKED} select ${LISTINGS}` };
const MATCH = { name: 'catalog-match', text: `with ${PICKED} select ${LISTINGS}, ${POSTINGS} as postings` };
const PAGE = {
  name: 'catalog-page',
  text: `with ${PICKED} select ${LISTINGS},
    (select json_agg(json_build_array(id, summary)) from catalog_summaries where id = any($3::integer[])) as summaries`,
};

interface Listing {
  /** place among the sources */
  source: number;
  id: number;
  generation: number;
}

/** What the statements of one search read; all of them have to see the same. */
export interface Sight {
  /** of the listings and their generations */
  key: string;
  listings: Listing[];
}

/** A listing is no longer what an earlier statement of the same search saw: the search is to begin anew. */
export class Moved extends Error {}

/** The statements of a search, each of which also says what it saw. */
export class CatalogReader {
  readonly #views = new LRUCache<string, { key: string; view: Promise<View> }>({ max: MAX_VIEWS });
  /** By what was seen and the term, so that a list is served only while the listings are what they were. */
  readonly #kept = new LRUCache<string, Int32Array[]>({ maxSize: MAX_KEPT, sizeCalculation: sizeOf });
  /** What was seen last, by sources. */
  readonly #last = new LRUCache<string, string>({ max: MAX_VIEWS });
  readonly #vocabularies: VocabularyCache;

  constructor(
    readonly db: Queryable,
    private readonly cache: ColumnCache,
  ) {
    this.#vocabularies = new VocabularyCache(db);
  }

  /**
   * Finds what matches. Fails with Moved when `earlier` saw something else. `summaries`: they are read afterwards, which looks at the
   * listings in any case; where nothing else has to be read, they are taken to be what they were, and asked for once instead of twice.
   */
  async look(
    sources: readonly CatalogSource[],
    words: readonly WantedWord[] = [],
    tags: readonly string[] = [],
    { earlier, summaries = false }: { earlier?: Sight; summaries?: boolean } = {},
  ): Promise<{ sight: Sight; matches: Matches }> {
    const wanted = wantedOf(words, tags);
    const terms = [...wanted.words.flat(2), ...wanted.tags];
    const { key, lists } = await this.#lists(sources, terms, summaries);
    if (earlier && earlier.key !== key) throw this.#moved(sources);
    const of = (term: Term) => lists[terms.indexOf(term)] ?? [];
    const matches = { words: wanted.words.map((places) => places.map((place) => place.flatMap(of))), tags: wanted.tags.map(of) };
    return { sight: { key, listings: parseListings(key) }, matches };
  }

  /** The lists of each term, those that are kept without reading them again. */
  async #lists(
    sources: readonly CatalogSource[],
    terms: readonly Term[],
    isLookedAtLater: boolean,
  ): Promise<{ key: string; lists: Int32Array[][] }> {
    const picked = sourceLists(sources);
    const name = JSON.stringify(picked);
    const last = this.#last.get(name);
    const kept = terms.map((term) => this.#kept.get(keptAs(last, term)));
    const missing = terms.filter((_, at) => !kept[at]);
    const lists = kept.map((list) => list ?? []);
    if (isLookedAtLater && last !== undefined && missing.length === 0) return { key: last, lists };
    const { rows } = await this.db.query<{ listings: string | null; postings?: Buffer | null }>(
      missing.length > 0
        ? { ...MATCH, values: [...picked, missing.map(({ low }) => low), missing.map(({ high }) => high)] }
        : { ...LOOK, values: picked },
    );
    const key = rows[0]?.listings ?? '';
    this.#last.set(name, key);
    // What was kept is of another time than what was read.
    if (key !== last && missing.length < terms.length) return this.#lists(sources, terms, isLookedAtLater);
    const read = readPostings(rows[0]?.postings ?? null, missing.length);
    for (const [at, term] of missing.entries()) {
      const found = read[at] ?? [];
      lists[terms.indexOf(term)] = found;
      // Copied, because each list holds on to the whole answer.
      if (sizeOf(found) >= KEPT_FROM)
        this.#kept.set(
          keptAs(key, term),
          found.map((list) => list.slice()),
        );
    }
    return { key, lists };
  }

  /** What was seen, ready to be counted; those who ask at the same time share the work. Fails with Moved. */
  view(sources: readonly CatalogSource[], sight: Sight): Promise<View> {
    const name = sight.listings.map((listing) => listing.id).join(' ');
    const held = this.#views.get(name);
    if (held?.key === sight.key) return held.view;
    const made = { key: sight.key, view: this.#makeView(sources, sight) };
    this.#views.set(name, made);
    made.view.catch(() => this.#views.get(name) === made && this.#views.delete(name));
    return made.view;
  }

  async #makeView(sources: readonly CatalogSource[], { listings }: Sight): Promise<View> {
    const parts = await Promise.all(
      listings.map(async ({ source, id, generation }) => {
        const columns = await this.cache.columns(id, generation);
        if (columns?.generation !== generation) throw this.#moved(sources);
        return { registry: sources[source]?.registry ?? '', columns };
      }),
    );
    const facets = await this.cache.facets(new Set(parts.flatMap(({ columns }) => [...new Set(columns.facets)])));
    return createView(parts, facets);
  }

  /** The words of what was seen that a mistyped word may have been meant for. What has changed since may be among them. */
  vocabularies({ listings }: Sight): Promise<Vocabulary[]> {
    return Promise.all(listings.map((listing) => this.#vocabularies.of(listing)));
  }

  /** The entries of a page; an empty one is looked at too, for it may only have been empty. Fails with Moved. */
  async summaries(sources: readonly CatalogSource[], sight: Sight, view: View, page: readonly number[]): Promise<CatalogHit[]> {
    const ids = page.map((slot) => view.ids[slot] ?? 0);
    const { rows } = await this.db.query<{ listings: string | null; summaries: Array<[number, TemplateSummary]> | null }>({
      ...PAGE,
      values: [...sourceLists(sources), ids],
    });
    if ((rows[0]?.listings ?? '') !== sight.key) throw this.#moved(sources);
    const summaries = new Map(rows[0]?.summaries ?? []);
    return page.flatMap((slot, at) => {
      const summary = summaries.get(ids[at] ?? 0);
      const others = copiesOf(view, slot).filter((copy) => copy !== slot);
      const alsoIn = others.map((copy) => view.registries[view.source[copy] ?? 0] ?? '');
      return summary ? [{ ...summary, ...(alsoIn.length > 0 && { alsoIn }) }] : [];
    });
  }

  /** What was seen last is no more: the next one reads it. */
  #moved(sources: readonly CatalogSource[]): Moved {
    this.#last.delete(JSON.stringify(sourceLists(sources)));
    return new Moved();
  }
}

function sizeOf(lists: readonly Int32Array[]): number {
  return lists.reduce((sum, list) => sum + list.length, 0);
}

function keptAs(key: string | undefined, { low, high }: Term): string {
  return `${key} ${low} ${high}`;
}

function parseListings(key: string): Listing[] {
  if (key === '') return [];
  return key.split(',').map((text) => {
    const [n = 0, id = 0, generation = 0] = text.split(' ').map(Number);
    return { source: n - 1, id, generation };
  });
}
