import { sql } from 'kysely';
import type { ScanStore } from '../../domain/scan-store.ts';
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
    latest: (digest) =>
      guarded(async () => {
        const row = await db
          .selectFrom('scans')
          .select(['ruleset', 'verdict', 'created_at'])
          .where('digest', '=', digest)
          // One of them has only the structure of the archive.
          .orderBy(sql`verdict ? 'judgement'`, 'desc')
          .orderBy('created_at', 'desc')
          .limit(1)
          .executeTakeFirst();
        return row && { ruleset: row.ruleset, at: row.created_at.toISOString(), verdict: row.verdict };
      }),
  };
}
