import { LRUCache } from 'lru-cache';
import { isBroken, type SourceEntry } from '../../../domain/sources/config-map.ts';
import type { FetchedItems, SourceError, SourceFetcher } from '../../../domain/sources/items.ts';
import type { Source } from '../../../domain/sources/source.ts';
import { inBatches } from '../../in-batches.ts';

/** Items of all sources of a namespace: fetched at the same time, each on its own; one that fails is told in its place. */

export const ITEM_LIMITS = Object.freeze({
  /** one source, milliseconds of wall clock; the contract's */
  sourceMs: 10_000,
  /** the whole call, milliseconds; the contract's */
  totalMs: 30_000,
  /** how long fetched items are served, milliseconds from the fetch; the contract's */
  cacheMs: 3_600_000,
  /** the contract's */
  cacheEntries: 512,
  /** characters of all cached items, so that many large sources do not fill the memory */
  cacheChars: 64 * 1024 * 1024,
  /** fetches of one call at once: more than any real namespace has, far fewer than a ConfigMap can hold */
  atOnce: 64,
  /** characters of all items of one answer */
  answerChars: 64 * 1024 * 1024,
});

export type ItemLimits = { readonly [Limit in keyof typeof ITEM_LIMITS]: number };

export interface ItemsRequest {
  namespace: string;
  sources: readonly SourceEntry[];
  /** `performance.now()` when the call began: its time has been running since */
  startedAt: number;
  /** Passes the cache over. */
  refresh: boolean;
}

export interface ItemsAggregator {
  /** The answer as JSON text. Never fails for a source. */
  collect(request: ItemsRequest): Promise<string>;
}

export interface ItemsDeps {
  fetcher: SourceFetcher;
  log: { warn(fields: Record<string, unknown>, message: string): void };
  limits?: ItemLimits;
}

/** Whoever calls `collect` has read the ConfigMap as the user: that is what entitles him to cached items. */
export function createItemsAggregator({ fetcher, log, limits = ITEM_LIMITS }: ItemsDeps): ItemsAggregator {
  const cache = new LRUCache<string, string>({
    max: limits.cacheEntries,
    maxSize: limits.cacheChars,
    sizeCalculation: (items) => items.length,
    ttl: limits.cacheMs,
  });
  /** Fetches under way: callers of the same moment share one. Each ends by itself, in its 10 s. */
  const underWay = new Map<string, Promise<FetchedItems>>();

  async function fetchNow(key: string, { url }: Source): Promise<FetchedItems> {
    const fetched = await fetcher.fetch(url, AbortSignal.timeout(limits.sourceMs));
    if ('items' in fetched) cache.set(key, fetched.items);
    underWay.delete(key);
    return fetched;
  }

  function itemsOf(namespace: string, source: Source, refresh: boolean): Promise<FetchedItems> | FetchedItems {
    const key = JSON.stringify([namespace, source.name, source.url]);
    const cached = refresh ? undefined : cache.get(key);
    if (cached !== undefined) return { items: cached };
    const fetch = underWay.get(key) ?? fetchNow(key, source);
    underWay.set(key, fetch);
    return fetch;
  }

  return {
    async collect({ namespace, sources, startedAt, refresh }) {
      const deadline = new Deadline(limits.totalMs - (performance.now() - startedAt));
      let left = limits.answerChars;
      const entries = await inBatches(sources, limits.atOnce, async (source) => {
        const outcome = await outcomeOf(source, deadline, (readable) => itemsOf(namespace, readable, refresh));
        if ('items' in outcome && outcome.items.length > left) return entryText(source, TOO_MUCH);
        if ('items' in outcome) left -= outcome.items.length;
        else log.warn({ namespace, source: source.name, code: outcome.error.code }, 'a source gives no items');
        return entryText(source, outcome);
      });
      deadline.clear();
      return `[${entries.join(',')}]`;
    },
  };
}

const TOO_MUCH: FetchedItems = {
  error: { code: 'network_error', message: 'the items of all sources together are too large; this source is left out' },
};
const OVERDUE: FetchedItems = { error: { code: 'aggregator_timeout', message: 'aggregator deadline exceeded' } };

async function outcomeOf(
  source: SourceEntry,
  deadline: Deadline,
  items: (source: Source) => Promise<FetchedItems> | FetchedItems,
): Promise<FetchedItems> {
  if (isBroken(source)) return { error: { code: 'parse_error', message: `the value of the source ${source.reason}` } };
  // One that waited for its turn until now is not begun any more.
  return deadline.over ? OVERDUE : Promise.race([items(source), deadline.passed]);
}

/** The end of the whole call. */
class Deadline {
  over = false;
  readonly passed: Promise<FetchedItems>;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.passed = new Promise((resolve) => {
      this.#timer = setTimeout(
        () => {
          this.over = true;
          resolve(OVERDUE);
        },
        Math.max(0, ms),
      );
    });
  }

  clear(): void {
    clearTimeout(this.#timer);
  }
}

function entryText(source: SourceEntry, outcome: FetchedItems): string {
  const displayName = isBroken(source) ? null : source.displayName;
  const head = { source: source.name, displayName: displayName ?? source.name };
  if ('items' in outcome) return `${JSON.stringify(head).slice(0, -1)},"items":${outcome.items}}`;
  const { message, code }: SourceError = outcome.error;
  return JSON.stringify({ ...head, error: { message, code } });
}
