import type { Columns, FacetSet } from './catalog-columns.ts';
import { FACETS } from './catalog-facets.ts';

/** Places of a table for each number in it, four bytes each; a map takes as much as ten. */
const MAX_SPREAD = 8;

/** Several listings as one list: an entry is a slot, in the order of names, then of sources. */
export interface View {
  registries: readonly string[];
  size: number;
  names: string[];
  ids: Int32Array;
  /** which of the registries */
  source: Uint16Array;
  /** which of the facet sets */
  facets: Int32Array;
  /** how many facet sets there are */
  sets: number;
  /** By facet: its values; spellings that differ in case only are one. Undefined stands for none. */
  values: Array<Array<string | undefined>>;
  /** By facet: which value a set has. A registry is its own value. */
  valueOf: Array<Int32Array | undefined>;
  /** First slot of those that are the same template with the same bytes; -1 for one without copies. */
  copyOf: Int32Array;
  /** The next slot of the same; -1 after the last. */
  nextCopy: Int32Array;
  /** -1 for what is in none of the listings. */
  slotOf: (id: number) => number;
  downloads: Float64Array;
  rating: Float64Array;
  updated: Float64Array;
  /** Where a search puts its hits while it counts; the next one writes over them. */
  hits: Int32Array;
  /** Slots by a measure, highest first; made when first asked for. */
  orders: Map<Measure, Int32Array>;
}

export type Measure = 'downloads' | 'rating' | 'updated';

export interface Part {
  registry: string;
  columns: Columns;
}

/** `facets` has every set that an entry has; one without is left out. */
export function createView(parts: readonly Part[], facets: ReadonlyMap<number, FacetSet>): View {
  const size = parts.reduce((sum, { columns }) => sum + columns.names.length, 0);
  const dense = new Map<number, number>();
  const sets: FacetSet[] = [];
  const view: View = {
    registries: parts.map((part) => part.registry),
    size,
    names: new Array<string>(size),
    ids: new Int32Array(size),
    source: new Uint16Array(size),
    facets: new Int32Array(size),
    sets: 0,
    values: [],
    valueOf: [],
    copyOf: new Int32Array(size).fill(-1),
    nextCopy: new Int32Array(size).fill(-1),
    slotOf: () => -1,
    downloads: new Float64Array(size),
    rating: new Float64Array(size),
    updated: new Float64Array(size),
    hits: new Int32Array(size),
    orders: new Map(),
  };
  const copies = new Float64Array(size);
  let slot = 0;
  for (const [source, at] of merged(parts)) {
    const { columns } = parts[source] as Part;
    const id = columns.ids[at] ?? 0;
    view.names[slot] = columns.names[at] ?? '';
    view.ids[slot] = id;
    view.source[slot] = source;
    view.facets[slot] = denseOf(columns.facets[at] ?? 0, dense, sets, facets);
    view.downloads[slot] = columns.downloads[at] ?? Number.NaN;
    view.rating[slot] = columns.rating[at] ?? Number.NaN;
    view.updated[slot] = columns.updated[at] ?? Number.NaN;
    copies[slot] = columns.copies[at] ?? Number.NaN;
    slot += 1;
  }
  view.slotOf = finderOf(view.ids);
  markCopies(view, copies);
  nameValues(view, sets);
  return view;
}

/** Numbers that lie close together are looked up in a table, which is ten times as fast as a map; listings long in use are spread out. */
function finderOf(ids: Int32Array): (id: number) => number {
  let [least, most] = [ids[0] ?? 0, ids[0] ?? 0];
  for (const id of ids) {
    if (id < least) least = id;
    if (id > most) most = id;
  }
  if (most - least >= ids.length * MAX_SPREAD) {
    const slots = new Map(Array.from(ids, (id, slot) => [id, slot]));
    return (id) => slots.get(id) ?? -1;
  }
  const slots = new Int32Array(most - least + 1).fill(-1);
  for (const [slot, id] of ids.entries()) slots[id - least] = slot;
  return (id) => slots[id - least] ?? -1;
}

function nameValues(view: View, sets: readonly FacetSet[]): void {
  view.sets = sets.length;
  for (const facet of FACETS) {
    if (facet === 'registry') {
      view.values.push([...view.registries]);
      view.valueOf.push(undefined);
      continue;
    }
    const values: Array<string | undefined> = [undefined];
    const places = new Map<string, number>();
    const placeOf = Int32Array.from(sets, (set) => {
      const value = set[facet];
      if (value === null || value === '') return 0;
      const key = String(value).toLowerCase();
      const place = places.get(key) ?? values.push(String(value)) - 1;
      places.set(key, place);
      return place;
    });
    view.values.push(values);
    view.valueOf.push(placeOf);
  }
}

/** Source and place of every entry, the smallest name first. Each listing is in order already. */
function* merged(parts: readonly Part[]): Generator<[number, number]> {
  const places = parts.map(() => 0);
  for (;;) {
    let best = -1;
    let bestName = '';
    for (let source = 0; source < parts.length; source += 1) {
      const name = parts[source]?.columns.names[places[source] ?? 0];
      if (name !== undefined && (best < 0 || name < bestName)) {
        best = source;
        bestName = name;
      }
    }
    if (best < 0) return;
    const place = places[best] ?? 0;
    places[best] = place + 1;
    yield [best, place];
  }
}

function denseOf(id: number, dense: Map<number, number>, sets: FacetSet[], facets: ReadonlyMap<number, FacetSet>): number {
  const known = dense.get(id);
  if (known !== undefined) return known;
  const set = facets.get(id) ?? { id, category: null, license: null, type: '', registryType: '', verified: false };
  dense.set(id, sets.push(set) - 1);
  return sets.length - 1;
}

/** Copies have one name, so they are neighbours. */
function markCopies(view: View, copies: Float64Array): void {
  for (let slot = 1; slot < view.size; slot += 1) {
    for (let before = slot - 1; before >= 0 && view.names[before] === view.names[slot]; before -= 1) {
      if (copies[before] !== copies[slot]) continue;
      const first = view.copyOf[before] ?? -1;
      view.copyOf[slot] = first < 0 ? before : first;
      view.copyOf[before] = view.copyOf[slot] ?? before;
      view.nextCopy[before] = slot;
      break;
    }
  }
}

/** The slots that are the same as this one, itself among them, in the order of sources. */
export function copiesOf(view: View, slot: number): number[] {
  const first = view.copyOf[slot] ?? -1;
  if (first < 0) return [slot];
  const found: number[] = [];
  for (let at = first; at >= 0; at = view.nextCopy[at] ?? -1) found.push(at);
  return found;
}

/** First slot whose name is not before this one. */
export function lowerBound(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((names[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Highest first, without one last, then as the slots are. */
export function orderBy(view: View, measure: Measure): Int32Array {
  const known = view.orders.get(measure);
  if (known) return known;
  const values = view[measure].map((value) => (Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value));
  const order = Int32Array.from({ length: view.size }, (_, slot) => slot).sort((a, b) => {
    const [left = 0, right = 0] = [values[a], values[b]];
    return left === right ? a - b : right > left ? 1 : -1;
  });
  view.orders.set(measure, order);
  return order;
}
