import type { Store } from '../../domain/store.ts';
import { createAttemptStore } from './attempts.ts';
import { createBlobStore } from './blobs.ts';
import { createCatalogStore } from './catalog.ts';
import { createChangeFeed } from './changes.ts';
import { guarded, openDatabase } from './database.ts';
import { createDeploymentStore } from './deployments.ts';
import { createDocumentStore } from './documents.ts';
import { createEffectStore } from './effects.ts';
import { createFenceStore } from './fences.ts';
import { createInstallStore } from './installs.ts';
import { migrate } from './migrations.ts';
import { createAuditStore, createScanStore, createTokenStore } from './records.ts';

export interface StoreOptions {
  url: string;
  onIdleError(error: Error): void;
}

export interface PostgresStore extends Store {
  /** Brings the database to this build's form; safe to call from several servers at once. */
  migrate(): Promise<void>;
}

/** The store on PostgreSQL, embedded or external: one code path. */
export function createStore({ url, onIdleError }: StoreOptions): PostgresStore {
  const { db, pool } = openDatabase(url, onIdleError);
  const changes = createChangeFeed(url, pool);
  return {
    effects: createEffectStore(db, pool),
    fences: createFenceStore(pool),
    attempts: createAttemptStore(db),
    installs: createInstallStore(db),
    blobs: createBlobStore(db),
    scans: createScanStore(db),
    deployments: createDeploymentStore(db, pool),
    documents: createDocumentStore(pool),
    catalog: createCatalogStore(pool),
    tokens: createTokenStore(db),
    audit: createAuditStore(db),
    changes,
    migrate: () => guarded(() => migrate(db)),
    ping: () =>
      guarded(async () => {
        await pool.query('select 1');
      }),
    async close() {
      await changes.close();
      await db.destroy();
    },
  };
}
