import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createGuardedClient } from '../../src/adapters/http/guarded-client.ts';
import { createMetrics } from '../../src/adapters/metrics/prometheus.ts';
import { createHelmdeckCatalog } from '../../src/adapters/registries/helmdeck-catalog.ts';
import { createStore, type PostgresStore } from '../../src/adapters/store/index.ts';
import { type AppDeps, createApp } from '../../src/api/app.ts';
import { openApiDocument } from '../../src/api/openapi.ts';
import { ApiClient } from '../../tools/lab/api-client.ts';
import { CheckedClient } from './openapi-check.ts';
import { serveTexts, type TextServer } from './pack-catalog.ts';
import { startEmbedded, type TestServer } from './postgres.ts';

/** The token the store knows. */
export const TOKEN = 'a-token';

export interface FaceOptions {
  /** Where the catalog is; the lab's upstream when left out. */
  source?: string;
  disabled?: boolean;
  timeoutMs?: number;
  /** Whether http and private addresses may be called, as on a developer's machine. */
  development?: boolean;
}

export type Face = ReturnType<typeof faceOf>;

/** The API over pack catalogs, on a real store; each test with an upstream of its own. */
export class HelmdeckLab {
  readonly #closing: Array<() => Promise<unknown> | unknown> = [];
  #postgres: TestServer | undefined;
  #store: PostgresStore | undefined;
  #upstream: TextServer | undefined;

  /** What the catalog of this test is fetched from. */
  get upstream(): TextServer {
    if (!this.#upstream) throw new Error('begin() first');
    return this.#upstream;
  }

  async open(): Promise<void> {
    this.#postgres = await startEmbedded();
    this.#store = createStore({ url: this.#postgres.url, onIdleError: () => undefined });
    await this.#store.migrate();
    await this.#store.tokens.add(TOKEN, 'someone', { user: 'someone', groups: [] });
  }

  async begin(texts: TextServer['texts']): Promise<void> {
    this.#upstream = await serveTexts(texts);
  }

  async end(): Promise<void> {
    for (const close of this.#closing.splice(0)) await close();
    await this.#upstream?.close();
  }

  async close(): Promise<void> {
    await this.#store?.close();
    await this.#postgres?.close();
  }

  /** A server of its own over one catalog. */
  async face({ source = this.upstream.url, development = true, disabled = false, timeoutMs }: FaceOptions = {}): Promise<Face> {
    const failures: Error[] = [];
    const client = createGuardedClient({ development, allow: [] });
    const packs = createHelmdeckCatalog({
      ...{ source, disabled, client, onFailure: (error: Error) => failures.push(error) },
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const log = () => undefined;
    const deps = {
      store: this.#store,
      packs,
      metrics: createMetrics(),
      checks: {},
      registryRead: 'token',
      local: { name: 'local' },
      stopping: new AbortController().signal,
      log: { info: log, warn: log, error: log },
    } as unknown as AppDeps;
    const server = createApp(deps).listen(0, '127.0.0.1');
    this.#closing.push(
      () => packs.close(),
      () => server.close(),
      () => client.close(),
    );
    await once(server, 'listening');
    return faceOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, failures);
  }
}

function faceOf(url: string, failures: Error[]) {
  const checked = new CheckedClient(new ApiClient(url, TOKEN), JSON.parse(JSON.stringify(openApiDocument())));
  return {
    url,
    failures,
    checked,
    catalog: () => checked.get('/api/v1/marketplace/catalog'),
    refresh: () => checked.call('POST', '/api/v1/marketplace/refresh'),
    pack: (name: string) => checked.get(`/api/v1/marketplace/packs/${name}`),
    /** Waits for the refresh of the start. */
    async ready() {
      for (;;) {
        const answer = await this.catalog();
        if (answer.status === 200 || failures.length > 0) return answer;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
  };
}
