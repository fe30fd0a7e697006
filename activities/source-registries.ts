import { ChandleryError } from '../src/domain/errors.ts';
import type { RegistrySet } from '../src/domain/registry.ts';
import { withSources } from '../src/domain/sources/for-user.ts';
import type { Identity } from '../src/domain/store.ts';
import { sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';

/**
 * The registries as the requester has them: with the sources of namespaces that he may read. Steps that need no rights of his do not carry
 * him: to them a source has its name, kind and trust type, and whatever would read it fails with forbidden.
 */
export function registriesFor(deps: ActivityDeps, requester: Identity | undefined): RegistrySet {
  const { registries, sources } = deps;
  if (!sources) return registries;
  const session = () => {
    if (!requester)
      throw new ChandleryError('forbidden', 'a source is read with the rights of somebody, and this step acts for nobody');
    return sessionOf(deps, requester);
  };
  return withSources(registries, { sources, session });
}
