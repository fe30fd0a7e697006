import { ChandleryError } from '../../domain/errors.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { GuardedClient } from '../http/guarded-client.ts';
import { createOciClient, type OciClient } from '../oci/client.ts';
import type { ImagePlace } from '../oci/image-reference.ts';
import { type OciPlace, parseOciUrl } from '../oci/names.ts';
import { OciLogin } from './oci-login.ts';

export interface ImageRegistriesOptions {
  client: GuardedClient;
  /** All registries of this moment. */
  configured: () => readonly RegistryConfig[];
}

/**
 * Clients for images that templates name: only on hosts of OCI registries that a person configured, with the credential of the one that the
 * repository lies in or, where it lies in none, of another on that host. Undefined for every other host, so that no template makes the server
 * call out. Fails with config_invalid for a credential file that cannot be used.
 */
export function createImageRegistries({ client, configured }: ImageRegistriesOptions) {
  const logins = new WeakMap<RegistryConfig, OciLogin>();
  const loginOf = (config: RegistryConfig): OciLogin => {
    const login = logins.get(config) ?? new OciLogin(config);
    logins.set(config, login);
    return login;
  };
  return async ({ host, repository }: Pick<ImagePlace, 'host' | 'repository'>): Promise<OciClient | undefined> => {
    const onHost = configured()
      .flatMap((config) => {
        const place = placeOf(config);
        return place?.host === host ? [{ config, place }] : [];
      })
      .sort((a, b) => lengthWithin(b.place, repository) - lengthWithin(a.place, repository));
    const [best] = onHost;
    if (!best) return undefined;
    const { credentials } = await loginOf(best.config).credentials(host);
    return createOciClient({ client, registry: best.config.name, origin: best.place.origin, credentials });
  };
}

/** Undefined for a URL that cannot be used, which is told where that registry is asked itself. */
function placeOf({ kind, url }: RegistryConfig): OciPlace | undefined {
  try {
    return kind === 'oci' ? parseOciUrl(url) : undefined;
  } catch (error) {
    if (error instanceof ChandleryError) return undefined;
    throw error;
  }
}

/** How much of the repository's path is the registry's; -1 where it lies elsewhere. */
function lengthWithin({ path }: OciPlace, repository: string): number {
  return path === '' || repository === path || repository.startsWith(`${path}/`) ? path.length : -1;
}
