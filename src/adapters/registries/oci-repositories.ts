import { ChandleryError } from '../../domain/errors.ts';
import { isTemplateName } from '../../domain/reference.ts';
import type { OciClient } from '../oci/client.ts';
import { isRepository, type OciPlace } from '../oci/names.ts';

/** Which repositories of a registry are looked at, and which template each may be. */

export interface Candidate {
  repository: string;
  name: string;
  isDeployer: boolean;
}

export interface Candidates {
  /** By template name. Of several repositories the first that holds a template is it. */
  byName: Map<string, Candidate[]>;
  /** Repositories that were named by hand and give no name a template can have. */
  unnamed: string[];
}

/** Templates that one registry may hold; the catalog is made for a few ten thousand of all registries together. */
const MAX_CANDIDATES = 50_000;
const DEPLOYER = /(^|\/)deployer$/;

export class Repositories {
  constructor(
    readonly client: OciClient,
    readonly place: OciPlace,
    /** Names below the path, from the configuration. */
    readonly configured: readonly string[] | undefined,
    readonly registry: string,
  ) {}

  /** All there are: the configured ones, else the registry's own list. Fails with registry_invalid where there is neither. */
  async all(signal?: AbortSignal): Promise<Candidates> {
    const repositories = this.configured ? this.#named(this.configured) : await this.#listed(signal);
    return sortOut(repositories);
  }

  /** Where a template of this name may be, without asking for the whole list. */
  guess(name: string): Candidate[] {
    if (this.configured) return sortOut(this.#named(this.configured)).byName.get(name) ?? [];
    const [base = name] = repositoriesBelow(this.place, [name]);
    return sortOut([base, `${base}/deployer`].filter(isRepository)).byName.get(name) ?? [];
  }

  #named(configured: readonly string[]): string[] {
    const repositories = repositoriesBelow(this.place, configured);
    const wrong = repositories.find((repository) => !isRepository(repository));
    if (wrong === undefined) return repositories;
    throw new ChandleryError(
      'config_invalid',
      `repositories: ${JSON.stringify(wrong)} is not the name of a repository (lower case)`,
      {
        registry: this.registry,
      },
    );
  }

  async #listed(signal: AbortSignal | undefined): Promise<string[]> {
    const { path } = this.place;
    const listed = (await this.#catalog(signal)) ?? [];
    const below = listed.filter((repository) => path === '' || repository.startsWith(`${path}/`)).filter(isRepository);
    if (below.length <= MAX_CANDIDATES) return below;
    throw new ChandleryError('too_large', `more than ${MAX_CANDIDATES} repositories; name a path in the URL`, {
      registry: this.registry,
    });
  }

  async #catalog(signal: AbortSignal | undefined): Promise<string[]> {
    const listed = await this.client.catalog(signal).catch(async (error: unknown) => {
      const isRefused = error instanceof ChandleryError && ['authentication', 'authorization'].includes(error.code);
      if (!isRefused) throw error;
      // Public registries take a credential and yet show nobody their list: that is not a wrong credential.
      await this.client.ping(signal);
      return undefined;
    });
    if (listed) return listed;
    throw new ChandleryError(
      'registry_invalid',
      `${this.place.host} does not list its repositories; name them in \`repositories\` of this registry`,
      { registry: this.registry },
    );
  }
}

/** Names as the configuration has them, as repositories of the whole registry. */
export function repositoriesBelow({ path }: Pick<OciPlace, 'path'>, names: readonly string[]): string[] {
  return names.map((name) => [path, name.replace(/^\/+|\/+$/g, '')].filter(Boolean).join('/'));
}

/** `acme/redis/deployer` is named by its prefix, everything else by its own last part. */
export function templateNameOf(repository: string): string {
  return repository.replace(DEPLOYER, '').split('/').at(-1) ?? '';
}

function sortOut(repositories: readonly string[]): Candidates {
  const byName = new Map<string, Candidate[]>();
  const unnamed: string[] = [];
  // The shorter path first, then by name: which of two namesakes is shown must not change with the registry's order.
  for (const repository of [...new Set(repositories)].sort((a, b) => depth(a) - depth(b) || (a < b ? -1 : 1))) {
    const name = templateNameOf(repository);
    if (!isTemplateName(name)) unnamed.push(repository);
    else byName.set(name, [...(byName.get(name) ?? []), { repository, name, isDeployer: DEPLOYER.test(repository) }]);
  }
  return { byName, unnamed };
}

function depth(repository: string): number {
  return repository.split('/').length;
}
