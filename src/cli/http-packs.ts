import type { CatalogSnapshot, PackDetail } from '../domain/helmdeck.ts';
import type { JsonCall } from './http-deployments.ts';

/** The API's pack catalog as the CLI uses it. Every method fails with a CliError. */

/** The server itself takes up to 30 s for what it fetches. */
const FETCH_TIMEOUT_MS = 40_000;

export function packCalls(json: JsonCall) {
  return {
    packs: () => json<CatalogSnapshot>('index', { path: 'api/v1/marketplace/catalog' }),
    refreshPacks: () =>
      json<CatalogSnapshot>('index', { method: 'POST', path: 'api/v1/marketplace/refresh', timeoutMs: FETCH_TIMEOUT_MS }),
    pack: (name: string) =>
      json<Omit<PackDetail, 'warnings'> & { warnings?: string[] }>('manifest', {
        path: `api/v1/marketplace/packs/${encodeURIComponent(name)}`,
        timeoutMs: FETCH_TIMEOUT_MS,
      }),
  };
}
