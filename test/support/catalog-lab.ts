import { createGuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createChandleryRegistry } from '../../src/adapters/registries/chandlery-http.ts';
import { createStore, type PostgresStore } from '../../src/adapters/store/index.ts';
import { type Catalog, type CatalogDeps, type CatalogRegistry, createCatalog } from '../../src/catalog/index.ts';
import type { CatalogLimits } from '../../src/catalog/limits.ts';
import type { CatalogStore } from '../../src/domain/catalog.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { RegistrySet } from '../../src/domain/registry.ts';
import { type RegistryServer, startRegistryServer } from '../../src/registry.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { startEmbedded, type TestServer } from './postgres.ts';
import { createRegistryFolder, type RegistryFolder, type TemplateFixture } from './registry-folder.ts';

/** Registries over real sockets, each behind a proxy that breaks it on order, and catalogs over them on a real store. */

export interface LabServer {
  name: string;
  proxy: FaultProxy;
  folder: RegistryFolder;
}

export class CatalogLab {
  readonly client = createGuardedClient({ development: true, allow: [], timeouts: { headers: 20_000, bodyIdle: 20_000 } });
  readonly servers = new Map<string, LabServer>();
  readonly #closing: Array<() => Promise<unknown>> = [];
  #postgres: TestServer | undefined;
  #store: PostgresStore | undefined;
  #scope = 0;

  get store(): PostgresStore {
    if (!this.#store) throw new Error('open() first');
    return this.#store;
  }

  async open(): Promise<this> {
    this.#postgres = await startEmbedded();
    this.#store = createStore({ url: this.#postgres.url, onIdleError: () => undefined });
    await this.#store.migrate();
    return this;
  }

  /** A registry server of these templates. */
  async serve(name: string, templates: TemplateFixture[]): Promise<LabServer> {
    const folder = await createRegistryFolder(templates);
    const server: RegistryServer = await startRegistryServer({ port: 0, host: '127.0.0.1', name, templatesDir: folder.dir });
    const proxy = await startFaultProxy({ target: server.url });
    this.#closing.push(() =>
      proxy
        .close()
        .then(() => server.close())
        .then(() => folder.remove()),
    );
    const made = { name, proxy, folder };
    this.servers.set(name, made);
    return made;
  }

  /** The proxy before the server of this name. */
  proxy(name: string): FaultProxy {
    const server = this.servers.get(name);
    if (!server) throw new Error(`no server ${name}`);
    return server.proxy;
  }

  /** No faults, and nothing asked yet. */
  calm(): void {
    for (const { proxy } of this.servers.values()) {
      proxy.setFaults([]);
      proxy.clear();
    }
  }

  /** A catalog over these servers (default: all), or URLs; with listings of its own. The first is the default registry. */
  catalog(
    names: ReadonlyArray<string | { name: string; url: string }> = [...this.servers.keys()],
    options: {
      limits?: Partial<CatalogLimits>;
      now?: () => number;
      scope?: string;
      store?: CatalogStore;
      more?: Partial<CatalogDeps>;
    } = {},
  ): Catalog {
    this.#scope += 1;
    const scope = options.scope ?? this.#scope.toString(16).padStart(4, '0');
    const registries = names.map((entry, at): CatalogRegistry => {
      const { name, url } = typeof entry === 'string' ? { name: entry, url: this.servers.get(entry)?.proxy.url ?? '' } : entry;
      const plugin = createChandleryRegistry({ name, kind: 'chandlery', type: 'community', url }, this.client);
      return { plugin, scope, url, credential: 'none', isFolder: false, isDefault: at === 0 };
    });
    const { limits, now } = options;
    return createCatalog({
      set: setOf(registries),
      registries,
      store: options.store ?? this.store.catalog,
      log: { warn: () => undefined },
      ...options.more,
      ...(limits && { limits }),
      ...(now && { now }),
    });
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0)) await close();
    await this.client.close();
    await this.#store?.close();
    await this.#postgres?.close();
  }
}

function setOf(registries: readonly CatalogRegistry[]): RegistrySet {
  const all = registries.map(({ plugin }) => plugin);
  return {
    all,
    default: all[0],
    local: undefined,
    get(name) {
      const found = all.find((plugin) => plugin.name === name);
      if (!found) throw new ChandleryError('registry_not_found', `no registry ${name}`);
      return found;
    },
  };
}
