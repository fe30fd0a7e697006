import type { Catalog } from './catalog/index.ts';
import { createRegistryManager, type RegistryManager } from './catalog/manager.ts';
import type { RegistryConfig } from './domain/registries-config.ts';
import type { Store } from './domain/store.ts';
import type { Registries } from './registries.ts';

/** From here on the catalog follows the registries that are added over the API, here or by another server. */
export async function manageRegistries(registries: Registries, catalog: Catalog, store: Store): Promise<RegistryManager> {
  let last: Promise<void> = Promise.resolve();
  // One after the other, so that the newest is what stays.
  const takeOver = () => {
    last = last.catch(() => undefined).then(async () => catalog.use(await registries.catalog(), registries.problems()));
    return last;
  };
  registries.onChange(takeOver);
  await registries.reload();
  // Also what was added between the first look at them and the line before.
  await takeOver();
  const { secrets, configured, reload } = registries;
  const probe = async (config: RegistryConfig) => {
    const { registry, close } = registries.probe(config);
    return await catalog.probe(registry).finally(close);
  };
  return createRegistryManager({ store: store.registries, secrets, configured, reload, probe });
}
