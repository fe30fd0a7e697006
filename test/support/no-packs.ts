import { createGuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createHelmdeckCatalog } from '../../src/adapters/registries/helmdeck-catalog.ts';
import type { HelmdeckCatalog } from '../../src/domain/helmdeck.ts';

/** A pack catalog that is turned off, for servers whose tests are about something else. */
export function noPacks(): HelmdeckCatalog {
  return createHelmdeckCatalog({ source: '', disabled: true, client: createGuardedClient({ development: false, allow: [] }) });
}
