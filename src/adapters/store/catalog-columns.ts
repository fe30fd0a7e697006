import { LRUCache } from 'lru-cache';
import { integers } from './catalog-postings.ts';
import type { Queryable } from './catalog-snapshot.ts';

/**
 * What counting, filtering and ordering need of a listing, held in this process: about 70 bytes an entry. Which entries a word
 * matches is PostgreSQL's to say; grouping and sorting twenty thousand matches there takes many times as long as finding them.
 */
export interface Columns {
  generation: number;
  /** in order; an entry's number in all lists is its place here */
  names: string[];
  ids: Int32Array;
  facets: Int32Array;
  /** what equal copies have in common; NaN where the registry does not say */
  copies: Float64Array;
  downloads: Float64Array;
  rating: Float64Array;
  /** milliseconds since 1970 */
  updated: Float64Array;
}

/** Facet values that entries have together. There are few of them, whatever the number of entries. */
export interface FacetSet {
  id: number;
  category: string | null;
  license: string | null;
  type: string;
  registryType: string;
  verified: boolean;
}

/** Entries held for listings, over all; more than any one server is asked about at a time. */
const MAX_ENTRIES = 500_000;

const LOAD = {
  name: 'catalog-columns',
  text: `
    select l.generation, e.* from catalog_listings l,
      lateral (select string_agg(name, E'\\n') as names, string_agg(int4send(id), '') as ids, string_agg(int4send(facets), '') as facets,
          string_agg(float8send(coalesce(copies, 'NaN')), '') as copies, string_agg(float8send(coalesce(downloads, 'NaN')), '') as downloads,
          string_agg(float8send(coalesce(rating, 'NaN')), '') as rating, string_agg(float8send(coalesce(updated_at, 'NaN')), '') as updated
        from (select * from catalog_entries where listing = $1 order by name) as entries) as e
    where l.id = $1`,
};
const LOAD_FACETS = {
  name: 'catalog-facets',
  text: 'select id, category, license, type, registry_type as "registryType", verified from catalog_facets where id = any($1::integer[])',
};

interface Row {
  generation: string;
  names: string | null;
  ids: Buffer | null;
  facets: Buffer | null;
  copies: Buffer | null;
  downloads: Buffer | null;
  rating: Buffer | null;
  updated: Buffer | null;
}

export interface ColumnCache {
  /** Of this generation or a later one. Undefined when the listing is gone. */
  columns(listing: number, generation: number): Promise<Columns | undefined>;
  facets(ids: ReadonlySet<number>): Promise<Map<number, FacetSet>>;
  /** What has just been written need not be read. */
  keep(listing: number, columns: Columns, sets: readonly FacetSet[]): void;
}

export function createColumnCache(db: Queryable): ColumnCache {
  const listings = new LRUCache<number, Columns>({
    maxSize: MAX_ENTRIES,
    // An empty one counts too; one that alone is too large is not kept, and read each time.
    sizeCalculation: (columns) => columns.names.length + 1,
  });
  const loading = new Map<string, Promise<Columns | undefined>>();
  const facetSets = new Map<number, FacetSet>();

  /** Those who wait for the same generation share one read. */
  const load = (listing: number, generation: number) => {
    const key = `${listing} ${generation}`;
    const under = loading.get(key) ?? loadColumns(db, listing).finally(() => loading.delete(key));
    loading.set(key, under);
    return under;
  };

  return {
    async columns(listing, generation) {
      const held = listings.get(listing);
      if (held && held.generation >= generation) return held;
      const columns = await load(listing, generation);
      if (columns) listings.set(listing, columns);
      else listings.delete(listing);
      return columns;
    },
    async facets(ids) {
      // They never change, but what no listing has any more is deleted there; here the whole is begun anew when it has grown.
      if (facetSets.size > MAX_ENTRIES) facetSets.clear();
      const missing = [...ids].filter((id) => !facetSets.has(id));
      if (missing.length > 0) {
        const { rows } = await db.query<FacetSet>({ ...LOAD_FACETS, values: [missing] });
        for (const row of rows) facetSets.set(row.id, row);
      }
      return facetSets;
    },
    keep(listing, columns, sets) {
      for (const set of sets) facetSets.set(set.id, set);
      const held = listings.get(listing);
      if (!held || held.generation < columns.generation) listings.set(listing, columns);
    },
  };
}

async function loadColumns(db: Queryable, listing: number): Promise<Columns | undefined> {
  const { rows } = await db.query<Row>({ ...LOAD, values: [listing] });
  const row = rows[0];
  return (
    row && {
      generation: Number(row.generation),
      names: row.names?.split('\n') ?? [],
      ids: integers(row.ids),
      facets: integers(row.facets),
      copies: doubles(row.copies),
      downloads: doubles(row.downloads),
      rating: doubles(row.rating),
      updated: doubles(row.updated),
    }
  );
}

function doubles(bytes: Buffer | null): Float64Array {
  const view = viewOf(bytes);
  const values = new Float64Array(view.byteLength / Float64Array.BYTES_PER_ELEMENT);
  for (let at = 0; at < values.length; at += 1) values[at] = view.getFloat64(at * Float64Array.BYTES_PER_ELEMENT);
  return values;
}

function viewOf(bytes: Buffer | null): DataView {
  return bytes ? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new DataView(new ArrayBuffer(0));
}
