import type { RegistryView } from '../domain/catalog-views.ts';
import type { RegistryObserver } from '../domain/metrics.ts';
import type { RegistryPlugin } from '../domain/registry.ts';
import { RegistryGuard } from './guard.ts';
import type { CatalogLimits } from './limits.ts';
import { type MeterListener, RegistryMeter } from './meter.ts';

/** A registry as the composition root hands it over. */
export interface CatalogRegistry {
  plugin: RegistryPlugin;
  /** Digest of kind, URL and credential; lower-case hex, not reversible. */
  scope: string;
  /** For people. */
  url: string;
  credential: string;
  /** Lies in a folder of this machine: looking again costs nothing. */
  isFolder: boolean;
  isDefault: boolean;
  /** Where it is configured; a file where it is not said. */
  origin?: RegistryView['origin'];
  /** Of one that was added over the API: names this state of it. */
  revision?: string;
  /** Earliest end of validity of its certificates, where there are any. */
  certificateExpiry?: () => Date | undefined;
}

/** A registry with everything the catalog keeps for it in memory. */
export interface Source extends CatalogRegistry {
  name: string;
  /** What the store knows it by. */
  key: { registry: string; scope: string };
  guard: RegistryGuard;
  meter: RegistryMeter;
  /** ms for which a listing is fresh */
  freshMs: number;
}

/** A catalog of kind helmdeck is fetched at start and when somebody asks for it, never by the clock: its contract says so. */
function freshFor({ plugin, isFolder }: CatalogRegistry, limits: CatalogLimits): number {
  if (plugin.kind === 'helmdeck') return Number.POSITIVE_INFINITY;
  return isFolder ? limits.folderMs : limits.searchMs;
}

export function createSource(
  registry: CatalogRegistry,
  limits: CatalogLimits,
  now: () => number,
  observer?: RegistryObserver,
): Source {
  const { name } = registry.plugin;
  const listener: MeterListener | undefined = observer && {
    call: (work, ms, code) => observer.call(name, work, ms, code),
    cache: (tier, isHit) => observer.cache(name, tier, isHit),
  };
  const meter = new RegistryMeter(limits.samples, now, listener);
  return {
    ...registry,
    name,
    key: { registry: name, scope: registry.scope },
    meter,
    guard: new RegistryGuard(name, limits, meter, now),
    freshMs: freshFor(registry, limits),
  };
}
