import { createHash } from 'node:crypto';
import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import { EVERYWHERE } from '../../domain/access.ts';
import type { TokenGrant, TokenRecord, TokenStore } from '../../domain/store.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';
import type { Tables } from './schema.ts';

/** Tokens in one list: far more than people and machines of one installation have, and still one answer. */
const LISTED_TOKENS = 1_000;
/** The last use is written down at most this often, milliseconds: a busy token must not cost a write with every request. */
const USE_NOTED_EVERY_MS = 60_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function createTokenStore(db: Database): TokenStore {
  const one = async (id: string) => {
    const row = UUID.test(id) && (await db.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst());
    return row ? toRecord(row) : undefined;
  };
  return {
    authenticate: (token) =>
      guarded(async () => {
        const row = await db
          .selectFrom('tokens')
          .selectAll()
          .where('hash', '=', hashToken(token))
          .where('revoked_at', 'is', null)
          .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', sql<Date>`now()`)]))
          .executeTakeFirst();
        if (row && Date.now() - (row.last_used_at?.getTime() ?? 0) > USE_NOTED_EVERY_MS) await noteUse(db, row.id);
        return row && toRecord(row);
      }),
    add: (token, name, identity, grant = {}) =>
      guarded(async () => {
        const rights = rightsOf(identity, grant);
        const row = await db
          .insertInto('tokens')
          .values({ hash: hashToken(token), name, created_by: grant.createdBy ?? null, ...endOf(grant), ...rights })
          // The same token again: of the admin's, whose identity is configured, what is configured now holds.
          .onConflict((conflict) => conflict.column('hash').doUpdateSet(rights))
          .returningAll()
          .executeTakeFirstOrThrow();
        return toRecord(row);
      }),
    list: () =>
      guarded(async () => {
        const query = db.selectFrom('tokens').selectAll().orderBy('created_at', 'desc').orderBy('name').limit(LISTED_TOKENS);
        return (await query.execute()).map(toRecord);
      }),
    get: (id) => guarded(() => one(id)),
    revoke: (id) =>
      guarded(async () => {
        if (!UUID.test(id)) return undefined;
        await db
          .updateTable('tokens')
          .set({ revoked_at: sql`now()` })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .execute();
        return one(id);
      }),
    any: () => guarded(async () => (await db.selectFrom('tokens').select('name').limit(1).executeTakeFirst()) !== undefined),
  };
}

/** Who may use it does not depend on this, so a request does not fail for it. */
async function noteUse(db: Database, id: string): Promise<void> {
  await db
    .updateTable('tokens')
    .set({ last_used_at: sql`now()` })
    .where('id', '=', id)
    .execute()
    .catch(() => undefined);
}

function rightsOf({ user, groups }: TokenRecord['identity'], { roles, scopes }: TokenGrant) {
  return {
    user_name: user,
    groups: JSON.stringify(groups),
    roles: JSON.stringify(roles ?? [{ role: 'viewer', namespace: EVERYWHERE }]),
    scopes: scopes === undefined ? null : JSON.stringify(scopes),
  };
}

function endOf({ expiresAt }: TokenGrant) {
  return { expires_at: expiresAt === undefined ? null : new Date(expiresAt) };
}

function toRecord(row: Selectable<Tables['tokens']>): TokenRecord {
  const { id, name, user_name: user, groups, roles, scopes, created_by: createdBy } = row;
  return {
    id,
    name,
    identity: { user, groups },
    roles,
    ...(scopes !== null && { scopes }),
    createdAt: row.created_at.toISOString(),
    ...(createdBy !== null && { createdBy }),
    ...(row.expires_at && { expiresAt: row.expires_at.toISOString() }),
    ...(row.revoked_at && { revokedAt: row.revoked_at.toISOString() }),
    ...(row.last_used_at && { lastUsedAt: row.last_used_at.toISOString() }),
  };
}

/** Looked up by hash, so no comparison of ours can leak how much of a token was right. */
function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
