import { join } from 'node:path';
import { createStore, type PostgresStore } from '../src/adapters/store/index.ts';
import { startEngine } from '../src/embedded/engine.ts';
import type { Cleanup } from './cleanup.ts';

/** A store of its own on the embedded PostgreSQL, in this folder. */
export async function openStore(dir: string, cleanup: Cleanup): Promise<PostgresStore> {
  // An address that nothing calls: only the store is needed.
  const engine = await startEngine({
    dataDir: join(dir, 'data'),
    cacheDir: dir,
    env: process.env,
    temporalAddress: '127.0.0.1:1',
    log: () => undefined,
  });
  cleanup.add(() => engine.stop());
  const store = createStore({ url: engine.databaseUrl, onIdleError: () => undefined });
  cleanup.add(() => store.close());
  await store.migrate();
  return store;
}
