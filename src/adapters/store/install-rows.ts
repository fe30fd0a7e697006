import type { Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Tables } from './schema.ts';

export type Tx = Transaction<Tables>;
export type InstallRow = Selectable<Tables['installs']>;

/** What undo needs: the rows as they were; null where there was none. */
export interface InstallUndo {
  before: Array<{ name: string; row: InstallRow | null }>;
  /** What was counted of it, once it was (published-downloads.ts). */
  counted?: Array<{ name: string; version: string }>;
}

/** One writer a namespace at a time: dependencies are shared, and each operation locks only its own target. */
export async function lockNamespace(tx: Tx, cluster: string, namespace: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`namespace/${cluster}/${namespace}`}, 0))`.execute(tx);
}

/**
 * Before an install goes: waits for deployments that are just beginning on it, and keeps others from it. What is read afterwards sees
 * them. A beginning deployment holds the row for key share (deployment-changes.ts), which no change of the install but its end disturbs.
 */
export async function lockInstall(tx: Tx, at: { cluster: string; namespace: string; name: string }): Promise<void> {
  await tx
    .selectFrom('installs')
    .select('name')
    .where('cluster', '=', at.cluster)
    .where('namespace', '=', at.namespace)
    .where('name', '=', at.name)
    .forUpdate()
    .execute();
}

export function rowsOf(tx: Tx, cluster: string, namespace: string): Promise<InstallRow[]> {
  return tx.selectFrom('installs').selectAll().where('cluster', '=', cluster).where('namespace', '=', namespace).execute();
}
