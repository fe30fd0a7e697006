import type { Store } from '../../domain/store.ts';
import { createAttemptStore } from './attempts.ts';
import { createAuditLog, createAuditStore } from './audit.ts';
import { createBlobStore } from './blobs.ts';
import { createCatalogStore } from './catalog.ts';
import { createChangeFeed } from './changes.ts';
import { guarded, openDatabase } from './database.ts';
import { createDeploymentStore } from './deployments.ts';
import { createDocumentStore } from './documents.ts';
import { createEffectStore } from './effects.ts';
import { createFenceStore } from './fences.ts';
import { createHealthStore } from './health.ts';
import { createHeldDetailStore } from './held-details.ts';
import { createInstallFindingStore } from './install-findings.ts';
import { createInstallStore } from './installs.ts';
import { migrate } from './migrations.ts';
import { createPublishedStore } from './published.ts';
import { createScanStore } from './records.ts';
import { createRegistryStore } from './registries.ts';
import { createRequestKeyStore } from './request-keys.ts';
import { createSeenStore } from './seen.ts';
import { createTemplateMetricsStore } from './template-metrics.ts';
import { createTokenStore } from './tokens.ts';
import { createVulnerabilityStore } from './vulnerabilities.ts';

export interface StoreOptions {
  url: string;
  onIdleError(error: Error): void;
  /** A verdict older than this is not believed any more, ms; 7 days by default. */
  verdictMs?: number | undefined;
}

export interface PostgresStore extends Store {
  /** Brings the database to this build's form; safe to call from several servers at once. */
  migrate(): Promise<void>;
}

/** The store on PostgreSQL, embedded or external: one code path. */
export function createStore({ url, onIdleError, verdictMs }: StoreOptions): PostgresStore {
  const { db, pool } = openDatabase(url, onIdleError);
  const changes = createChangeFeed(url, pool);
  return {
    effects: createEffectStore(db, pool),
    fences: createFenceStore(pool),
    attempts: createAttemptStore(db),
    installs: createInstallStore(db),
    blobs: createBlobStore(db, pool),
    scans: createScanStore(db, verdictMs),
    deployments: createDeploymentStore(db, pool),
    documents: createDocumentStore(pool),
    catalog: createCatalogStore(pool),
    details: createHeldDetailStore(pool),
    health: createHealthStore(pool),
    templateMetrics: createTemplateMetricsStore(pool),
    registries: createRegistryStore(db),
    published: createPublishedStore(db, pool),
    tokens: createTokenStore(db),
    vulnerabilities: createVulnerabilityStore(pool),
    requestKeys: createRequestKeyStore(pool),
    audit: createAuditStore(db),
    seen: createSeenStore(pool),
    auditLog: createAuditLog(db),
    findings: createInstallFindingStore(db),
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
