import type { Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Tables } from './schema.ts';

export type Tx = Transaction<Tables>;
export type InstallRow = Selectable<Tables['installs']>;

/** What undo needs: the rows as they were; null where there was none. */
export interface InstallUndo {
  before: Array<{ name: string; row: InstallRow | null }>;
}

/** One writer a namespace at a time: dependencies are shared, and each operation locks only its own target. */
export async function lockNamespace(tx: Tx, cluster: string, namespace: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`namespace/${cluster}/${namespace}`}, 0))`.execute(tx);
}

export function rowsOf(tx: Tx, cluster: string, namespace: string): Promise<InstallRow[]> {
  return tx.selectFrom('installs').selectAll().where('cluster', '=', cluster).where('namespace', '=', namespace).execute();
}
