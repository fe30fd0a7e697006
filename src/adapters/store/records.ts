import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type { AuditStore, ScanStore, TokenStore } from '../../domain/store.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';

/** Verdicts are looked up again after this long (DESIGN section 7, validation tier). */
const VERDICT_DAYS = 7;
/** Tokens in one list: far more than people and machines of one installation have, and still one answer. */
const LISTED_TOKENS = 1_000;

export function createScanStore(db: Database): ScanStore {
  return {
    find: (digest, ruleset) =>
      guarded(async () => {
        const row = await db
          .selectFrom('scans')
          .select('verdict')
          .where('digest', '=', digest)
          .where('ruleset', '=', ruleset)
          .where('created_at', '>', sql<Date>`now() - make_interval(days => ${VERDICT_DAYS})`)
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

export function createTokenStore(db: Database): TokenStore {
  return {
    authenticate: (token) =>
      guarded(async () => {
        const row = await db
          .selectFrom('tokens')
          .select(['user_name', 'groups'])
          .where('hash', '=', hashToken(token))
          .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`now()`)]))
          .executeTakeFirst();
        return row && { user: row.user_name, groups: row.groups };
      }),
    add: (token, name, { user, groups }, expiresAt) =>
      guarded(async () => {
        const expires_at = expiresAt === undefined ? null : new Date(expiresAt);
        await db
          .insertInto('tokens')
          .values({ hash: hashToken(token), name, user_name: user, groups: JSON.stringify(groups), expires_at })
          // The same token again: of the admin's, whose identity is configured, what is configured now holds.
          .onConflict((conflict) => conflict.column('hash').doUpdateSet({ user_name: user, groups: JSON.stringify(groups) }))
          .execute();
      }),
    list: () =>
      guarded(async () => {
        const rows = await db
          .selectFrom('tokens')
          .select(['name', 'user_name', 'groups', 'created_at', 'expires_at'])
          .orderBy('created_at', 'desc')
          .orderBy('name')
          .limit(LISTED_TOKENS)
          .execute();
        return rows.map((row) => ({
          name: row.name,
          identity: { user: row.user_name, groups: row.groups },
          createdAt: row.created_at.toISOString(),
          ...(row.expires_at && { expiresAt: row.expires_at.toISOString() }),
        }));
      }),
    any: () => guarded(async () => (await db.selectFrom('tokens').select('name').limit(1).executeTakeFirst()) !== undefined),
  };
}

/** Looked up by hash, so no comparison of ours can leak how much of a token was right. */
function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
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
