import { fileURLToPath } from 'node:url';
import type { ChartSource } from '../../domain/chart-source.ts';
import type { Checkout } from '../../domain/checkout.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistriesConfig, RegistryConfig, RegistryProblem } from '../../domain/registries-config.ts';
import type { RegistryKind, RegistryPlugin, RegistrySet } from '../../domain/registry.ts';
import type { GitClient } from '../git/client.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { createArkRegistry } from './ark.ts';
import { createChandleryRegistry } from './chandlery-http.ts';
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
  /** Told what a file:// registry cannot list. */
  onProblem?: (registry: string, problem: FolderProblem) => void;
}

export interface OpenRegistrySet extends RegistrySet {
  /** Ends what the plugins hold open besides the client's connections. */
  close(): Promise<void>;
}

/**
 * Builds one plugin per usable registry. A registry that is configured but not usable is not found, with the reason in words; when
 * it is the default one, bare names have no registry rather than another one. Fails with config_invalid for a name used twice.
 */
export function createRegistrySet(config: RegistriesConfig, deps: RegistrySetDeps): OpenRegistrySet {
  const configured = config.registries.map((registry) => buildPlugin(registry, { ...deps, configured: config.registries }));
  const all = deps.local ? [deps.local, ...configured] : configured;
  const byName = new Map(all.map((plugin) => [plugin.name, plugin]));
  if (byName.size !== all.length) {
    throw new ChandleryError('config_invalid', `Registry names must differ: ${all.map(({ name }) => name).join(', ')}`);
  }
  return {
    all,
    local: deps.local,
    async close() {
      await Promise.all(configured.map((plugin) => ('close' in plugin ? (plugin as ModuleRegistry).close() : undefined)));
    },
    default: config.defaultName === undefined ? deps.local : byName.get(config.defaultName),
    get(name) {
      const plugin = byName.get(name);
      if (plugin) return plugin;
      throw notFound(name, [...byName.keys()], config.problems);
    },
  };
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
  configured: readonly RegistryConfig[];
}

/** Charts may lie anywhere; the marketplace's own credential is not theirs, but that of the OCI registry configured for their host is. */
function chartsOf({ name, url }: RegistryConfig, { client, configured }: FactoryDeps): ChartSource {
  const logins = configured
    .filter(({ kind }) => kind === 'oci')
    .map((oci) => ({ host: new URL(oci.url).host, login: new OciLogin(oci) }));
  const credentialsFor = async (host: string) => {
    const found = logins.find((candidate) => candidate.host === host);
    return found && (await found.login.credentials(host)).credentials;
  };
  const isConfigured = (host: string) => logins.some((candidate) => candidate.host === host);
  return createChartSource({ client, registry: name, namedBy: url, isConfigured, credentialsFor });
}

function buildPlugin(config: RegistryConfig, deps: FactoryDeps): RegistryPlugin {
  const build = FACTORIES[config.kind];
  if (build) return build(config, deps);
  throw new ChandleryError('config_invalid', `Registry ${config.name}: nothing here speaks kind ${config.kind}`);
}

function buildGit(config: RegistryConfig, { git }: FactoryDeps): RegistryPlugin {
  if (git) return createGitRegistry(config, { git });
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
