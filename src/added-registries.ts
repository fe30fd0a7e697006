import { LRUCache } from 'lru-cache';
import { buildAdded, openEntry } from './domain/added-registry.ts';
import { ChandleryError } from './domain/errors.ts';
import { defaultOf, type RegistriesConfig, type RegistryConfig, type RegistryProblem } from './domain/registries-config.ts';
import { type AddedRegistry, MAX_ADDED_REGISTRIES, type RegistrySecrets } from './domain/registry-store.ts';

/** Registries that were added over the API, ready to be used. */
export interface UsableAdded extends Omit<RegistriesConfig, 'registries'> {
  registries: Array<{ config: RegistryConfig; revision: string }>;
}

/**
 * Reads the rows into registries that can be used; one that cannot is a problem in words, and the others work. A row is read once for
 * each of its revisions. `isTaken`: names that the server's own configuration has, which win.
 */
export function createAddedReader(secrets: RegistrySecrets, isTaken: (name: string) => boolean) {
  const read = new LRUCache<string, RegistryConfig>({ max: MAX_ADDED_REGISTRIES });
  const configOf = async (row: AddedRegistry): Promise<RegistryConfig> => {
    const known = read.get(row.revision);
    if (known) return known;
    const config = buildAdded(await openEntry(row, secrets));
    read.set(row.revision, config);
    return config;
  };
  return async (rows: readonly AddedRegistry[]): Promise<UsableAdded> => {
    const registries: UsableAdded['registries'] = [];
    const problems: RegistryProblem[] = [];
    const own = rows.filter(({ entry }) => !isTaken(entry.name));
    for (const row of own) {
      const { revision, entry } = row;
      try {
        registries.push({ config: await configOf(row), revision });
      } catch (error) {
        if (!(error instanceof ChandleryError)) throw error;
        problems.push({ registry: entry.name, message: error.message, revision });
      }
    }
    return { registries, problems, ...defaultOf(own.map(({ entry, isDefault }) => ({ ...entry, default: isDefault }))) };
  };
}
