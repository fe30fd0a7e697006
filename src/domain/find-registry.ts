import { ChandleryError } from './errors.ts';
import type { RegistryPlugin, RegistrySet } from './registry.ts';

/**
 * The registry of that name, one that was added a moment ago included: before a name is refused, the list is read once more. Fails with
 * registry_not_found, and store_unavailable when it cannot be read.
 */
export async function findRegistry(registries: Pick<RegistrySet, 'get' | 'reload'>, name: string): Promise<RegistryPlugin> {
  try {
    return registries.get(name);
  } catch (error) {
    if (!registries.reload || !(error instanceof ChandleryError && error.code === 'registry_not_found')) throw error;
    await registries.reload();
    return registries.get(name);
  }
}
