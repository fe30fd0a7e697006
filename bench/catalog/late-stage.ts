import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGuardedClient, type GuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createChandleryRegistry } from '../../src/adapters/registries/chandlery-http.ts';
import { createHelmRegistry } from '../../src/adapters/registries/helm.ts';
import type { PostgresStore } from '../../src/adapters/store/index.ts';
import { type Catalog, type CatalogRegistry, createCatalog } from '../../src/catalog/index.ts';
import { CATALOG_LIMITS } from '../../src/catalog/limits.ts';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { RegistryPlugin } from '../../src/domain/registry.ts';
import { startChild } from '../../tools/lab/child.ts';
import type { Cleanup } from '../cleanup.ts';
import { openStore } from '../store.ts';

interface Place {
  name: string;
  url: string;
}

/** What bench/processes/catalog-registries.ts says of itself. */
export interface LateRegistries {
  /** the fastest first */
  healthy: Place[];
  slow: Place;
  dead: Place;
  helm: Place;
  /** of each of the twenty */
  templates: number;
}

export interface LateStage extends LateRegistries {
  client: GuardedClient;
  store: PostgresStore;
  plugin(place: Place): RegistryPlugin;
  /** A catalog of these alone, in this process, on the real store. */
  catalog(places: readonly Place[]): { catalog: Catalog; forget(): Promise<void> };
}

/** A search of a catalog of which everything is older than this is a search of which nothing is held, milliseconds. */
const LONG = 2 * CATALOG_LIMITS.catalogMs;
/** Only a benchmark asks one registry many times a second, and waits for it as long as it takes. */
const UNLIMITED = { ratePerSecond: 1e6, burst: 1e6, refreshWaitMs: CATALOG_LIMITS.listingMs };
const READY = 'registries ready ';

/** A store, registries in a process of their own, and catalogs made of them. */
export async function openLateStage(cleanup: Cleanup): Promise<LateStage> {
  const dir = await mkdtemp(join(tmpdir(), 'chandlery-bench-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  const child = await startChild({
    script: join(PACKAGE_ROOT, 'dist', 'bench', 'processes', 'catalog-registries.js'),
    ready: READY,
    env: process.env,
    logFile: join(dir, 'registries.log'),
  });
  cleanup.add(() => child.stop());
  const store = await openStore(dir, cleanup);
  const client = createGuardedClient({ development: true, allow: [] });
  cleanup.add(() => client.close());
  const registries = JSON.parse(child.readyLine.slice(READY.length)) as LateRegistries;
  const plugin = ({ name, url }: Place) => {
    if (name === registries.helm.name) return createHelmRegistry({ name, kind: 'helm', type: 'community', url }, client);
    return createChandleryRegistry({ name, kind: 'chandlery', type: 'community', url }, client);
  };
  let scope = 0;
  return {
    ...registries,
    client,
    store,
    plugin,
    catalog(places) {
      scope += 1;
      return catalogOf(
        store,
        places.map((place) => ({ plugin: plugin(place), url: place.url, scope: scope.toString(16).padStart(4, '0') })),
      );
    },
  };
}

function catalogOf(store: PostgresStore, given: ReadonlyArray<Pick<CatalogRegistry, 'plugin' | 'url' | 'scope'>>) {
  const registries = given.map((each, at): CatalogRegistry => {
    return { ...each, credential: 'none', isFolder: false, isDefault: at === 0 };
  });
  const all = registries.map((each) => each.plugin);
  const get = (name: string) => {
    throw new ChandleryError('registry_not_found', `no registry ${name}`);
  };
  let late = 0;
  const catalog = createCatalog({
    set: { all, default: all[0], local: undefined, get },
    registries,
    store: store.catalog,
    log: { warn: () => undefined },
    limits: { ...UNLIMITED, claimEveryMs: Number.POSITIVE_INFINITY, prefetch: 0 },
    now: () => Date.now() + late,
  });
  const forget = async () => {
    await store.catalog.forget(registries.map(({ plugin, scope }) => ({ registry: plugin.name, scope })));
    // Whatever the catalog has in memory is too old from now on, so that it looks into the store, which has nothing.
    late += LONG;
  };
  return { catalog, forget };
}
