import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { AuditFilter, AuditLog, AuditQuery, AuditRecord } from '../../domain/audit.ts';
import { namespaceOfObject } from '../../domain/audit.ts';
import type { AuditStore } from '../../domain/store.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';
import type { Tables } from './schema.ts';

/** Key of the advisory lock of the audit log: the word "audit" as a number, which nobody else uses. */
const AUDIT_LOCK = 418_581_342_580;
/** An append takes a few milliseconds. Whoever waits longer for one behind which new ones queue must let them pass, milliseconds. */
const SETTLE_TIMEOUT_MS = 1_000;

/**
 * Migration 011. Ids are given out before their entries can be seen, so a reader could pass one by: appends hold a shared lock from
 * before their id until they are seen, and `settled` waits for those that hold it. Entries from before have no namespace.
 */
export const AUDIT_MIGRATION = `
    alter table audit add column namespace text;
    create index audit_at on audit (at, id);
    create index audit_actor on audit (actor, id);
    create index audit_action on audit (action, id);
    create index audit_object on audit (object collate "C", id);
    create index audit_namespace on audit (namespace, id) where namespace is not null;
    create index audit_code on audit (code, id) where code is not null;
    create index audit_denied on audit (id) where outcome = 'denied';
    create function audit_in_order() returns trigger language plpgsql as $$ begin
      perform pg_advisory_xact_lock_shared(${AUDIT_LOCK});
      return null;
    end $$;
    create trigger audit_in_order before insert on audit for each statement execute function audit_in_order();
`;

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
            namespace: entry.namespace ?? namespaceOfObject(entry.object) ?? null,
            detail: entry.detail ? JSON.stringify(entry.detail) : null,
          })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }),
  };
}

export function createAuditLog(db: Database): AuditLog {
  return {
    read: (query) => guarded(async () => (await select(db, query).execute()).map(toRecord)),
    settled: () =>
      guarded(() =>
        db.transaction().execute(async (tx) => {
          await sql`set local lock_timeout = ${sql.lit(SETTLE_TIMEOUT_MS)}`.execute(tx);
          await sql`select pg_advisory_xact_lock(${sql.lit(AUDIT_LOCK)})`.execute(tx);
          // A statement of its own: it must see what was written while the lock was waited for.
          const row = await tx
            .selectFrom('audit')
            .select(({ fn }) => fn.max('id').as('id'))
            .executeTakeFirst();
          return Number(row?.id ?? 0);
        }),
      ),
  };
}

function select(db: Database, { filter, order, above, upTo, limit }: AuditQuery) {
  let query = db
    .selectFrom('audit')
    .selectAll()
    .orderBy('id', order === 'newest' ? 'desc' : 'asc')
    .limit(limit);
  if (above !== undefined) query = query.where('id', '>', String(above));
  if (upTo !== undefined) query = query.where('id', '<=', String(upTo));
  for (const member of EXACT) {
    const wanted = filter[member];
    if (wanted !== undefined) query = query.where(member, '=', wanted);
  }
  const { object, from, to } = filter;
  // Not `like`: an object may hold its wildcards. The last character that there is ends the range of everything with the prefix.
  if (object !== undefined)
    query = query
      .where(sql<boolean>`object collate "C" >= ${object}`)
      .where(sql<boolean>`object collate "C" < ${`${object}\u{10ffff}`}`);
  if (from !== undefined) query = query.where('at', '>=', new Date(from));
  return to === undefined ? query : query.where('at', '<', new Date(to));
}

const EXACT = ['actor', 'action', 'outcome', 'code', 'operation', 'namespace'] as const satisfies Array<keyof AuditFilter>;

function toRecord({ id, at, code, operation, namespace, detail, ...row }: Selectable<Tables['audit']>): AuditRecord {
  return {
    id: Number(id),
    at: at.toISOString(),
    ...row,
    outcome: row.outcome === 'denied' ? 'denied' : 'allowed',
    ...(code !== null && { code }),
    ...(operation !== null && { operation }),
    ...(namespace !== null && { namespace }),
    ...(detail !== null && { detail }),
  };
}
