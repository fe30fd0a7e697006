import { LRUCache } from 'lru-cache';
import { LOCAL_CLUSTER } from '../domain/operation.ts';
import type { ChangeEvent, Store } from '../domain/store.ts';

const NAMESPACES = 1_000;
/** What a lost notification could leave wrong is right again after this long, milliseconds. */
const MAX_AGE_MS = 60_000;

export interface InstalledCache {
  /** Installed version by template name. */
  versions(namespace: string): Promise<ReadonlyMap<string, string>>;
  close(): void;
}

/** Which versions a namespace holds; dropped exactly when an operation's last step says that the namespace changed. */
export function createInstalledCache({ installs, changes }: Pick<Store, 'installs' | 'changes'>): InstalledCache {
  const cache = new LRUCache<string, ReadonlyMap<string, string>>({
    max: NAMESPACES,
    ttl: MAX_AGE_MS,
    fetchMethod: async (namespace) =>
      new Map((await installs.list(LOCAL_CLUSTER, namespace)).map((install) => [install.name, install.version])),
  });
  const drop = (event: ChangeEvent) => {
    if (event.type === 'resync') cache.clear();
    else if (event.type === 'install.changed') cache.delete(event.namespace);
  };
  const unsubscribe = changes.subscribe(drop);
  return {
    versions: async (namespace) => (await cache.fetch(namespace)) ?? new Map(),
    close: unsubscribe,
  };
}
