import { setTimeout as sleep } from 'node:timers/promises';
import { createStore, type PostgresStore } from '../../src/adapters/store/index.ts';
import type { CatalogSource } from '../../src/domain/catalog.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import type { Lab } from '../../tools/lab/index.ts';
import { openLab } from '../../tools/lab/index.ts';
import type { Cleanup } from '../cleanup.ts';
import type { Corpus } from './corpus.ts';
import { createCorpus } from './corpus.ts';
import { memoryOf } from './memory.ts';
import type { ListingServer } from './registries.ts';
import { startListingServer } from './registries.ts';

const SEED = 1;
/** How long the processes have to become quiet before their memory is read, milliseconds. */
const SETTLE_MS = 3_000;
const POLL_MS = 200;
const LOADED_WITHIN_MS = 5 * 60_000;

export interface CatalogStage {
  lab: Lab;
  api: ApiClient;
  corpus: Corpus;
  servers: ListingServer[];
  /** The same store as the API's, for what is measured without HTTP. */
  store: PostgresStore;
  sources: CatalogSource[];
  entries: number;
  /** From the start of the API until everything could be found, milliseconds. */
  loadedMs: number;
  /** MB of API and PostgreSQL together: with empty registries, and now. */
  memoryBefore: number;
  memoryNow(): number;
}

/** A Chandlery with five registries of 10,000 templates: their memory is read while they are still empty, then they fill. */
export async function openCatalogStage(cleanup: Cleanup, log: (line: string) => void): Promise<CatalogStage> {
  const corpus = createCorpus(SEED);
  const servers = await Promise.all(corpus.listings.map(() => startListingServer([], cleanup)));
  const lab = await openLab({
    registries: servers.map(({ url }, at) => ({ name: `registry-${at + 1}`, url })),
    env: { CHANDLERY_LOG_LEVEL: 'warn' },
    log,
  });
  cleanup.add(() => lab.close());
  const { client: api, child } = await lab.startApi();
  const memoryNow = () => memoryOf(lab.dir, child.pid);
  await api.get('/api/v1/search?limit=1');
  await sleep(SETTLE_MS);
  const memoryBefore = memoryNow();
  const startedAt = performance.now();
  for (const [at, listing] of corpus.listings.entries()) {
    servers[at]?.serve(listing);
    await refresh(api, `registry-${at + 1}`);
  }
  await untilListed(api, startedAt + LOADED_WITHIN_MS);
  const loadedMs = performance.now() - startedAt;
  const store = createStore({ url: lab.engine.databaseUrl, onIdleError: () => undefined });
  cleanup.add(() => store.close());
  const states = (await store.catalog.states()).filter(({ registry }) => registry.startsWith('registry-'));
  const sources = states.map(({ registry, scope }) => ({ registry, scope }));
  const entries = states.reduce((sum, state) => sum + state.templates, 0);
  return { lab, api, corpus, servers, store, sources, entries, loadedMs, memoryBefore, memoryNow };
}

export async function refresh(api: ApiClient, registry: string): Promise<void> {
  const { status, body } = await api.call('POST', `/api/v1/registries/${registry}/refresh`);
  if (status >= 300) throw new Error(`the refresh of ${registry} was answered with ${status} ${JSON.stringify(body)}`);
}

async function untilListed(api: ApiClient, deadline: number): Promise<void> {
  for (;;) {
    const { body } = await api.get('/api/v1/search?limit=1&registry=registry-5');
    if (body.total > 0) return;
    if (performance.now() > deadline) throw new Error('the registries were not listed in time');
    await sleep(POLL_MS);
  }
}
