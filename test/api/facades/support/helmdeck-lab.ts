import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GuardedClient } from '../../../../src/adapters/http/guarded-client.ts';
import { createMetrics } from '../../../../src/adapters/metrics/prometheus.ts';
import { createHelmdeckCatalog } from '../../../../src/adapters/registries/helmdeck-catalog.ts';
import type { PostgresStore } from '../../../../src/adapters/store/index.ts';
import { type AppDeps, createApp } from '../../../../src/api/app.ts';
import { openApiDocument } from '../../../../src/api/openapi.ts';
import type { HelmdeckCatalog } from '../../../../src/domain/helmdeck.ts';
import { ApiClient } from '../../../../tools/lab/api-client.ts';
import { CheckedClient } from '../../../support/openapi-check.ts';

/** The token the store knows. */
export const TOKEN = 'a-token';

export interface FaceOptions {
  store: PostgresStore;
  client: GuardedClient;
  source: string;
  disabled?: boolean;
  timeoutMs?: number;
  /** Collects what is to be closed. */
  open: Array<{ server: Server; packs: HelmdeckCatalog }>;
}

/** The API over a pack catalog. */
export async function openFace({ store, client, open, ...options }: FaceOptions) {
  const failures: Error[] = [];
  const packs = createHelmdeckCatalog({
    source: options.source,
    disabled: options.disabled ?? false,
    client,
    onFailure: (error) => failures.push(error),
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  });
  const log = () => undefined;
  const deps = {
    store,
    packs,
    metrics: createMetrics(),
    checks: {},
    registryRead: 'token',
    local: { name: 'local' },
    stopping: new AbortController().signal,
  };
  const server = createApp({ ...deps, log: { info: log, warn: log, error: log } } as unknown as AppDeps).listen(0, '127.0.0.1');
  open.push({ server, packs });
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
