import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGit, type GitClient } from '../../src/adapters/git/client.ts';
import type { AddressPolicyOptions } from '../../src/adapters/http/address-policy.ts';
import { createGuardedClient, type GuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createRegistrySet } from '../../src/adapters/registries/registry-set.ts';
import { parseRegistriesConfig } from '../../src/domain/registries-config.ts';
import type { RegistryPlugin } from '../../src/domain/registry.ts';
import type { Chain } from './tls/authority.ts';

/** Kinds that ask over http(s), each opened as a server opens it: from the text of a registries file. */
export const HTTP_KINDS = ['chandlery', 'helm', 'oci', 'helmdeck', 'ark'] as const;
export const REMOTE_KINDS = [...HTTP_KINDS, 'git'] as const;
export type RemoteKind = (typeof REMOTE_KINDS)[number];

/** What was asked of a server. */
interface Asked {
  path: string;
  authorization: string | undefined;
}

interface KindServer {
  url: string;
  asked: Asked[];
}

export interface OpenOptions {
  policy?: Partial<AddressPolicyOptions>;
  /** PEM and the path of its file. */
  ca?: { pem: string; file: string };
  /** More members of the entry. */
  entry?: Record<string, unknown>;
}

/** Servers, clients and mirrors of one test. */
export class KindLab {
  readonly dir = mkdtempSync(join(tmpdir(), 'chandlery-kinds-'));
  readonly #servers: Server[] = [];
  readonly #clients: Array<GuardedClient | GitClient> = [];

  async serve(handler: RequestListener, options: { host?: string; chain?: Chain } = {}): Promise<KindServer> {
    const { host = '127.0.0.1', chain } = options;
    const asked: Asked[] = [];
    const listener: RequestListener = (request, response) => {
      asked.push({ path: request.url ?? '', authorization: request.headers.authorization });
      handler(request, response);
    };
    const server = chain ? createTlsServer(chain, listener) : createServer(listener);
    server.on('tlsClientError', () => undefined);
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const { port } = server.address() as AddressInfo;
    return { url: chain ? `https://localhost:${port}` : `http://${host}:${port}`, asked };
  }

  open(kind: RemoteKind, url: string, { policy, ca, entry }: OpenOptions = {}): RegistryPlugin {
    const written = { name: 'r', type: 'community', kind, url, ...(ca && { ca: ca.file }), ...entry };
    const config = parseRegistriesConfig(JSON.stringify({ registries: [written] }), 'registries.yaml', {});
    const guard = { development: true, allow: [], ...policy };
    const client = createGuardedClient({ ...guard, ...(ca && { transportOf: () => ({ ca: ca.pem }) }) });
    const git = createGit({ cacheDir: this.dir, ...guard });
    this.#clients.push(client, git);
    return createRegistrySet(config, { client, git }).get(String(written.name));
  }

  /** Ends what was opened since the last time. */
  async clear(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((each) => each.close()));
    for (const server of this.#servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async close(): Promise<void> {
    await this.clear();
    rmSync(this.dir, { recursive: true, force: true });
  }
}
