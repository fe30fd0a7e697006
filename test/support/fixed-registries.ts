import type { RegistryManager } from '../../src/catalog/manager.ts';
import { ChandleryError } from '../../src/domain/errors.ts';

/** For servers of tests whose registries are what they are. */
export function fixedRegistries(): RegistryManager {
  const refuse = async () => {
    throw new ChandleryError('registry_from_file', 'the registries of this test are fixed');
  };
  return { add: refuse, change: refuse, remove: refuse };
}
