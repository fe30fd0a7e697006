import { fileURLToPath } from 'node:url';
import type { ChartSource } from '../../domain/chart-source.ts';
import type { Checkout } from '../../domain/checkout.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistriesConfig, RegistryConfig, RegistryProblem } from '../../domain/registries-config.ts';
import { joinDefaults } from '../../domain/registries-config.ts';
import type { RegistryKind, RegistryPlugin, RegistrySet } from '../../domain/registry.ts';
import type { GitClient } from '../git/client.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { createArkRegistry } from './ark.ts';
import { createChandleryRegistry } from './chandlery-http.ts';
import { registryOfChart } from './chart-home.ts';
import { createFolderRegistry } from './folder.ts';
import type { FolderProblem } from './folder-scan.ts';
import { createGitRegistry } from './git.ts';
import { createHelmRegistry } from './helm.ts';
import { createHelmdeckRegistry } from './helmdeck.ts';
import { createOciRegistry } from './oci.ts';
import { createChartSource } from './oci-charts.ts';
import { OciLogin } from './oci-login.ts';
import { createModuleRegistry, type ModuleRegistry } from './plugin-module.ts';

export interface RegistrySetDeps {
  client: GuardedClient;
  /** This server's own templates; answers bare names when no registry is configured. */
  local?: RegistryPlugin;
  /** Working copies for pack catalogs that are GitHub repositories. */
  checkout?: Checkout;
  /** For git repositories; without it none can be used. */
  git?: GitClient;
  /** Told when the module of a plugin cannot be loaded. */
  onFailure?: (registry: string, error: Error) => void;
  /** Reads again which registries were added, where any can be. */
  reload?: () => Promise<void>;
  /** Told what a file:// registry cannot list. */
  onProblem?: (registry: string, problem: FolderProblem) => void;
}

/** Registries that were added while the server runs. */
export interface AddedRegistries extends Omit<RegistriesConfig, 'registries'> {
  /** Two of one name with the same revision are the same. */
  registries: ReadonlyArray<{ config: RegistryConfig; revision: string }>;
}

export interface OpenRegistrySet extends RegistrySet {
  /** Takes these for all that were added so far. A plugin whose registry is the same goes on; the others end when what they do has ended. */
  use(added: AddedRegistries): void;
  /** A plugin outside of the set and its connections, for one question. */
  build(config: RegistryConfig, client: GuardedClient): RegistryPlugin;
  /** Ends what the plugins hold open besides the client's connections. */
  close(): Promise<void>;
}

const NOTHING_ADDED: AddedRegistries = { registries: [], problems: [] };

/**
 * Builds one plugin per usable registry. A registry that is configured but not usable is not found, with the reason in words; when
 * it is the default one, bare names have no registry rather than another one. Fails with config_invalid for a name used twice.
 */
export function createRegistrySet(config: RegistriesConfig, deps: RegistrySetDeps): OpenRegistrySet {
  let added = NOTHING_ADDED;
  const factory = { ...deps, configured: () => [...config.registries, ...added.registries.map((one) => one.config)] };
  const configured = config.registries.map((registry) => buildPlugin(registry, factory));
  const own = deps.local ? [deps.local, ...configured] : configured;
  const names = own.map(({ name }) => name);
  if (new Set(names).size !== own.length)
    throw new ChandleryError('config_invalid', `Registry names must differ: ${names.join(', ')}`);
  let later = new Map<string, { revision: string; plugin: RegistryPlugin }>();
  let byName = new Map<string, RegistryPlugin>();
  const index = () => {
    byName = new Map([...own, ...[...later.values()].map(({ plugin }) => plugin)].map((plugin) => [plugin.name, plugin]));
  };
  index();
  return {
    get all() {
      return [...byName.values()];
    },
    local: deps.local,
    ...(deps.reload && { reload: deps.reload }),
    get default() {
      const name = joinDefaults(config, added);
      return name === undefined ? deps.local : byName.get(name);
    },
    get(name) {
      const plugin = byName.get(name);
      if (plugin) return plugin;
      throw notFound(name, [...byName.keys()], [...config.problems, ...added.problems]);
    },
    use(next) {
      const before = later;
      added = next;
      later = new Map(
        next.registries.map(({ config: one, revision }) => {
          const known = before.get(one.name);
          const plugin = known?.revision === revision ? known.plugin : buildPlugin(one, factory);
          return [one.name, { revision, plugin }];
        }),
      );
      index();
      // Nobody asks it any more: that it could not clean up is no reason to end the process.
      for (const [name, { plugin }] of before)
        if (later.get(name)?.plugin !== plugin) void closePlugin(plugin).catch(() => undefined);
    },
    build: (one, client) => buildPlugin(one, { ...factory, client }),
    async close() {
      await Promise.all([...configured, ...[...later.values()].map(({ plugin }) => plugin)].map(closePlugin));
    },
  };
}

/** Those that hold something open have a word for it. */
export async function closePlugin(plugin: RegistryPlugin): Promise<void> {
  if ('close' in plugin) await (plugin as ModuleRegistry).close();
}

/** Who speaks which protocol. */
const FACTORIES: Partial<Record<RegistryKind, (config: RegistryConfig, deps: FactoryDeps) => RegistryPlugin>> = {
  chandlery: buildChandlery,
  helm: (config, { client }) => createHelmRegistry(config, client),
  oci: (config, { client }) => createOciRegistry(config, client),
  ark: (config, deps) => createArkRegistry(config, deps.client, chartsOf(config, deps)),
  helmdeck: (config, { client, checkout }) => createHelmdeckRegistry(config, client, { ...(checkout && { checkout }) }),
  git: buildGit,
  plugin: (config, { onFailure }) => createModuleRegistry(config, { onFailure: (error) => onFailure?.(config.name, error) }),
};

interface FactoryDeps extends RegistrySetDeps {
  /** All that are there now; an added one may come later than whoever needs its credential. */
  configured: () => readonly RegistryConfig[];
}

/** Charts may lie anywhere; the marketplace's own credential is not theirs, but that of the OCI registry configured for their host is. */
function chartsOf({ name, url }: RegistryConfig, { client, configured }: FactoryDeps): ChartSource {
  const logins = new WeakMap<RegistryConfig, OciLogin>();
  const loginOf = (host: string) => {
    const found = configured().find((one) => one.kind === 'oci' && new URL(one.url).host === host);
    if (found && !logins.has(found)) logins.set(found, new OciLogin(found));
    return found && logins.get(found);
  };
  const credentialsFor = async (host: string) => {
    const login = loginOf(host);
    return login && (await login.credentials(host)).credentials;
  };
  const isConfigured = (host: string) => loginOf(host) !== undefined;
  return createChartSource({ client, registry: name, namedBy: url, isConfigured, credentialsFor });
}

function buildPlugin(config: RegistryConfig, deps: FactoryDeps): RegistryPlugin {
  const build = FACTORIES[config.kind];
  if (build) return build(config, deps);
  throw new ChandleryError('config_invalid', `Registry ${config.name}: nothing here speaks kind ${config.kind}`);
}

function buildGit(config: RegistryConfig, { git, configured }: FactoryDeps): RegistryPlugin {
  const registryOf = (repository: string, chart: string) => registryOfChart(configured(), repository, chart);
  if (git) return createGitRegistry(config, { git, registryOf });
  throw new ChandleryError('config_invalid', `Registry ${config.name}: kind git needs the git client`);
}

function buildChandlery(config: RegistryConfig, { client, onProblem }: RegistrySetDeps): RegistryPlugin {
  if (!config.url.startsWith('file:')) return createChandleryRegistry(config, client);
  const { name, type, url } = config;
  const report = onProblem && { onProblem: (problem: FolderProblem) => onProblem(name, problem) };
  return createFolderRegistry({ name, type, directories: [fileURLToPath(url)], ...report });
}

function notFound(name: string, known: string[], problems: readonly RegistryProblem[]): ChandleryError {
  const problem = problems.find(({ registry }) => registry === name);
  const why = problem ? `is configured but cannot be used: ${problem.message}` : 'is not configured';
  return new ChandleryError('registry_not_found', `Registry ${JSON.stringify(name.slice(0, 100))} ${why}`, {
    registry: name.slice(0, 100),
    alternatives: known,
  });
}
