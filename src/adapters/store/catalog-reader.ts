import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import type { CatalogHit, CatalogSource } from '../../domain/catalog.ts';
import type { TemplateSummary } from '../../domain/registry.ts';
import type { ColumnCache } from './catalog-columns.ts';
import { integers } from './catalog-columns.ts';
import type { Matches } from './catalog-rank.ts';
import { sourceLists } from './catalog-rows.ts';
import type { View } from './catalog-view.ts';
import { copiesOf, createView } from './catalog-view.ts';
import type { WantedWord } from './catalog-words.ts';
import { conditionsOf } from './catalog-words.ts';

/** Combinations of sources kept ready, some 2 MB each at 50,000 entries; a server asks for all of them, or for one. */
const MAX_VIEWS = 4;
/** Answers of at least this many entries are kept: they cost PostgreSQL milliseconds, and the words that have them are few. */
const KEPT_FROM = 1_000;
/** Entries of all answers that are kept, four bytes each. */
const MAX_KEPT = 2_000_000;

/** $1 registries, $2 scopes, side by side; their places, ids and generations. */
const PICKED = `
  picked as materialized (select s.n, l.id, l.generation from unnest($1::text[], $2::text[]) with ordinality as s (registry, scope, n)
    join catalog_listings l on l.registry = s.registry and l.scope = s.scope)`;
const LISTINGS = "(select string_agg(n || ' ' || id || ' ' || generation, ',' order by n) from picked) as listings";
const IDS = "string_agg(int4send(id), '')";
const WITHIN = 'listing = any(array(select id from picked))';
const matching = (query: string) => `(select ${IDS} from catalog_entries where words @@ ${query}::tsquery and ${WITHIN})`;
const LOOK = { name: 'catalog-look', text: `with ${PICKED} select ${LISTINGS}` };
/** $3 name, $4 label, $5 any. One statement for conditions that are apart, one for those that contain each other. */
const MATCH_APART = {
  name: 'catalog-match-apart',
  text: `with ${PICKED} select ${LISTINGS}, ${matching('$3')} as name, ${matching('$4')} as label, ${matching('$5')} as any`,
};
const MATCH_WITHIN = {
  name: 'catalog-match-within',
  text: `with ${PICKED} select ${LISTINGS}, found.* from
    (select ${IDS} filter (where words @@ $3::tsquery) as name, ${IDS} filter (where words @@ $4::tsquery) as label, ${IDS} as any
     from catalog_entries where words @@ $5::tsquery and ${WITHIN}) as found`,
};
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
  matches: Matches;
}

/** A listing is no longer what an earlier statement of the same search saw: the search is to begin anew. */
export class Moved extends Error {}

/** The statements of a search, each of which also says what it saw. */
export class CatalogReader {
  readonly #views = new LRUCache<string, { key: string; view: Promise<View> }>({ max: MAX_VIEWS });
  /** By condition and sources; true only while the listings are what they were. */
  readonly #kept = new LRUCache<string, Sight>({ maxSize: MAX_KEPT, sizeCalculation: ({ matches }) => sizeOf(matches) });

  constructor(
    readonly pool: pg.Pool,
    private readonly cache: ColumnCache,
  ) {}

  /** Finds what matches. Fails with Moved when `earlier` saw something else. */
  async look(
    sources: readonly CatalogSource[],
    wanted: readonly WantedWord[] = [],
    tags: readonly string[] = [],
    earlier?: Sight,
  ): Promise<Sight> {
    const conditions = conditionsOf(wanted, tags);
    const lists = sourceLists(sources);
    const name = JSON.stringify([conditions, lists]);
    const kept = this.#kept.get(name);
    const { rows } = await this.pool.query<{ listings: string | null } & Record<keyof Matches, Buffer | null>>(
      conditions && !kept
        ? {
            ...(conditions.apart ? MATCH_APART : MATCH_WITHIN),
            values: [...lists, conditions.name, conditions.label, conditions.any],
          }
        : { ...LOOK, values: lists },
    );
    const row = rows[0];
    const key = row?.listings ?? '';
    if (earlier && earlier.key !== key) throw new Moved();
    if (kept?.key === key) return kept;
    if (kept) {
      this.#kept.delete(name);
      return this.look(sources, wanted, tags, earlier);
    }
    const matches = { name: integers(row?.name ?? null), label: integers(row?.label ?? null), any: integers(row?.any ?? null) };
    const sight = { key, listings: parseListings(key), matches };
    if (sizeOf(matches) >= KEPT_FROM) this.#kept.set(name, sight);
    return sight;
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
        if (columns?.generation !== generation) throw new Moved();
        return { registry: sources[source]?.registry ?? '', columns };
      }),
    );
    const facets = await this.cache.facets(new Set(parts.flatMap(({ columns }) => [...new Set(columns.facets)])));
    return createView(parts, facets);
  }

  /** The entries of a page. Fails with Moved. */
  async summaries(sources: readonly CatalogSource[], sight: Sight, view: View, page: readonly number[]): Promise<CatalogHit[]> {
    if (page.length === 0) return [];
    const ids = page.map((slot) => view.ids[slot] ?? 0);
    const { rows } = await this.pool.query<{ listings: string | null; summaries: Array<[number, TemplateSummary]> | null }>({
      ...PAGE,
      values: [...sourceLists(sources), ids],
    });
    if ((rows[0]?.listings ?? '') !== sight.key) throw new Moved();
    const summaries = new Map(rows[0]?.summaries ?? []);
    return page.flatMap((slot, at) => {
      const summary = summaries.get(ids[at] ?? 0);
      const others = copiesOf(view, slot).filter((copy) => copy !== slot);
      const alsoIn = others.map((copy) => view.registries[view.source[copy] ?? 0] ?? '');
      return summary ? [{ ...summary, ...(alsoIn.length > 0 && { alsoIn }) }] : [];
    });
  }
}

function sizeOf({ name, label, any }: Matches): number {
  return name.length + label.length + any.length;
}

function parseListings(key: string): Listing[] {
  if (key === '') return [];
  return key.split(',').map((text) => {
    const [n = 0, id = 0, generation = 0] = text.split(' ').map(Number);
    return { source: n - 1, id, generation };
  });
}
