import { lookupBareName } from '../domain/bare-name.ts';
import { ChandleryError } from '../domain/errors.ts';
import { findRegistry } from '../domain/find-registry.ts';
import { LOCAL_CLUSTER } from '../domain/operation.ts';
import type { TemplateReference } from '../domain/reference.ts';
import type { RegistrySet, VersionEntry } from '../domain/registry.ts';
import { versionNotFound } from '../domain/registry-versions.ts';
import { fittingEntries } from '../domain/resolver/catalog.ts';
import type { InstallStore } from '../domain/store.ts';
import type { TemplateManifest } from '../domain/template.ts';
import { fits } from '../domain/versions.ts';

/** A registry that has not answered by then is reported as such, milliseconds. */
const REGISTRY_DEADLINE_MS = 5_000;

export interface TemplateSource {
  registries: RegistrySet;
  installs: InstallStore;
}

/** The one version a request means, with what its manifest says. */
export interface ChosenTemplate {
  registry: string;
  name: string;
  version: string;
  manifest: TemplateManifest;
}

/**
 * Chooses as the operation will (DESIGN section 6): what is installed in the namespace, then this server's own templates, then the
 * default registry; highest version that fits. Fails with template_not_found, version_not_found, registry_not_found or as registries do.
 */
export async function chooseTemplate(
  { registries, installs }: TemplateSource,
  namespace: string,
  { registry, name, range }: TemplateReference,
): Promise<ChosenTemplate> {
  const installed = await installs.get(LOCAL_CLUSTER, namespace, name);
  const same = installed !== undefined && (registry === undefined || registry === installed.registry);
  if (same && fits(installed.version, range)) {
    const { version, manifest } = installed;
    return { registry: installed.registry, name, version, manifest };
  }
  const signal = AbortSignal.timeout(REGISTRY_DEADLINE_MS);
  try {
    const found = await versionsOf(registries, registry ?? installed?.registry, name, range, signal);
    const version = choose(found, name, range);
    const { manifest } = await (await findRegistry(registries, found.registry)).getTemplate(name, version, signal);
    return { registry: found.registry, name, version, manifest };
  } catch (error) {
    throw signal.aborted && !(error instanceof ChandleryError) ? tooSlow(name, error) : error;
  }
}

async function versionsOf(
  registries: RegistrySet,
  named: string | undefined,
  name: string,
  range: string | undefined,
  signal: AbortSignal,
): Promise<{ registry: string; versions: VersionEntry[] }> {
  if (named === undefined) return await lookupBareName(registries, name, range, signal);
  const registry = await findRegistry(registries, named);
  return { registry: registry.name, versions: await registry.listVersions(name, signal, range) };
}

function choose(
  { registry, versions }: { registry: string; versions: VersionEntry[] },
  name: string,
  range: string | undefined,
): string {
  const [version] = fittingEntries(versions, range);
  if (version !== undefined) return version;
  const known = versions.map((entry) => entry.version);
  throw versionNotFound(registry, name, range ?? 'latest', known);
}

function tooSlow(name: string, cause: unknown): ChandleryError {
  const message = `no registry answered for ${name} within ${REGISTRY_DEADLINE_MS / 1_000} s`;
  return new ChandleryError('registry_unavailable', message, { template: name }, { cause });
}
