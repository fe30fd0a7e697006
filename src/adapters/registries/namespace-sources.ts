import type { ChartSource } from '../../domain/chart-source.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { SourceRegistries } from '../../domain/sources/for-user.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { parseOciUrl } from '../oci/names.ts';
import { createArkRegistry } from './ark.ts';
import { createChartSource } from './oci-charts.ts';
import { OciLogin } from './oci-login.ts';

export interface NamespaceSourcesDeps {
  /** By the rules for sources: no loopback, also in development. */
  client: GuardedClient;
  /** The registries that administrators have configured, as they are now. */
  configured: () => readonly RegistryConfig[];
}

/** The sources of namespaces as registries: a `marketplace.json` that users name, and charts that it names. */
export function createNamespaceSources({ client, configured }: NamespaceSourcesDeps): SourceRegistries {
  const chartsOf = (registry: string, listedBy: string | undefined): ChartSource =>
    createChartSource({
      client: sharedPool(client, registry),
      registry,
      ...(listedBy && { namedBy: listedBy }),
      ...loginsOf(configured),
    });
  return {
    open(registry, url) {
      const config = { name: registry, kind: 'ark', type: 'community', url } as const;
      const { origin } = new URL(url);
      const listed = createArkRegistry(config, sharedPool(client, registry), chartsOf(registry, url), {
        // Known once the document was read, and lost with this process: a later step may run in another.
        originOf: (chart) => ({ chart, ...(client.isPublic(origin) && { listedBy: origin }) }),
      });
      return listed;
    },
    openArchive: (registry, { chart, listedBy }, version, range) => chartsOf(registry, listedBy).open(chart, version, range),
  };
}

/**
 * What users name gets no credential of ours, except for charts below a path that is configured: those they may install anyway. Its host
 * is one that an administrator lets us call.
 */
function loginsOf(configured: () => readonly RegistryConfig[]) {
  const logins = new WeakMap<RegistryConfig, OciLogin>();
  const registriesOn = (host: string) => configured().filter((one) => one.kind === 'oci' && parseOciUrl(one.url).host === host);
  return {
    isConfigured: (host: string) => registriesOn(host).length > 0,
    credentialsFor: async (host: string, path: string) => {
      const found = registriesOn(host).find((one) => offers(one, path));
      if (!found) return undefined;
      const login = logins.get(found) ?? new OciLogin(found);
      logins.set(found, login);
      return (await login.credentials(host)).credentials;
    },
  };
}

function offers({ url, repositories }: RegistryConfig, path: string): boolean {
  const base = parseOciUrl(url).path;
  const prefix = base === '' ? '' : `${base}/`;
  return repositories ? repositories.some((repository) => `${prefix}${repository}` === path) : path.startsWith(prefix);
}

/** Sources are as many as users want: they share the connections, and each is named in its errors all the same. */
function sharedPool(client: GuardedClient, registry: string): GuardedClient {
  return {
    ...client,
    async request({ registry: _own, ...request }) {
      try {
        return await client.request(request);
      } catch (error) {
        if (!(error instanceof ChandleryError)) throw error;
        throw new ChandleryError(error.code, error.message, { ...error.details, registry }, { cause: error });
      }
    },
  };
}
