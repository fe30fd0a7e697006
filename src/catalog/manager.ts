import { boundToOf, checkAddedEntry, isSameServer, openEntry, withoutSecrets } from '../domain/added-registry.ts';
import type { RegistryTest } from '../domain/catalog-views.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { RegistryConfig } from '../domain/registries-config.ts';
import type { RegistryEntry } from '../domain/registry-entry.ts';
import type { AddedRegistry, NewRegistry, RegistrySecrets, RegistryStore } from '../domain/registry-store.ts';

/** Adding, changing and removing registries while the server runs. */

/** Members that are left out stay; null takes one away. */
export type RegistryChange = {
  [Member in Exclude<keyof RegistryEntry, 'name' | 'kind' | 'module'>]?: RegistryEntry[Member] | null | undefined;
};

export interface RegistryManagerDeps {
  store: RegistryStore;
  secrets: RegistrySecrets;
  /** Names that the server's own configuration has, and the default registry where it marks one. */
  configured: { names: ReadonlySet<string>; markedDefault?: string | undefined };
  /** Calls a registry that is not there yet once. */
  probe(config: RegistryConfig): Promise<RegistryTest>;
  /** Brings this server up to what the store says. */
  reload(): Promise<void>;
}

export interface ChangeRequest {
  /** User that asks for it. */
  by: string;
  /** Only if the registry answers. */
  test: boolean;
  /** The state that is to be changed, where the requester has seen one. */
  revision?: string | undefined;
  /** Called when nothing stands in the way, before anything is written. */
  allowed(config: RegistryConfig): Promise<void>;
}

/**
 * Each fails with registry_from_file for what the server's configuration decides, with registry_changed when somebody was faster, and with
 * store_unavailable. No error holds a credential.
 */
export interface RegistryManager {
  /** Fails with invalid_request, registry_exists, registry_test_failed, and config_invalid where no credential can be kept. */
  add(entry: RegistryEntry, request: ChangeRequest): Promise<void>;
  /** Fails as `add`, and with registry_not_found. */
  change(name: string, change: RegistryChange, request: ChangeRequest): Promise<void>;
  /** What is installed from it stays. Fails with registry_not_found. */
  remove(name: string, request: Omit<ChangeRequest, 'test' | 'by' | 'allowed'> & { allowed(): Promise<void> }): Promise<void>;
}

export function createRegistryManager(deps: RegistryManagerDeps): RegistryManager {
  const { store, configured, reload } = deps;
  const refuseConfigured = (name: string) => {
    if (configured.names.has(name)) throw fromFile(`registry ${name} is in the server's own configuration`, name);
  };
  const seen = async (name: string, revision: string | undefined): Promise<AddedRegistry> => {
    refuseConfigured(name);
    const row = await store.find(name);
    if (!row) throw new ChandleryError('registry_not_found', `there is no registry ${JSON.stringify(name)}`, { registry: name });
    if (revision === undefined || revision === row.revision) return row;
    throw new ChandleryError('registry_changed', `registry ${name} is not what it was when it was read`, { registry: name });
  };
  return {
    async add(entry, request) {
      refuseConfigured(entry.name);
      // Said before anything is called; the store has the last word.
      if (await store.find(entry.name)) throw exists(entry.name);
      const registry = await prepare(deps, entry, request, entry.default);
      await store.add(registry);
      await reload();
    },
    async change(name, change, request) {
      const row = await seen(name, request.revision);
      const entry = await changed(deps, row, change);
      const registry = await prepare(deps, entry, request, entry.default && !row.isDefault);
      await store.change(row.revision, registry);
      await reload();
    },
    async remove(name, { revision, allowed }) {
      const row = await seen(name, revision);
      await allowed();
      await store.remove(name, row.revision);
      await reload();
    },
  };
}

/** Everything that can be said against an entry is said here; then it is sealed, ready to be written. */
async function prepare(
  { secrets, configured, probe }: RegistryManagerDeps,
  entry: RegistryEntry,
  { by, test, allowed }: ChangeRequest,
  becomesDefault: boolean,
): Promise<NewRegistry> {
  const config = checkAddedEntry(entry);
  const { markedDefault } = configured;
  if (becomesDefault && markedDefault !== undefined)
    throw fromFile(`the server's own configuration says that ${markedDefault} is the default registry`, markedDefault);
  const { credentials } = entry;
  const sealed = credentials && (await secrets.seal(JSON.stringify(credentials), boundToOf(config)));
  if (test) await mustPass(config, probe);
  await allowed(config);
  return {
    entry: withoutSecrets(entry),
    isDefault: entry.default,
    ...(credentials && sealed !== undefined && { credential: { type: credentials.type, sealed } }),
    by,
  };
}

async function mustPass(config: RegistryConfig, probe: RegistryManagerDeps['probe']): Promise<void> {
  const { ok, outcome, message } = await probe(config);
  if (ok) return;
  throw new ChandleryError('registry_test_failed', `Registry ${config.name}: ${message}`, {
    registry: config.name,
    issues: [{ path: 'test', message: outcome }],
  });
}

/** The entry as it will be. A credential that stays is not taken along to another server, which would get to read it. */
async function changed({ secrets }: RegistryManagerDeps, row: AddedRegistry, change: RegistryChange): Promise<RegistryEntry> {
  const { credentials, ...others } = change;
  const plain = { ...row.entry, default: row.isDefault };
  const next = merge(plain, others);
  if (credentials !== undefined) return merge(next, { credentials });
  if (!row.credential) return next;
  if (!isSameServer(checkAddedEntry(plain), checkAddedEntry(next))) {
    const message = 'must be given again, or be null: the one that is kept was given for another server';
    throw new ChandleryError('invalid_request', `body/credentials: ${message}`, {
      issues: [{ path: 'body/credentials', message }],
    });
  }
  return { ...next, credentials: (await openEntry(row, secrets)).credentials };
}

function merge(entry: RegistryEntry, change: RegistryChange): RegistryEntry {
  const given = Object.entries(change).filter(([, value]) => value !== undefined);
  const all = { ...entry, ...Object.fromEntries(given) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null)) as unknown as RegistryEntry;
}

function exists(name: string): ChandleryError {
  return new ChandleryError('registry_exists', `there is a registry ${name} already`, { registry: name });
}

function fromFile(message: string, registry: string): ChandleryError {
  return new ChandleryError('registry_from_file', message, { registry });
}
