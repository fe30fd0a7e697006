import type { CatalogQuery } from '../../domain/catalog.ts';
import type { Filters } from './catalog-facets.ts';
import { FacetCounter, filtersOf } from './catalog-facets.ts';
import type { View } from './catalog-view.ts';
import { copiesOf, lowerBound, orderBy } from './catalog-view.ts';

/** Where the words were found, the best place first. 0: nowhere. */
const TIERS = {
  exactly: { exact: 1, prefix: 2, name: 3, label: 4, any: 5 },
  /** the same for words that were nearly right */
  nearly: { exact: 6, prefix: 7, name: 8, label: 9, any: 10 },
} as const;
const LAST_TIER = TIERS.nearly.any;

export type Closeness = keyof typeof TIERS;

/** Lists of ids that PostgreSQL found: by word and place, the best place first, and by tag. */
export interface Matches {
  words: Int32Array[][][];
  tags: Int32Array[][];
}

/** A tier for each slot; undefined: everything is found, in the order of names. */
export type Found = Uint8Array | undefined;

const PLACES = ['name', 'label', 'any'] as const;

/**
 * Marks the slots that have all the words and all the tags, each by the worst place of its words; what belongs to no slot is left
 * out. Answers how many slots it marked.
 */
export function markMatches(view: View, found: Uint8Array, { words, tags }: Matches, closeness: Closeness): number {
  // A tag only narrows; alone it is as good as any word.
  const ofTags = tags.map((lists) => placesOf(view, words.length > 0 ? [lists] : [[], [], lists]));
  const [worst = new Uint8Array(view.size), ...others] = [...words.map((places) => placesOf(view, places)), ...ofTags];
  for (const places of others)
    for (let slot = 0; slot < worst.length; slot += 1) {
      const before = worst[slot] ?? 0;
      const place = places[slot] ?? 0;
      worst[slot] = before === 0 || place === 0 ? 0 : Math.max(before, place);
    }
  const tiers = Uint8Array.from([0, ...PLACES.map((place) => TIERS[closeness][place])]);
  let marked = 0;
  for (let slot = 0; slot < worst.length; slot += 1) {
    if (found[slot] !== 0) continue;
    const tier = tiers[worst[slot] ?? 0] ?? 0;
    found[slot] = tier;
    marked += Number(tier !== 0);
  }
  return marked;
}

/** By slot the best place, counted from 1; 0: nowhere. */
function placesOf({ size, slotOf }: View, places: readonly Int32Array[][]): Uint8Array {
  const best = new Uint8Array(size);
  // The best place last, so that it stays: to look whether there is a better one already costs more than to write.
  for (let at = places.length; at > 0; at -= 1)
    for (const list of places[at - 1] ?? [])
      for (let n = 0; n < list.length; n += 1) {
        const slot = slotOf(list[n] ?? 0);
        if (slot >= 0) best[slot] = at;
      }
  return best;
}

/** Of what is found, names that are the words, or begin with them, come first. Answers whether one is the words. */
export function markNames(view: View, found: Uint8Array, words: readonly string[], closeness: Closeness): boolean {
  let isExact = false;
  const { exact, prefix } = TIERS[closeness];
  for (const beginning of new Set([words.join('-'), words.join('.')])) {
    for (let slot = lowerBound(view.names, beginning); view.names[slot]?.startsWith(beginning); slot += 1) {
      const tier = view.names[slot] === beginning ? exact : prefix;
      if ((found[slot] ?? 0) > tier) found[slot] = tier;
      isExact ||= found[slot] === exact;
    }
  }
  return isExact;
}

export interface Selection {
  /** slots of the page, in order */
  page: number[];
  total: number;
  counter: FacetCounter | undefined;
}

/** Filters, counts, orders and cuts. One pass over all slots, whatever the query: fifty thousand take a fraction of a millisecond. */
export function selectPage(view: View, found: Found, query: CatalogQuery, counting: boolean): Selection {
  const counter = counting ? new FacetCounter(view) : undefined;
  // Before everything else: it is no facet, so that what it leaves out counts nowhere.
  const wanted = query.minRating === undefined ? found : markRated(view, found, query.minRating);
  const hits = collectHits(view, wanted, filtersOf(view, query), counter);
  return { page: cutPage(view, wanted, hits, query), total: hits.length, counter };
}

/** What is found and rated so high. Of copies each has the rating that its registry gives. */
function markRated({ size, rating }: View, found: Found, least: number): Uint8Array {
  const rated = new Uint8Array(size);
  for (let slot = 0; slot < size; slot += 1)
    // Not rated is NaN, which is not as high as anything.
    if ((rating[slot] ?? Number.NaN) >= least) rated[slot] = found === undefined ? LAST_TIER : (found[slot] ?? 0);
  return rated;
}

function collectHits(view: View, found: Found, filters: Filters, counter: FacetCounter | undefined): Int32Array {
  const { hits, copyOf, facets, source } = view;
  const { ofSet, ofSource } = filters;
  const later = new Set<number>();
  let total = 0;
  for (let slot = 0; slot < copyOf.length; slot += 1) {
    const first = copyOf[slot] ?? -1;
    if (first >= 0) {
      // Gone through once, at the first of them; the hit is in its own place.
      const shown = first === slot ? takeCopies(view, found, filters, slot, counter) : undefined;
      if (shown !== undefined && shown !== slot) later.add(shown);
      if (shown === slot || later.delete(slot)) hits[total++] = slot;
    } else if (found === undefined || found[slot] !== 0) {
      // Not taken apart from a list: until this is compiled, that makes three objects for each of fifty thousand slots.
      const set = facets[slot] ?? 0;
      const registry = source[slot] ?? 0;
      const failed = (ofSet[set] ?? 0) | (ofSource[registry] ?? 0);
      counter?.add(set, registry, failed);
      // The next one takes the place of one that is no hit.
      hits[total] = slot;
      total += Number(failed === 0);
    }
  }
  return hits.subarray(0, total);
}

function failedBy(view: View, { ofSet, ofSource }: Filters, slot: number): number {
  return (ofSet[view.facets[slot] ?? 0] ?? 0) | (ofSource[view.source[slot] ?? 0] ?? 0);
}

/** Counts the copies of a slot as one, and answers the first that fits. */
function takeCopies(view: View, found: Found, filters: Filters, first: number, counter: FacetCounter | undefined) {
  const matching = copiesOf(view, first).filter((slot) => found?.[slot] !== 0);
  const failed = matching.map((slot) => failedBy(view, filters, slot));
  counter?.addCopies(matching, failed);
  return matching[failed.indexOf(0)];
}

function cutPage(view: View, found: Found, hits: Int32Array, { sort = 'relevance', offset, limit }: CatalogQuery): number[] {
  if (sort === 'name' || (sort === 'relevance' && !found)) return [...hits.subarray(offset, offset + limit)];
  if (sort === 'relevance') return cutByTier(found as Uint8Array, hits, offset, limit);
  const isHit = new Uint8Array(view.size);
  for (const slot of hits) isHit[slot] = 1;
  return [
    ...orderBy(view, sort)
      .filter((slot) => isHit[slot])
      .subarray(offset, offset + limit),
  ];
}

function cutByTier(found: Uint8Array, hits: Int32Array, offset: number, limit: number): number[] {
  const counts = new Int32Array(LAST_TIER + 1);
  for (const slot of hits) {
    const tier = found[slot] ?? 0;
    counts[tier] = (counts[tier] ?? 0) + 1;
  }
  const page: number[] = [];
  let before = 0;
  for (let tier = 1; tier <= LAST_TIER && page.length < limit; tier += 1) {
    const count = counts[tier] ?? 0;
    if (before + count > offset) takeOfTier(found, hits, tier, { skip: Math.max(0, offset - before), limit }, page);
    before += count;
  }
  return page;
}

/** Adds to the page the hits of a tier, after the first few of it, until it is full. */
function takeOfTier(
  found: Uint8Array,
  hits: Int32Array,
  tier: number,
  { skip, limit }: { skip: number; limit: number },
  page: number[],
): void {
  let skipped = 0;
  for (const slot of hits) {
    if (found[slot] !== tier) continue;
    if (skipped < skip) skipped += 1;
    else if (page.push(slot) >= limit) return;
  }
}
