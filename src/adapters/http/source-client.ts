import { createGuardedClient, type GuardedClient, type GuardedClientOptions } from './guarded-client.ts';

/**
 * The client for addresses that users name: the sources of namespaces and what they lead to. Unlike the registries' it lets no loopback
 * through in development, and one address of a name that may not be called blocks the name.
 */
export function createSourceClient(options: Omit<GuardedClientOptions, 'development' | 'strict' | 'transportOf'>): GuardedClient {
  return createGuardedClient({ ...options, development: false, strict: true });
}
