import { createHash, scryptSync } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCheckout } from './adapters/git/checkout.ts';
import { createGit } from './adapters/git/client.ts';
import { createGuardedClient, type GuardedClient, type RegistryTransport } from './adapters/http/guarded-client.ts';
import { createFolderRegistry } from './adapters/registries/folder.ts';
import { createRegistrySet } from './adapters/registries/registry-set.ts';
import type { CatalogRegistry } from './catalog/index.ts';
import type { Config } from './config.ts';
import type { RegistriesConfig, RegistryConfig, RegistryProblem } from './domain/registries-config.ts';
import type { RegistryPlugin, RegistrySet } from './domain/registry.ts';
import type { Logger } from './logger.ts';

/** Name under which a server's own templates are known to itself. */
const LOCAL_NAME = 'local';

export interface Registries {
  set: RegistrySet;
  /** What this server publishes: its own folder and the built-in templates. */
  local: RegistryPlugin;
  /** All of them as the catalog takes them, the own one first. */
  catalog: CatalogRegistry[];
  /** Those that cannot be used. */
  problems: RegistryProblem[];
  close(): Promise<void>;
}

/** The part of the composition that API and worker share. */
export function openRegistries(config: Config, log: Logger): Registries {
  // A folder that is not there yet is an empty one, not a problem to report.
  for (const dir of config.templateDirs.slice(0, 1)) mkdirSync(dir, { recursive: true });
  const { usable, transports } = withTransports(config.registries);
  const client = createGuardedClient({
    development: config.environment === 'development',
    allow: config.outboundAllow,
    transportOf: (registry) => transports.get(registry) ?? {},
  });
  const git = createGit({
    cacheDir: join(config.cacheDir, 'git'),
    development: config.environment === 'development',
    allow: config.outboundAllow,
  });
  const local = createFolderRegistry({
    name: LOCAL_NAME,
    type: 'private',
    directories: config.templateDirs,
    onProblem: (problem) => log.warn({ ...problem }, 'a template cannot be listed'),
  });
  for (const problem of usable.problems) log.warn({ ...problem }, 'a registry cannot be used');
  const set = createRegistrySet(usable, {
    client,
    local,
    git,
    checkout: createCheckout(git),
    onProblem: (registry, problem) => log.warn({ registry, ...problem }, 'a template cannot be listed'),
  });
  return {
    set,
    local,
    catalog: [
      localSource(local, set, config.templateDirs),
      ...usable.registries.map((registry) => sourceOf(registry, set, client)),
    ],
    problems: usable.problems,
    async close() {
      await set.close();
      await client.close();
      await git.close();
    },
  };
}

/** What each registry's configuration changes about its connections; one whose authorities cannot be read cannot be used. */
function withTransports(config: RegistriesConfig): { usable: RegistriesConfig; transports: Map<string, RegistryTransport> } {
  const transports = new Map<string, RegistryTransport>();
  const problems = [...config.problems];
  const registries = config.registries.filter((registry) => {
    try {
      transports.set(registry.name, transportOf(registry));
      return true;
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      problems.push({ registry: registry.name, message: `ca: ${registry.ca}: ${code ?? message}` });
      return false;
    }
  });
  return { usable: { ...config, registries, problems }, transports };
}

function transportOf({ ca: file, allowHttp, url }: RegistryConfig): RegistryTransport {
  const ca = file === undefined ? undefined : readFileSync(file, 'utf8');
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) throw new Error('holds no certificate in PEM form');
  return { ...(ca !== undefined && { ca }), ...(allowHttp && { httpHosts: [new URL(url).hostname] }) };
}

function localSource(plugin: RegistryPlugin, set: RegistrySet, directories: readonly string[]): CatalogRegistry {
  const scope = digestOf(['folder', ...directories]);
  return { plugin, scope, url: 'this server', credential: 'none', isFolder: true, isDefault: set.default === plugin };
}

function sourceOf(config: RegistryConfig, set: RegistrySet, client: GuardedClient): CatalogRegistry {
  const { name, kind, url, credentials, ref, path, repositories, module } = config;
  const plugin = set.get(name);
  return {
    plugin,
    scope: digestOf([kind, url, ref, path, repositories, module, credentialDigest(name, credentials)]),
    url: url || (module ?? ''),
    credential: credentials?.type ?? 'none',
    isFolder: kind === 'chandlery' && url.startsWith('file:'),
    isDefault: set.default === plugin,
    certificateExpiry: () => client.certificateExpiry(name),
  };
}

function digestOf(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** Slow on purpose: the digest lies in the store, and a short password must not be found by trying. */
function credentialDigest(registry: string, credentials: RegistryConfig['credentials']): string {
  if (!credentials) return '';
  return scryptSync(JSON.stringify(credentials), `chandlery catalog ${registry}`, 32).toString('hex');
}
