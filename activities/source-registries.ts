import type { RegistrySet } from '../src/domain/registry.ts';
import { withSources } from '../src/domain/sources/for-user.ts';
import type { Identity } from '../src/domain/store.ts';
import { sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';

/** The registries as the requester has them: with the sources of namespaces that he may read. */
export function registriesFor(deps: ActivityDeps, requester: Identity | undefined): RegistrySet {
  const { registries, sources } = deps;
  if (!sources || !requester) return registries;
  return withSources(registries, { sources, session: () => sessionOf(deps, requester) });
}
