/** What the sources of a namespace offer, and how one of them can fail. */

export type SourceErrorCode = 'fetch_timeout' | 'aggregator_timeout' | 'http_error' | 'parse_error' | 'network_error';

export interface SourceError {
  code: SourceErrorCode;
  message: string;
}

/** The items as JSON text of an array: they are passed on as they came, and text is the form that a cache can count. */
export type FetchedItems = { items: string } | { error: SourceError };

/** Reads one `marketplace.json`. Never fails: what goes wrong is in the answer. */
export interface SourceFetcher {
  /** `signal` ends the fetch; the answer is then `fetch_timeout`. */
  fetch(url: string, signal: AbortSignal): Promise<FetchedItems>;
}

/** The items of a parsed `marketplace.json`. A document that names none has none; items that are no objects are no items. */
export function itemsOf(document: unknown): FetchedItems {
  const named = typeof document === 'object' && document !== null && !Array.isArray(document) && 'items' in document;
  if (!named) return { items: '[]' };
  const { items } = document;
  if (Array.isArray(items) && items.every(isObject)) return { items: JSON.stringify(items) };
  return { error: { code: 'parse_error', message: 'source returned "items" that are not a list of objects' } };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
