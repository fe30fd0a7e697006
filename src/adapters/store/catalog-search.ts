import type { CatalogHits, CatalogQuery, CatalogSource } from '../../domain/catalog.ts';
import { similarNames } from '../../domain/similar-names.ts';
import type { Found } from './catalog-rank.ts';
import { markMatches, markNames, selectPage } from './catalog-rank.ts';
import type { CatalogReader, Sight } from './catalog-reader.ts';
import { Moved } from './catalog-reader.ts';
import { areCorrectable, correctWords } from './catalog-typos.ts';
import type { View } from './catalog-view.ts';
import type { WantedWord } from './catalog-words.ts';
import { queryWords } from './catalog-words.ts';

/** Fewer exact matches than this, and words that are nearly the same count too. */
const FEW = 5;
/** Listings may change between the statements of one search; it is then begun anew, this many times before it is given a snapshot. */
const MAX_TRIES = 3;
/** Names compared with one that was not found. */
const MAX_COMPARED = 1_000;

/** Searches as the port says: what the words find, what the filters leave of it, and how often each value is in it. */
export class CatalogSearch {
  constructor(
    private readonly reader: CatalogReader,
    /** Gives a reader whose statements all see the same moment. It has nothing ready, so that it is slower. */
    private readonly snapshot: <T>(read: (reader: CatalogReader) => Promise<T>) => Promise<T>,
  ) {}

  async search(sources: readonly CatalogSource[], query: CatalogQuery): Promise<CatalogHits> {
    return this.#steady(async (reader) => {
      const { sight, view, found } = await this.#find(reader, sources, queryWords(query.q), query.tag ?? []);
      const { page, total, counter } = selectPage(view, found, query, query.facets === true);
      const templates = await reader.summaries(sources, sight, view, page);
      return { templates, total, ...(counter && { facets: counter.result() }) };
    });
  }

  async categories(sources: readonly CatalogSource[]): Promise<Array<{ name: string; count: number }>> {
    return this.#steady(async (reader) => {
      const { sight } = await reader.look(sources);
      const view = await reader.view(sources, sight);
      const { counter } = selectPage(view, undefined, { limit: 0, offset: 0 }, true);
      return (counter?.all('category') ?? [])
        .map(({ value, count }) => ({ name: value, count }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    });
  }

  async similar(sources: readonly CatalogSource[], name: string, limit: number) {
    return this.#steady(async (reader) => {
      const { sight } = await reader.look(sources);
      const view = await reader.view(sources, sight);
      const words = queryWords(name);
      const wanted = await corrected(reader, sight, words);
      const slots = new Set<number>();
      // Any of the words will do: what is like the whole is chosen from these.
      for (const each of wanted) {
        const { matches } = await reader.look(sources, [each], [], { earlier: sight });
        for (const id of (matches.words[0]?.[0] ?? []).flatMap((list) => [...list]).slice(0, MAX_COMPARED))
          slots.add(view.slotOf(id));
      }
      slots.delete(-1);
      return nearestNames(view, slots, name, limit);
    });
  }

  async #find(reader: CatalogReader, sources: readonly CatalogSource[], words: readonly string[], tags: readonly string[]) {
    const last = words.length - 1;
    // The last word may still be being typed.
    const { sight, matches } = await reader.look(
      sources,
      words.map((word, at) => ({ word, beginning: at === last, corrections: [] })),
      tags,
      { summaries: true },
    );
    const view = await reader.view(sources, sight);
    if (words.length + tags.length === 0) return { sight, view, found: undefined as Found };
    const found = new Uint8Array(view.size);
    const marked = markMatches(view, found, matches, 'exactly');
    if (words.length === 0) return { sight, view, found };
    // Who has typed a whole name has found it.
    if (markNames(view, found, words, 'exactly')) return { sight, view, found };
    if (marked < FEW) await this.#findNear(reader, sources, sight, view, found, words, tags);
    return { sight, view, found };
  }

  async #findNear(
    reader: CatalogReader,
    sources: readonly CatalogSource[],
    sight: Sight,
    view: View,
    found: Uint8Array,
    words: readonly string[],
    tags: readonly string[],
  ): Promise<void> {
    const wanted = await corrected(reader, sight, words);
    if (wanted.every(({ word, beginning, corrections }) => corrections.length === 0 && beginning === (word === words.at(-1))))
      return;
    const { matches } = await reader.look(sources, wanted, tags, { earlier: sight });
    markMatches(view, found, matches, 'nearly');
    markNames(
      view,
      found,
      wanted.map(({ word, corrections }) => corrections[0] ?? word),
      'nearly',
    );
  }

  /** Does it again when the catalog moved on meanwhile; while registries are listed one after the other, it does so all the time. */
  async #steady<T>(once: (reader: CatalogReader) => Promise<T>): Promise<T> {
    for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
      try {
        return await once(this.reader);
      } catch (error) {
        if (!(error instanceof Moved)) throw error;
      }
    }
    return this.snapshot(once);
  }
}

async function corrected(reader: CatalogReader, sight: Sight, words: readonly string[]): Promise<WantedWord[]> {
  return correctWords(areCorrectable(words) ? await reader.vocabularies(sight) : [], words);
}

function nearestNames(view: View, slots: ReadonlySet<number>, name: string, limit: number) {
  const known = new Map<string, number>();
  for (const slot of [...slots].sort((a, b) => a - b)) {
    const candidate = view.names[slot] ?? '';
    if (!known.has(candidate)) known.set(candidate, slot);
  }
  return similarNames(name, known.keys(), limit).map((candidate) => ({
    registry: view.registries[view.source[known.get(candidate) ?? 0] ?? 0] ?? '',
    name: candidate,
  }));
}
