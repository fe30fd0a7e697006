/** Every time and size of the catalog. Times in ms. */
export interface CatalogLimits {
  /** a listing this young answers a search as it is */
  searchMs: number;
  /** a template's detail this young is shown as it is */
  templateMs: number;
  /** an older listing counts as none when it is decided how long a search waits for a new one */
  catalogMs: number;
  /** freshness of registries that lie in a folder of this machine, where looking costs nothing */
  folderMs: number;
  /** a search waits this long for a registry of which nothing is held */
  firstListingMs: number;
  /** a search waits this long for a registry of which an older listing is held */
  olderListingMs: number;
  /** when the others have answered, a search waits for the last few as long as the slowest of those took, times stragglerFactor, and this */
  stragglerMs: number;
  stragglerFactor: number;
  /** the last few: this share of those that were asked, and one at least */
  stragglerShare: number;
  /** so many must have answered to say how long it takes */
  stragglersAfter: number;
  /** in a live search a registry that is known to answer within this time is asked alone first, until it has answered */
  headStartMs: number;
  /** a live search waits this long for all of them */
  progressMs: number;
  /** the whole transfer of a listing, in the background too */
  listingMs: number;
  /** one template's detail */
  detailMs: number;
  /** a test of the connection */
  testMs: number;
  /** a request to refresh waits this long before it answers that it goes on */
  refreshWaitMs: number;
  /** a server says this often which listings it reads; those that none has read for catalogMs are forgotten */
  claimEveryMs: number;
  /** a listing that is confirmed again and again is written down this often */
  confirmEveryMs: number;
  /** calls of one request, the first included; the only retries on the read path */
  attempts: number;
  /** pause before the second call; random between half of it and all of it */
  retryMs: number;
  /** calls to one registry at the same time */
  concurrent: number;
  /** calls that may wait for one of those to end */
  queued: number;
  /** calls to one registry a second, on average */
  ratePerSecond: number;
  /** calls to one registry at once after a quiet time */
  burst: number;
  /** failures in a row after which a registry is left alone */
  failuresToOpen: number;
  /** how long, at first; doubles up to maxOpenMs */
  openMs: number;
  maxOpenMs: number;
  /** calls that the figures of a registry are made from */
  samples: number;
  /** compressed details in memory, bytes */
  detailBytes: number;
  /** details fetched ahead after a search */
  prefetch: number;
  /** names proposed when nothing was found */
  suggestions: number;
}

export const CATALOG_LIMITS: Readonly<CatalogLimits> = Object.freeze({
  searchMs: 15 * 60_000,
  templateMs: 60 * 60_000,
  catalogMs: 24 * 60 * 60_000,
  folderMs: 1_000,
  firstListingMs: 2_500,
  olderListingMs: 800,
  stragglerMs: 500,
  stragglerFactor: 1.2,
  stragglerShare: 0.1,
  stragglersAfter: 3,
  headStartMs: 25,
  progressMs: 15_000,
  listingMs: 5 * 60_000,
  detailMs: 5_000,
  testMs: 10_000,
  refreshWaitMs: 25_000,
  claimEveryMs: 60 * 60_000,
  confirmEveryMs: 60_000,
  attempts: 2,
  retryMs: 200,
  concurrent: 8,
  queued: 100,
  ratePerSecond: 20,
  burst: 40,
  failuresToOpen: 3,
  openMs: 5_000,
  maxOpenMs: 5 * 60_000,
  samples: 100,
  detailBytes: 16 * 1024 * 1024,
  prefetch: 3,
  suggestions: 5,
});
