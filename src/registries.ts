import { createHash, scrypt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LRUCache } from 'lru-cache';
import { createCheckout } from './adapters/git/checkout.ts';
import { createGit } from './adapters/git/client.ts';
import { createGuardedClient, type GuardedClient } from './adapters/http/guarded-client.ts';
import { createSourceClient } from './adapters/http/source-client.ts';
import type { OciClient } from './adapters/oci/client.ts';
import type { OpenImageRegistry } from './adapters/oci/image-reference.ts';
import { createFolderRegistry } from './adapters/registries/folder.ts';
import { createLocalRegistry } from './adapters/registries/local.ts';
import { createNamespaceSources } from './adapters/registries/namespace-sources.ts';
import { createImageRegistries } from './adapters/registries/oci-images.ts';
import { closePlugin, createRegistrySet, type OpenRegistrySet } from './adapters/registries/registry-set.ts';
import { createAddedReader } from './added-registries.ts';
import type { CatalogRegistry } from './catalog/index.ts';
import type { Config } from './config.ts';
import type { RegistryConfig, RegistryProblem } from './domain/registries-config.ts';
import type { RegistryPlugin, RegistrySet } from './domain/registry.ts';
import type { RegistrySecrets } from './domain/registry-store.ts';
import type { SourceRegistries } from './domain/sources/for-user.ts';
import type { Store } from './domain/store.ts';
import { type Followed, followRegistries } from './followed-registries.ts';
import type { Logger } from './logger.ts';
import { createRegistrySecrets } from './registry-secrets.ts';
import { RegistryTransports, transportOf } from './registry-transports.ts';

/** Name under which a server's own templates are known to itself. */
const LOCAL_NAME = 'local';
/** Digests of credentials that are held: far more than there are registries. */
const MAX_DIGESTS = 2_000;

export interface Registries {
  set: RegistrySet;
  /** What this server publishes: its own folder and the built-in templates. */
  local: RegistryPlugin;
  /** What the sources of namespaces offer. */
  sources: SourceRegistries;
  /** By the rules for registries. */
  client: GuardedClient;
  /** Where images lie that may be asked about. */
  openImages: OpenImageRegistry<OciClient>;
  /** All of them as the catalog takes them, the own one first. */
  catalog(): Promise<CatalogRegistry[]>;
  /** Those that cannot be used. */
  problems(): RegistryProblem[];
  /** For the credentials of those that are added. */
  secrets: RegistrySecrets;
  /** Names that the server's own configuration has, and the default registry where it marks one. */
  configured: { names: ReadonlySet<string>; markedDefault: string | undefined };
  /** Reads again which ones were added over the API. Fails with store_unavailable. */
  reload(): Promise<void>;
  /** Called after other ones were added or removed. */
  onChange(listener: () => Promise<void>): void;
  /** A registry that is not one of them, with connections of its own, for one test. */
  probe(config: RegistryConfig): { registry: CatalogRegistry; close(): Promise<void> };
  close(): Promise<void>;
}

/** Where those that were added over the API come from, and what was published; without it there are those of the configuration and the folders only. */
export type AddedSource = Pick<Store, 'registries' | 'changes' | 'published' | 'blobs'>;

/** The part of the composition that API and worker share. Added registries are there after the first `reload`. */
export function openRegistries(config: Config, log: Logger, added?: AddedSource): Registries {
  // A folder that is not there yet is an empty one, not a problem to report.
  for (const dir of config.templateDirs.slice(0, 1)) mkdirSync(dir, { recursive: true });
  const rules = { development: config.environment === 'development', allow: config.outboundAllow };
  const transports = new RegistryTransports(config.registries);
  const { usable } = transports;
  const client = createGuardedClient({ ...rules, transportOf: (registry) => transports.of(registry) });
  const sourceClient = createSourceClient({ allow: config.outboundAllow });
  const git = createGit({ ...rules, cacheDir: join(config.cacheDir, 'git') });
  const folder = createFolderRegistry({
    name: LOCAL_NAME,
    type: 'private',
    directories: config.templateDirs,
    onProblem: (problem) => log.warn({ ...problem }, 'a template cannot be listed'),
  });
  const local = added ? createLocalRegistry(folder, added) : folder;
  for (const problem of usable.problems) log.warn({ ...problem }, 'a registry cannot be used');
  const set = createRegistrySet(usable, {
    client,
    local,
    git,
    checkout: createCheckout(git),
    ...(added && { reload: () => followed.reload() }),
    onProblem: (registry, problem) => log.warn({ registry, ...problem }, 'a template cannot be listed'),
  });
  const names = new Set([
    LOCAL_NAME,
    ...usable.registries.map(({ name }) => name),
    ...usable.problems.map((one) => one.registry),
  ]);
  const secrets = createRegistrySecrets({
    codecKey: config.codecKey,
    keyFile: join(config.dataDir, 'registry-secrets.key'),
    isShared: config.databaseUrl !== undefined,
  });
  const read = createAddedReader(secrets, (name) => names.has(name));
  const followed: Followed = followRegistries(added && { store: added, read }, {
    log,
    use(next) {
      for (const name of transports.use(next.registries)) client.forget(name);
      set.use(next);
    },
  });
  const digests = new Digests();
  const sourceOf = (registry: RegistryConfig) => describe(registry, set, client, digests);
  const configured = () => [...usable.registries, ...followed.current().registries.map((one) => one.config)];
  return {
    set,
    local,
    sources: createNamespaceSources({
      client: sourceClient,
      configured,
    }),
    client,
    openImages: createImageRegistries({ client, configured }),
    async catalog() {
      const own = { ...localSource(local, config.templateDirs), isDefault: set.default === local };
      const files = await Promise.all(usable.registries.map(sourceOf));
      const later = followed.current().registries.map(async ({ config: registry, revision }) => ({
        ...(await sourceOf(registry)),
        origin: 'api' as const,
        revision,
      }));
      return [own, ...files, ...(await Promise.all(later))];
    },
    problems: () => [...usable.problems, ...followed.current().problems],
    secrets,
    configured: { names, markedDefault: usable.defaultBy === 'mark' ? usable.defaultName : undefined },
    reload: () => followed.reload(),
    onChange: (listener) => followed.onChange(listener),
    probe(registry) {
      const own = createGuardedClient({ ...rules, transportOf: () => transportOf(registry) });
      const plugin = set.build(registry, own);
      const { url, credentials } = registry;
      const certificateExpiry = () => own.certificateExpiry(registry.name);
      return {
        registry: {
          ...{ plugin, scope: '', url, credential: credentials?.type ?? 'none', isFolder: false, isDefault: false },
          certificateExpiry,
        },
        async close() {
          await closePlugin(plugin);
          await own.close();
        },
      };
    },
    async close() {
      followed.close();
      await set.close();
      await client.close();
      await sourceClient.close();
      await git.close();
    },
  };
}

function localSource(plugin: RegistryPlugin, directories: readonly string[]): Omit<CatalogRegistry, 'isDefault'> {
  const scope = digestOf(['folder', ...directories]);
  return { plugin, scope, url: 'this server', credential: 'none', isFolder: true, origin: 'built-in' };
}

async function describe(
  config: RegistryConfig,
  set: OpenRegistrySet,
  client: GuardedClient,
  digests: Digests,
): Promise<CatalogRegistry> {
  const { name, kind, type, url, credentials, ref, path, repositories, module } = config;
  const plugin = set.get(name);
  return {
    plugin,
    scope: digestOf([kind, type, url, ref, path, repositories, module, await digests.of(name, credentials)]),
    url: url || (module ?? ''),
    credential: credentials?.type ?? 'none',
    isFolder: kind === 'chandlery' && url.startsWith('file:'),
    isDefault: set.default === plugin,
    origin: 'file',
    certificateExpiry: () => client.certificateExpiry(name),
  };
}

function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

const slowDigest = promisify<string, string, number, Buffer>(scrypt);

/** Of credentials, slow on purpose: they lie in the store, and a short password must not be found by trying. Each is made once. */
class Digests {
  readonly #made = new LRUCache<string, Promise<string>>({ max: MAX_DIGESTS });

  async of(registry: string, credentials: RegistryConfig['credentials']): Promise<string> {
    if (!credentials) return '';
    const text = JSON.stringify(credentials);
    const key = digestOf([registry, text]);
    const made =
      this.#made.get(key) ?? slowDigest(text, `chandlery catalog ${registry}`, 32).then((digest) => digest.toString('hex'));
    this.#made.set(key, made);
    return await made;
  }
}
