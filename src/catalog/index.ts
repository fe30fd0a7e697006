import { setTimeout as sleep } from 'node:timers/promises';
import { bareNameRegistries } from '../domain/bare-name.ts';
import type { CatalogStore } from '../domain/catalog.ts';
import type {
  CatalogCategories,
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
import { ChandleryError } from '../domain/errors.ts';
import { findRegistry } from '../domain/find-registry.ts';
import { type HealthStore, READ_CHECKS, summariseChecks } from '../domain/health.ts';
import type { HeldDetailStore } from '../domain/held-details.ts';
import type { RegistryGauges, RegistryObserver } from '../domain/metrics.ts';
import type { RegistryProblem } from '../domain/registries-config.ts';
import type { RegistrySet } from '../domain/registry.ts';
import type { TemplateCounter } from '../domain/template-metrics.ts';
import { testConnection } from './connection-test.ts';
import { Details } from './details.ts';
import { CATALOG_LIMITS, type CatalogLimits } from './limits.ts';
import { Listings } from './listings.ts';
import { lookUp } from './lookup.ts';
import { registryDetail, registryGauges, registryHealth, registryView } from './registry-views.ts';
import { searchAll, searchLive } from './search.ts';
import { SourceList } from './source-list.ts';
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
  /** Where details of templates are kept besides memory. */
  details?: HeldDetailStore;
  /** What the periodic checks found. */
  health?: HealthStore;
  /** What is measured of the registries. */
  observer?: RegistryObserver;
  /** Who counts which templates are found. */
  counter?: TemplateCounter;
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
  /** A registry that fails is told beside what there is. */
  categories(): Promise<CatalogCategories>;
  registries(): Promise<RegistryView[]>;
  /** Fails with registry_not_found. */
  registry(name: string): Promise<RegistryDetail>;
  health(name: string): Promise<RegistryHealth>;
  /** How each registry is, for the metrics. What the store could tell is left out while it is away. */
  gauges(): Promise<RegistryGauges[]>;
  /** Fails with template_not_found when no listing has the name, with registry_not_found. */
  exists(name: string, registry?: string): Promise<void>;
  test(name: string): Promise<RegistryTest>;
  /** The same for one that is not in the catalog. */
  probe(registry: CatalogRegistry): Promise<RegistryTest>;
  /** Takes these for all there are: lists new ones in the background, forgets the listings of those that are gone. Fails with store_unavailable. */
  use(registries: readonly CatalogRegistry[], problems: readonly RegistryProblem[]): Promise<void>;
  /** Lists the registry again. Fails as it does. */
  refresh(name: string): Promise<RegistryRefresh>;
  /** What is held of a registry is known to be old: it is listed again at once, and searches wait for that. One that is not there is left alone. */
  expire(name: string): void;
  /** Lists every registry that is not fresh, in the background. */
  warm(): void;
}

export function createCatalog(deps: CatalogDeps): Catalog {
  const { set, store, log, now = Date.now } = deps;
  const limits = { ...CATALOG_LIMITS, ...deps.limits };
  const list = new SourceList((registry) => createSource(registry, limits, now, deps.observer));
  list.use(deps.registries, deps.problems ?? []);
  const details = new Details(limits, now, deps.details);
  const onChanged = (source: Source, identity: (name: string) => string | undefined) => details.changed(source, identity);
  const onElsewhere = (source: Source) => details.changedElsewhere(source);
  const listings = new Listings({ store, limits, now, onChanged, onElsewhere, sources: () => list.all });
  const searching = { sources: () => list.all, store, listings, limits };

  const source = async (name: string): Promise<Source> => {
    const found = list.find(name);
    // The set knows why a configured registry cannot be used, and looks whether it was added a moment ago.
    return found ?? list.find((await findRegistry(set, name)).name) ?? raise(name);
  };
  /** What follows from a page that somebody sees: its hits are counted, and the first of them will be asked for. */
  const found = (page: CatalogPage): CatalogPage => {
    for (const { registry, name } of page.templates) deps.counter?.count({ metric: 'search', registry, name });
    for (const { registry, name } of page.templates.slice(0, limits.prefetch)) {
      const of = list.find(registry);
      if (of) void details.prefetch(of, name);
    }
    return page;
  };
  const chosen = async ({ registry }: CatalogSearch): Promise<readonly Source[]> => {
    if (registry === undefined) return list.all;
    const wanted = new Set(await Promise.all(registry.map(source)));
    return list.all.filter((one) => wanted.has(one));
  };
  const refreshAll = async (stale: readonly Source[], force: boolean) => {
    await Promise.all(stale.map((one) => listings.refresh(one, force).catch((error: Error) => tell(log, one, error))));
  };

  return {
    async search(search) {
      return found(await searchAll(searching, await chosen(search), search));
    },
    async *searchLive(search, signal) {
      for await (const event of searchLive(searching, await chosen(search), search, signal)) {
        if (event.event === 'done') found(event.data);
        yield event;
      }
    },
    async template(name, { registry, version } = {}) {
      const names = registry === undefined ? bareNameRegistries(set).map((plugin) => plugin.name) : [registry];
      const named = await Promise.all(names.map(source));
      return await lookUp({ store, details, limits }, named, list.all, name, version);
    },
    async categories() {
      const { partial, errors, stale } = await searchAll(searching, list.all, { limit: 1 });
      return { categories: await store.categories(list.all.map(({ key }) => key)), partial, errors, stale };
    },
    async registries() {
      await listings.load();
      return [...list.all.map((one) => registryView(one, listings)), ...list.problems.map(disabledView)];
    },
    async registry(name) {
      const problem = list.problems.find(({ registry }) => registry === name);
      if (problem) return { ...disabledView(problem), problems: [] };
      const found = await source(name);
      await listings.load();
      return registryDetail(found, listings);
    },
    async health(name) {
      const found = await source(name);
      await listings.load();
      const checks = await deps.health?.checks(name, READ_CHECKS);
      return registryHealth(found, listings, summariseChecks(checks ?? [], now()));
    },
    async gauges() {
      await listings.load().catch(() => undefined);
      const latest = await deps.health?.latest().catch(() => undefined);
      return list.all.map((one) => registryGauges(one, listings, latest?.get(one.name)));
    },
    async exists(name, registry) {
      const asked = registry === undefined ? list.all : [await source(registry)];
      const found = await Promise.all(asked.map(({ key }) => store.find(key, name)));
      if (found.some((one) => one !== undefined)) return;
      const near = await store.similar(
        asked.map(({ key }) => key),
        name,
        limits.suggestions,
      );
      throw new ChandleryError('template_not_found', `no registry lists a template ${JSON.stringify(name.slice(0, 127))}`, {
        template: name.slice(0, 127),
        ...(near.length > 0 && { alternatives: near.map((one) => `${one.registry}/${one.name}`) }),
      });
    },
    test: async (name) => testConnection(await source(name), limits.testMs),
    probe: async (registry) => testConnection(createSource(registry, limits, now), limits.testMs),
    async use(registries, problems) {
      const { came, gone } = list.use(registries, problems);
      await listings.forget(gone);
      void refreshAll(came, false);
    },
    async refresh(name) {
      const found = await source(name);
      // Somebody asked for it, so the registry is asked, however often it has failed.
      found.guard.breaker.reset();
      const waited = sleep(limits.refreshWaitMs, undefined, { ref: false });
      const refreshed = await Promise.race([listings.refresh(found, true), waited]);
      if (refreshed) return { registry: name, ...refreshed };
      const templates = listings.state(found)?.templates ?? 0;
      return { registry: name, state: 'running', templates, written: 0, removed: 0, problemCount: 0 };
    },
    expire(name) {
      const expired = list.find(name);
      if (!expired) return;
      listings.expire(expired);
      void refreshAll([expired], false);
    },
    warm() {
      const start = async () => {
        await listings.load();
        const stale = list.all.filter((one) => !listings.isFresh(one) || one.freshMs === Number.POSITIVE_INFINITY);
        await refreshAll(stale, true);
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

function disabledView({ registry, message, revision }: RegistryProblem): RegistryView {
  return {
    name: registry,
    kind: 'unknown',
    origin: revision === undefined ? 'file' : 'api',
    ...(revision !== undefined && { revision }),
    default: false,
    credential: 'none',
    status: 'disabled',
    message,
    templates: 0,
    problemCount: 0,
  };
}
