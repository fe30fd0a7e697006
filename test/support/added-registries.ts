import { type RegistryServer, startRegistryServer } from '../../src/registry.ts';
import { type ApiServer, ApiServers } from './api-servers.ts';
import { createRegistryFolder, type RegistryFolder } from './registry-folder.ts';

/** Real API servers, and a real registry with a credential that can be added to them. */

export const REGISTRIES = '/api/v1/registries';
export const UPSTREAM_TOKEN = 'upstream-token-0123456789';
/** How long something may take that nobody is told of, milliseconds. */
const PATIENCE_MS = 10_000;

export class AddedRegistriesLab {
  readonly servers = new ApiServers();
  #folder: RegistryFolder | undefined;
  #upstream: RegistryServer | undefined;

  /** Address of the registry. */
  get url(): string {
    return this.#upstream?.url ?? '';
  }

  async open(): Promise<void> {
    await this.servers.open();
    this.#folder = await createRegistryFolder([
      { name: 'brig', version: '7.0.0' },
      { name: 'sloop', version: '1.0.0' },
    ]);
    const templatesDir = this.#folder.dir;
    this.#upstream = await startRegistryServer({ port: 0, host: '127.0.0.1', name: 'up', templatesDir, token: UPSTREAM_TOKEN });
  }

  async close(): Promise<void> {
    await this.servers.close();
    await this.#upstream?.close();
    await this.#folder?.remove();
  }

  entry(more: Record<string, unknown> = {}): Record<string, unknown> {
    const credentials = { type: 'token', token: UPSTREAM_TOKEN };
    return { name: 'extra', type: 'community', url: this.url, credentials, ...more };
  }

  /** POST /registries */
  add(server: ApiServer, more?: Record<string, unknown>, query = '') {
    return server.admin.call('POST', `${REGISTRIES}${query}`, this.entry(more));
  }

  async names(server: ApiServer): Promise<string[]> {
    return (await server.admin.get(REGISTRIES)).body.registries.map(({ name }: { name: string }) => name);
  }

  /** `registry/name` of what a search finds. */
  async found(server: ApiServer, query = ''): Promise<string[]> {
    const { body } = await server.admin.get(`/api/v1/search?sort=name${query}`);
    return body.templates.map(({ name, registry }: { name: string; registry: string }) => `${registry}/${name}`);
  }
}

export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !(await holds()); ) {
    if (Date.now() > deadline) throw new Error('it did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
