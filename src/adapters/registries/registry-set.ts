import { fileURLToPath } from 'node:url';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistriesConfig, RegistryConfig, RegistryProblem } from '../../domain/registries-config.ts';
import type { RegistryPlugin, RegistrySet } from '../../domain/registry.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { createChandleryRegistry } from './chandlery-http.ts';
import { createFolderRegistry } from './folder.ts';
import type { FolderProblem } from './folder-scan.ts';

export interface RegistrySetDeps {
  client: GuardedClient;
  /** This server's own templates; answers bare names when no registry is configured. */
  local?: RegistryPlugin;
  /** Told what a file:// registry cannot list. */
  onProblem?: (registry: string, problem: FolderProblem) => void;
}

/**
 * Builds one plugin per usable registry. A registry that is configured but not usable is not found, with the reason in words; when
 * it is the default one, bare names have no registry rather than another one. Fails with config_invalid for a name used twice.
 */
export function createRegistrySet(config: RegistriesConfig, deps: RegistrySetDeps): RegistrySet {
  const configured = config.registries.map((registry) => buildPlugin(registry, deps));
  const all = deps.local ? [deps.local, ...configured] : configured;
  const byName = new Map(all.map((plugin) => [plugin.name, plugin]));
  if (byName.size !== all.length) {
    throw new ChandleryError('config_invalid', `Registry names must differ: ${all.map(({ name }) => name).join(', ')}`);
  }
  return {
    all,
    local: deps.local,
    default: config.defaultName === undefined ? deps.local : byName.get(config.defaultName),
    get(name) {
      const plugin = byName.get(name);
      if (plugin) return plugin;
      throw notFound(name, [...byName.keys()], config.problems);
    },
  };
}

function buildPlugin(config: RegistryConfig, { client, onProblem }: RegistrySetDeps): RegistryPlugin {
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
