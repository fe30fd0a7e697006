import { type Selectable, sql, type Transaction } from 'kysely';
import pg from 'pg';
import { ChandleryError } from '../../domain/errors.ts';
import type { AddedRegistry, NewRegistry, RegistryStore } from '../../domain/registry-store.ts';
import { MAX_ADDED_REGISTRIES } from '../../domain/registry-store.ts';
import { notification } from './changes.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';
import type { RegistriesTable } from './registries-schema.ts';
import type { Tables } from './schema.ts';

const UNIQUE_VIOLATION = '23505';
type Row = Selectable<RegistriesTable>;

/** Registries in PostgreSQL. Each change and the word of it to the other servers are one transaction. */
export function createRegistryStore(db: Database): RegistryStore {
  const changed = (name: string, change: (transaction: Transaction<Tables>) => Promise<Row | undefined>) =>
    guarded(() =>
      db.transaction().execute(async (transaction) => {
        const row = await change(transaction).catch((error: unknown) => Promise.reject(explain(error, name)));
        if (!row) throw raced(name);
        const { values } = notification({ type: 'registries.changed', name });
        await sql`select pg_notify(${values[0]}, ${values[1]})`.execute(transaction);
        return toRegistry(row);
      }),
    );
  return {
    list: () =>
      guarded(async () => {
        const rows = await db
          .selectFrom('registries')
          .selectAll()
          .orderBy('created_at')
          .orderBy('name')
          .limit(MAX_ADDED_REGISTRIES)
          .execute();
        return rows.map(toRegistry);
      }),
    find: (name) =>
      guarded(async () => {
        const row = await db.selectFrom('registries').selectAll().where('name', '=', name).executeTakeFirst();
        return row && toRegistry(row);
      }),
    add: (registry) =>
      changed(registry.entry.name, async (transaction) => {
        await refuseTooMany(transaction);
        if (registry.isDefault) await takeDefault(transaction, registry.entry.name);
        const values = { name: registry.entry.name, ...columnsOf(registry) };
        return await transaction.insertInto('registries').values(values).returningAll().executeTakeFirst();
      }),
    change: (revision, registry) =>
      changed(registry.entry.name, async (transaction) => {
        if (registry.isDefault) await takeDefault(transaction, registry.entry.name);
        return await transaction
          .updateTable('registries')
          .set({ ...columnsOf(registry), ...renewed() })
          .where('name', '=', registry.entry.name)
          .where('revision', '=', revision)
          .returningAll()
          .executeTakeFirst();
      }),
    remove: async (name, revision) => {
      await changed(name, (transaction) =>
        transaction
          .deleteFrom('registries')
          .where('name', '=', name)
          .where('revision', '=', revision)
          .returningAll()
          .executeTakeFirst(),
      );
    },
  };
}

function columnsOf({ entry, isDefault, credential, by }: NewRegistry) {
  return {
    entry: JSON.stringify(entry),
    is_default: isDefault,
    credential: credential?.type ?? null,
    sealed: credential?.sealed ?? null,
    changed_by: by,
  };
}

function renewed() {
  return { revision: sql<never>`nextval('registry_revisions')`, changed_at: sql<Date>`now()` };
}

/** Whoever had it is another registry now, for whoever is about to change it. */
async function takeDefault(transaction: Transaction<Tables>, name: string): Promise<void> {
  await transaction
    .updateTable('registries')
    .set({ is_default: false, ...renewed() })
    .where('is_default', '=', true)
    .where('name', '!=', name)
    .execute();
}

async function refuseTooMany(transaction: Transaction<Tables>): Promise<void> {
  const { count } = await transaction
    .selectFrom('registries')
    .select((eb) => eb.fn.countAll<string>().as('count'))
    .executeTakeFirstOrThrow();
  if (Number(count) >= MAX_ADDED_REGISTRIES)
    throw new ChandleryError('invalid_request', `there are ${count} registries already, which is the most; remove one first`);
}

function explain(error: unknown, name: string): unknown {
  if (!(error instanceof pg.DatabaseError) || error.code !== UNIQUE_VIOLATION) return error;
  // Two that became the default at the same moment: the second has not seen what the first did.
  if (error.constraint === 'registries_default') return raced(name);
  return new ChandleryError('registry_exists', `there is a registry ${name} already`, { registry: name });
}

function raced(name: string): ChandleryError {
  return new ChandleryError('registry_changed', `registry ${name} was changed or removed in the meantime`, { registry: name });
}

function toRegistry(row: Row): AddedRegistry {
  return {
    entry: row.entry,
    isDefault: row.is_default,
    ...(row.credential !== null && row.sealed !== null && { credential: { type: row.credential, sealed: row.sealed } }),
    by: row.changed_by,
    revision: row.revision,
    createdAt: row.created_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
  };
}
