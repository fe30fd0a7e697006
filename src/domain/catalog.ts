import type { ListingProblem, RegistryType, TemplateSummary } from './registry.ts';

/**
 * The catalog: what every registry lists, kept in the store so that all of it is searched as one and goes on being served while a
 * registry is away. A listing belongs to a registry under one configuration: `scope` is a digest of its kind, URL and credential, so
 * that what one credential may see is never served under another (DESIGN section 7).
 */
export interface CatalogSource {
  registry: string;
  /** lower-case hex; never reversible to the credential */
  scope: string;
}

/** What is known about the listing of one source. */
export interface CatalogState extends CatalogSource {
  /** what the registry gave with the listing that is held */
  validator?: string;
  /** templates held */
  templates: number;
  /** RFC 3339; when the listing held was fetched; absent: never */
  listedAt?: string;
  /** RFC 3339; when the registry last confirmed it (a conditional answer counts) */
  checkedAt?: string;
  /** why the last attempt failed; absent after a success */
  error?: { code: string; message: string; at: string };
  /** the first of the entries that could not be used, and how many there were */
  problems: ListingProblem[];
  problemCount: number;
}

export type CatalogSort = 'relevance' | 'name' | 'downloads' | 'rating' | 'updated';

/** Members narrow each other; several values of one member widen it, except tags, of which all are wanted. */
export interface CatalogQuery {
  q?: string;
  category?: string[];
  tag?: string[];
  type?: string[];
  /** Names of registries; unlike leaving out sources it keeps the counts of the others. */
  registry?: string[];
  registryType?: RegistryType[];
  license?: string[];
  verified?: boolean;
  /** 0..5; what nobody has rated is left out. */
  minRating?: number;
  sort?: CatalogSort;
  /** 1..100 */
  limit: number;
  /** Hits left out at the beginning. */
  offset: number;
  /** Counts per value beside the page. */
  facets?: boolean;
}

/** One hit: the same bytes listed by several registries are one hit, attributed to the first by registry order. */
export interface CatalogHit extends TemplateSummary {
  /** Other registries that list the same template with the same digest. */
  alsoIn?: string[];
}

export type FacetName = 'category' | 'registry' | 'type' | 'registryType' | 'verified' | 'license';

/** Values by count, most first, at most 50 of each. A facet counts as if its own filter were not set, so that one can change it. */
export type Facets = Record<FacetName, Array<{ value: string; count: number }>>;

export interface CatalogHits {
  templates: CatalogHit[];
  total: number;
  facets?: Facets;
}

/** Port of the store. Fails with store_unavailable. */
export interface CatalogStore {
  states(): Promise<CatalogState[]>;
  /**
   * Makes the listing of a source exactly the given one, in one visible moment, writing only what changed. Without an error from
   * `templates` the state is written with it; with one, nothing is changed and the error passes through. `listedAt` is the state's.
   */
  replace(
    source: CatalogSource,
    templates: AsyncIterable<TemplateSummary[]>,
    state: () => Pick<CatalogState, 'validator' | 'problems' | 'problemCount'>,
  ): Promise<{ total: number; written: number; removed: number; listedAt: string }>;
  /** The registry says that nothing changed. */
  confirm(source: CatalogSource): Promise<void>;
  /** An attempt failed; what is held stays. */
  fail(source: CatalogSource, error: { code: string; message: string }): Promise<void>;
  /** Writes down that these are read, and forgets the others that no server has said this of for so long, ms. */
  retain(sources: CatalogSource[], unclaimedMs: number): Promise<void>;
  /** Forgets these now. */
  forget(sources: CatalogSource[]): Promise<void>;
  /** Over the given sources only; their order decides which of two equal hits is shown. Typo tolerant where few match exactly. */
  search(sources: CatalogSource[], query: CatalogQuery): Promise<CatalogHits>;
  find(source: CatalogSource, name: string): Promise<TemplateSummary | undefined>;
  /** Names nearest to one that was not found. */
  similar(sources: CatalogSource[], name: string, limit: number): Promise<Array<{ registry: string; name: string }>>;
  categories(sources: CatalogSource[]): Promise<Array<{ name: string; count: number }>>;
}
