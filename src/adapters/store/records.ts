import { sql } from 'kysely';
import type { AuditStore, ScanStore } from '../../domain/store.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';

/** Verdicts are made again after this long (DESIGN section 7, validation tier), ms. */
const VERDICT_MS = 7 * 24 * 60 * 60 * 1_000;

export function createScanStore(db: Database, verdictMs = VERDICT_MS): ScanStore {
  return {
    find: (digest, ruleset, { anyAge = false } = {}) =>
      guarded(async () => {
        const row = await db
          .selectFrom('scans')
          .select('verdict')
          .where('digest', '=', digest)
          .where('ruleset', '=', ruleset)
          .where(anyAge ? sql<boolean>`true` : sql<boolean>`created_at > now() - make_interval(secs => ${verdictMs / 1_000})`)
          .executeTakeFirst();
        return row?.verdict;
      }),
    save: (digest, ruleset, verdict) =>
      guarded(async () => {
        await db
          .insertInto('scans')
          .values({ digest, ruleset, verdict: JSON.stringify(verdict) })
          .onConflict((conflict) =>
            conflict.columns(['digest', 'ruleset']).doUpdateSet({ verdict: JSON.stringify(verdict), created_at: sql`now()` }),
          )
          .execute();
      }),
  };
}

export function createAuditStore(db: Database): AuditStore {
  return {
    append: (entry) =>
      guarded(async () => {
        await db
          .insertInto('audit')
          .values({
            actor: entry.actor,
            action: entry.action,
            object: entry.object,
            outcome: entry.outcome,
            code: entry.code ?? null,
            operation: entry.operation ?? null,
            detail: entry.detail ? JSON.stringify(entry.detail) : null,
          })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }),
  };
}
