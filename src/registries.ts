import { mkdirSync } from 'node:fs';
import { createGuardedClient } from './adapters/http/guarded-client.ts';
import { createFolderRegistry } from './adapters/registries/folder.ts';
import { createRegistrySet } from './adapters/registries/registry-set.ts';
import type { Config } from './config.ts';
import type { RegistryPlugin, RegistrySet } from './domain/registry.ts';
import type { Logger } from './logger.ts';

/** Name under which a server's own templates are known to itself. */
const LOCAL_NAME = 'local';

export interface Registries {
  set: RegistrySet;
  /** What this server publishes: its own folder and the built-in templates. */
  local: RegistryPlugin;
  close(): Promise<void>;
}

/** The part of the composition that API and worker share. */
export function openRegistries(config: Config, log: Logger): Registries {
  // A folder that is not there yet is an empty one, not a problem to report.
  for (const dir of config.templateDirs.slice(0, 1)) mkdirSync(dir, { recursive: true });
  const client = createGuardedClient({ development: config.environment === 'development', allow: config.outboundAllow });
  const local = createFolderRegistry({
    name: LOCAL_NAME,
    type: 'private',
    directories: config.templateDirs,
    onProblem: (problem) => log.warn({ ...problem }, 'a template cannot be listed'),
  });
  for (const problem of config.registries.problems) log.warn({ ...problem }, 'a registry cannot be used');
  const set = createRegistrySet(config.registries, {
    client,
    local,
    onProblem: (registry, problem) => log.warn({ registry, ...problem }, 'a template cannot be listed'),
  });
  return { set, local, close: () => client.close() };
}
