import type { ClusterSession } from '../cluster.ts';
import { ChandleryError } from '../errors.ts';
import type { ArchiveOrigin } from '../lock.ts';
import type { ArchiveRange, ArchiveStream, RegistryPlugin, RegistrySet } from '../registry.ts';
import { requireSource, sourcesRef } from './config-map.ts';
import { sourceUrlProblem } from './source.ts';
import { isSourceRegistry, splitSourceRegistry } from './source-registry.ts';

/** Port: what namespace sources offer, as registries. Fails as registries do. */
export interface SourceRegistries {
  /** The items behind the url, under the name of the source's registry. Versions say where their archive lies. Nothing is asked yet. */
  open(registry: string, url: string): RegistryPlugin;
  /** The archive that a lock names, whatever has become of the source since. */
  openArchive(registry: string, origin: ArchiveOrigin, version: string, range?: ArchiveRange): Promise<ArchiveStream>;
}

export interface SourceAccess {
  sources: SourceRegistries;
  /** The cluster as the user whose rights decide. Fails with cluster_unavailable where there is none. */
  session(): ClusterSession;
}

/**
 * The registries as one user has them: `source:<namespace>/<source>` is one too, of the trust type community. Its ConfigMap is read as the
 * user, once, when its plugin is first used; that fails with forbidden, source_not_found, source_invalid and as clusters do.
 */
export function withSources(registries: RegistrySet, access: SourceAccess): RegistrySet {
  const opened = new Map<string, RegistryPlugin>();
  const { reload } = registries;
  return {
    get all() {
      return registries.all;
    },
    get default() {
      return registries.default;
    },
    local: registries.local,
    ...(reload && { reload }),
    get(name) {
      if (!isSourceRegistry(name)) return registries.get(name);
      const plugin = opened.get(name) ?? sourcePlugin(name, access);
      opened.set(name, plugin);
      return plugin;
    },
  };
}

function sourcePlugin(name: string, access: SourceAccess): RegistryPlugin {
  let opening: Promise<RegistryPlugin> | undefined;
  const opened = (signal: AbortSignal | undefined) => {
    opening ??= open(name, access, signal);
    return opening;
  };
  return {
    name,
    kind: 'ark',
    type: 'community',
    connect: async (signal) => (await opened(signal)).connect(signal),
    search: async (filter, signal) => (await opened(signal)).search(filter, signal),
    list: async (options) => (await opened(options?.signal)).list(options),
    getTemplate: async (template, version, signal) => (await opened(signal)).getTemplate(template, version, signal),
    listVersions: async (template, signal, range) => (await opened(signal)).listVersions(template, signal, range),
    openArchive: async (template, version, range) => (await opened(range?.signal)).openArchive(template, version, range),
  };
}

async function open(name: string, { sources, session }: SourceAccess, signal: AbortSignal | undefined): Promise<RegistryPlugin> {
  const { namespace, source } = splitSourceRegistry(name);
  const configMap = await session().get(sourcesRef(namespace), signal && { signal });
  const { url } = requireSource(configMap, namespace, source);
  // Somebody may have written anything into the ConfigMap.
  const problem = sourceUrlProblem(url);
  if (problem !== undefined)
    throw new ChandleryError('source_invalid', `the url of source "${source}" of namespace ${namespace} ${problem}`);
  return sources.open(name, url);
}
