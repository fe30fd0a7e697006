import { ChandleryError } from '../../domain/errors.ts';
import type { FetchedItems, SourceError, SourceFetcher } from '../../domain/sources/items.ts';
import { itemsOf } from '../../domain/sources/items.ts';
import { sourceUrlProblem } from '../../domain/sources/source.ts';
import type { GuardedClient, GuardedResponse } from './guarded-client.ts';
import type { ClientTimeouts } from './pools.ts';

/** Bytes of one `marketplace.json`: a hundred times the largest public one, and still parsed within a few milliseconds. */
const MAX_SOURCE_BYTES = 2 * 1024 * 1024;
/** Above the 10 s that a source has: its own signal must be what ends it, and nothing before. Milliseconds. */
const BEYOND_SIGNAL_MS = 20_000;

/** For the client that fetches sources: a host that answers nothing has used up its time, not failed to connect. */
export const SOURCE_TIMEOUTS: Readonly<ClientTimeouts> = Object.freeze({
  connect: BEYOND_SIGNAL_MS,
  headers: BEYOND_SIGNAL_MS,
  bodyIdle: BEYOND_SIGNAL_MS,
  total: BEYOND_SIGNAL_MS,
});

/**
 * Fetches over the guarded client: at most 5 redirects, each to https and to an address that may be called, no credential. The five codes
 * are the contract's: a final status outside 2xx is http_error, a body that is not JSON parse_error, all else network_error.
 */
export function createSourceFetcher(client: GuardedClient): SourceFetcher {
  return {
    async fetch(url, signal) {
      // Somebody may have written anything into the ConfigMap, and the client takes http for hosts that are allowed by name.
      const problem = sourceUrlProblem(url);
      if (problem !== undefined) return failed('network_error', `the url of the source ${problem}`);
      try {
        const response = await client.request({
          url,
          headers: { accept: 'application/json' },
          signal,
          maxBytes: MAX_SOURCE_BYTES,
        });
        return await read(response);
      } catch (error) {
        return signal.aborted ? failed('fetch_timeout', 'source did not answer in time') : whyNot(error);
      }
    },
  };
}

/** The content type says nothing: hosts of raw files send text/plain. */
async function read(response: GuardedResponse): Promise<FetchedItems> {
  try {
    return itemsOf(await response.json());
  } catch (error) {
    // Here the client's word for an answer that is not JSON; before the body it is a bad redirect.
    if (error instanceof ChandleryError && error.code === 'registry_invalid')
      return failed('parse_error', 'source returned invalid JSON');
    throw error;
  }
}

function whyNot(error: unknown): FetchedItems {
  if (!(error instanceof ChandleryError)) return failed('network_error', 'source cannot be fetched');
  const { upstreamStatus } = error.details;
  if (upstreamStatus !== undefined) return failed('http_error', `source returned HTTP ${upstreamStatus}`);
  return failed('network_error', error.message);
}

function failed(code: SourceError['code'], message: string): FetchedItems {
  return { error: { code, message } };
}
