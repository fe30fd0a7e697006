import { setTimeout as sleep } from 'node:timers/promises';
import { bareNameRegistries } from '../domain/bare-name.ts';
import type { CatalogStore } from '../domain/catalog.ts';
import type {
  CatalogEvent,
  CatalogPage,
  CatalogSearch,
  CatalogTemplate,
  RegistryDetail,
  RegistryHealth,
  RegistryRefresh,
  RegistryTest,
  RegistryView,
} from '../domain/catalog-views.ts';
import type { RegistryProblem } from '../domain/registries-config.ts';
import type { RegistrySet } from '../domain/registry.ts';
import { testConnection } from './connection-test.ts';
import { Details } from './details.ts';
import { CATALOG_LIMITS, type CatalogLimits } from './limits.ts';
import { Listings } from './listings.ts';
import { lookUp } from './lookup.ts';
import { registryDetail, registryHealth, registryView } from './registry-views.ts';
import { searchAll, searchLive } from './search.ts';
import { type CatalogRegistry, createSource, type Source } from './sources.ts';

export type { CatalogRegistry } from './sources.ts';

export interface CatalogLog {
  warn(fields: Record<string, unknown>, message: string): void;
}

export interface CatalogDeps {
  /** What bare names mean, and which names there are. */
  set: RegistrySet;
  /** In the order in which equal hits are attributed. */
  registries: readonly CatalogRegistry[];
  /** Registries that are configured and cannot be used. */
  problems?: readonly RegistryProblem[];
  store: CatalogStore;
  log: CatalogLog;
  limits?: Partial<CatalogLimits>;
  /** ms since 1970; for tests */
  now?: () => number;
}

/** Every registry as one catalog: searched in the store, kept fresh in the background, and served with its age while a registry is away. */
export interface Catalog {
  /** Fails with registry_not_found, invalid_request (cursor), store_unavailable. A registry that fails is told in the page. */
  search(search: CatalogSearch): Promise<CatalogPage>;
  searchLive(search: CatalogSearch, signal: AbortSignal): AsyncGenerator<CatalogEvent, void, undefined>;
  /** Without a registry: what the bare name means. Fails with template_not_found, version_not_found, registry_not_found, or as the registry does. */
  template(name: string, where?: { registry?: string; version?: string }): Promise<CatalogTemplate>;
  categories(): Promise<Array<{ name: string; count: number }>>;
  registries(): Promise<RegistryView[]>;
  /** Fails with registry_not_found. */
  registry(name: string): Promise<RegistryDetail>;
  health(name: string): Promise<RegistryHealth>;
  test(name: string): Promise<RegistryTest>;
  /** Lists the registry again. Fails as it does. */
  refresh(name: string): Promise<RegistryRefresh>;
  /** Lists every registry that is not fresh, in the background. */
  warm(): void;
}

export function createCatalog(deps: CatalogDeps): Catalog {
  const { set, store, log, problems = [], now = Date.now } = deps;
  const limits = { ...CATALOG_LIMITS, ...deps.limits };
  const sources = deps.registries.map((registry) => createSource(registry, limits, now));
  const byName = new Map(sources.map((source) => [source.name, source]));
  const details = new Details(limits, now);
  const onChanged = (source: Source, identity: (name: string) => string | undefined) => details.changed(source, identity);
  const listings = new Listings({ store, limits, now, onChanged });
  const searching = { sources, store, listings, limits };

  const source = (name: string): Source => {
    const found = byName.get(name);
    // The set knows why a configured registry cannot be used.
    return found ?? byName.get(set.get(name).name) ?? raise(name);
  };
  const chosen = ({ registry }: CatalogSearch): Source[] => {
    if (registry === undefined) return sources;
    const wanted = new Set(registry.map(source));
    return sources.filter((one) => wanted.has(one));
  };

  return {
    async search(search) {
      const page = await searchAll(searching, chosen(search), search);
      for (const { registry, name } of page.templates.slice(0, limits.prefetch)) {
        const of = byName.get(registry);
        if (of) void details.prefetch(of, name);
      }
      return page;
    },
    searchLive: (search, signal) => searchLive(searching, chosen(search), search, signal),
    async template(name, { registry, version } = {}) {
      const named = registry === undefined ? bareNameRegistries(set).map((plugin) => source(plugin.name)) : [source(registry)];
      return await lookUp({ store, details, limits }, named, sources, name, version);
    },
    async categories() {
      await searchAll(searching, sources, { limit: 1 });
      return await store.categories(sources.map(({ key }) => key));
    },
    async registries() {
      await listings.load();
      return [...sources.map((one) => registryView(one, listings)), ...problems.map(disabledView)];
    },
    async registry(name) {
      const problem = problems.find(({ registry }) => registry === name);
      if (problem) return { ...disabledView(problem), problems: [] };
      const found = source(name);
      await listings.load();
      return registryDetail(found, listings);
    },
    async health(name) {
      const found = source(name);
      await listings.load();
      return registryHealth(found, listings);
    },
    test: async (name) => testConnection(source(name), limits.testMs),
    async refresh(name) {
      const found = source(name);
      // Somebody asked for it, so the registry is asked, however often it has failed.
      found.guard.breaker.succeeded();
      const waited = sleep(limits.refreshWaitMs, undefined, { ref: false });
      const refreshed = await Promise.race([listings.refresh(found, true), waited]);
      if (refreshed) return { registry: name, ...refreshed };
      const templates = listings.state(found)?.templates ?? 0;
      return { registry: name, state: 'running', templates, written: 0, removed: 0, problemCount: 0 };
    },
    warm() {
      const start = async () => {
        await listings.load();
        await listings.retain(sources);
        const stale = sources.filter((one) => !listings.isFresh(one) || one.freshMs === Number.POSITIVE_INFINITY);
        await Promise.all(stale.map((one) => listings.refresh(one, true).catch((error: Error) => tell(log, one, error))));
      };
      start().catch((error: unknown) => log.warn({ err: error }, 'the catalog could not be warmed'));
    },
  };
}

function tell(log: CatalogLog, { name }: Source, { message }: Error): void {
  log.warn({ registry: name, reason: message }, 'a registry could not be listed; the others are served');
}

function raise(name: string): never {
  throw new Error(`registry ${name} is in the set and not in the catalog`);
}

function disabledView({ registry, message }: RegistryProblem): RegistryView {
  return {
    name: registry,
    kind: 'unknown',
    default: false,
    credential: 'none',
    status: 'disabled',
    message,
    templates: 0,
    problemCount: 0,
  };
}
