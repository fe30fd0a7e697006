import type { CatalogQuery, FacetName, Facets } from '../../domain/catalog.ts';
import type { View } from './catalog-view.ts';
import { cleanLabel } from './catalog-words.ts';

/** Values shown of each facet. */
const MAX_VALUES = 50;
export const FACETS = [
  'category',
  'type',
  'registryType',
  'verified',
  'license',
  'registry',
] as const satisfies readonly FacetName[];
const REGISTRY = FACETS.indexOf('registry');

/** Which filters of the query an entry fails, a bit each. Worked out once a facet set and a registry instead of once an entry. */
export interface Filters {
  ofSet: Uint8Array;
  ofSource: Uint8Array;
}

export function filtersOf(view: View, query: CatalogQuery): Filters {
  const ofSet = new Uint8Array(view.sets);
  const ofSource = new Uint8Array(view.registries.length);
  for (const [facet, name] of FACETS.entries()) {
    const wanted = asked(query[name]);
    if (!wanted) continue;
    const values = view.values[facet] ?? [];
    const fails = values.map((value) => (value !== undefined && wanted.has(value.toLowerCase()) ? 0 : 1 << facet));
    const target = facet === REGISTRY ? ofSource : ofSet;
    const placeOf = view.valueOf[facet];
    for (let at = 0; at < target.length; at += 1) target[at] = (target[at] ?? 0) | (fails[placeOf?.[at] ?? at] ?? 0);
  }
  return { ofSet, ofSource };
}

/** An empty list asks for nothing in particular. */
function asked(value: readonly string[] | boolean | undefined): Set<string> | undefined {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return undefined;
  return new Set([value].flat().map((each) => cleanLabel(String(each)).toLowerCase()));
}

/**
 * Counts what is found. A value's count is the number of hits there would be with it alone as the filter of its facet, so an entry
 * that fails just one filter counts for that facet.
 */
export class FacetCounter {
  /** by facet set and registry: entries that fail no filter, and those that fail only the one of that facet */
  readonly #fitting: Int32Array;
  readonly #fittingSources: Int32Array;
  readonly #almost: Array<Int32Array | undefined> = [];
  /** by value: entries with copies, which count once a value */
  readonly #shared: Int32Array[];

  constructor(private readonly view: View) {
    this.#fitting = new Int32Array(view.sets);
    this.#fittingSources = new Int32Array(view.registries.length);
    this.#shared = FACETS.map((_, facet) => new Int32Array(view.values[facet]?.length ?? 0));
  }

  /** The facet set and the registry of an entry without copies, and which filters it fails. */
  add(set: number, source: number, failed: number): void {
    if (failed === 0) {
      increase(this.#fitting, set);
      increase(this.#fittingSources, source);
      return;
    }
    // Exactly one bit: its place is the facet.
    if ((failed & (failed - 1)) !== 0) return;
    const facet = 31 - Math.clz32(failed);
    const isRegistry = facet === REGISTRY;
    // Most searches filter by little: lists that nobody needs would be made each time.
    this.#almost[facet] ??= new Int32Array(isRegistry ? this.view.registries.length : this.view.sets);
    increase(this.#almost[facet], isRegistry ? source : set);
  }

  /** The matching ones of several copies, and which filters each fails. */
  addCopies(slots: readonly number[], failed: readonly number[]): void {
    for (let facet = 0; facet < FACETS.length; facet += 1) {
      const counts = this.#shared[facet] as Int32Array;
      const counted: number[] = [];
      for (let at = 0; at < slots.length; at += 1) {
        if (((failed[at] ?? 0) & ~(1 << facet)) !== 0) continue;
        const value = this.#value(slots[at] ?? 0, facet);
        if (counted.includes(value)) continue;
        counted.push(value);
        increase(counts, value);
      }
    }
  }

  #value(slot: number, facet: number): number {
    const place = (facet === REGISTRY ? this.view.source[slot] : this.view.facets[slot]) ?? 0;
    return this.view.valueOf[facet]?.[place] ?? place;
  }

  result(): Facets {
    const of = (name: FacetName) => this.all(name).slice(0, MAX_VALUES);
    return {
      category: of('category'),
      registry: of('registry'),
      type: of('type'),
      registryType: of('registryType'),
      verified: of('verified'),
      license: of('license'),
    };
  }

  /** Every value of a facet that something has, by count. */
  all(name: FacetName): Array<{ value: string; count: number }> {
    const facet = FACETS.indexOf(name);
    const values = this.view.values[facet] ?? [];
    const counts = Int32Array.from(this.#shared[facet] ?? []);
    const fitting = facet === REGISTRY ? this.#fittingSources : this.#fitting;
    const almost = this.#almost[facet];
    const placeOf = this.view.valueOf[facet];
    for (let at = 0; at < fitting.length; at += 1) {
      const count = (fitting[at] ?? 0) + (almost?.[at] ?? 0);
      if (count === 0) continue;
      const value = placeOf?.[at] ?? at;
      counts[value] = (counts[value] ?? 0) + count;
    }
    return values
      .flatMap((value, at) => (value === undefined || !counts[at] ? [] : [{ value, count: counts[at] ?? 0 }]))
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1));
  }
}

function increase(counts: Int32Array, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1;
}
