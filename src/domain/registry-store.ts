import type { RegistryCredentials } from './registry-credentials.ts';
import type { RegistryEntry } from './registry-entry.ts';

/** Registries that were added over the API, and how their credentials are kept from everybody but the servers. */

/** As it was given, without what is secret; every member is content, none is the path of a file. */
export type AddedEntry = Omit<RegistryEntry, 'credentials' | 'default' | 'module'>;

export interface NewRegistry {
  entry: AddedEntry;
  /** Answers bare names. At most one added registry does: a new one takes it over. */
  isDefault: boolean;
  credential?: { type: RegistryCredentials['type']; sealed: string };
  /** User that wrote it. */
  by: string;
}

export interface AddedRegistry extends NewRegistry {
  /** Names this very state of this registry: no two states of any registries have the same. */
  revision: string;
  /** RFC 3339 */
  createdAt: string;
  /** RFC 3339 */
  changedAt: string;
}

/** Port of the store. Fails with store_unavailable. Every change is told to all servers (registries.changed) as it is committed. */
export interface RegistryStore {
  /** In the order in which they were added; at most MAX_ADDED_REGISTRIES. */
  list(): Promise<AddedRegistry[]>;
  find(name: string): Promise<AddedRegistry | undefined>;
  /** Fails with registry_exists, and invalid_request when there are too many. */
  add(registry: NewRegistry): Promise<AddedRegistry>;
  /** Replaces exactly this state. Fails with registry_changed when it is another one by now, or gone. */
  change(revision: string, registry: NewRegistry): Promise<AddedRegistry>;
  /** Removes exactly this state. Fails with registry_changed. */
  remove(name: string, revision: string): Promise<void>;
}

/** As many as a file may list; each is a connection pool, a listing and a row on every server. */
export const MAX_ADDED_REGISTRIES = 1_000;

/** Keeps credentials readable for the servers of this installation only. */
export interface RegistrySecrets {
  /** `boundTo` has to be the same when it is opened. Fails with config_invalid where there is no key that every server has. */
  seal(text: string, boundTo: string): Promise<string>;
  /** Fails with config_invalid, in words for the list of registries. */
  unseal(sealed: string, boundTo: string): Promise<string>;
}
