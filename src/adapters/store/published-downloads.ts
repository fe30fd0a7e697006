import { sql } from 'kysely';
import type pg from 'pg';
import type { StepContext } from '../../domain/effects.ts';
import { LOCAL_REGISTRY } from '../../domain/operation.ts';
import type { Database } from './database.ts';
import type { Tx } from './install-rows.ts';
import { bump } from './published-changes.ts';

/** Times that a version of this server's own templates was taken: over HTTP, or by an install on this server. */

export async function countDownload(db: Database, name: string, version: string): Promise<void> {
  await db
    .insertInto('template_downloads')
    .values({ name, version, count: 1 })
    .onConflict((conflict) =>
      conflict.columns(['name', 'version']).doUpdateSet({
        count: sql`template_downloads.count + 1`,
        last_at: new Date(),
      }),
    )
    .execute();
}

/**
 * $1 target, $2 fence, $3 root, $4 generation, $5 cluster, $6 namespace, $7 registry.
 *
 * What was counted is noted on the record of the install itself, in the same statement: whoever comes later, a second attempt, a worker
 * that was taken for dead, a replay that keeps the install, finds the note and counts nothing. The fence is held meanwhile, so that an
 * undo, which raises it first, either sees the note or has come first. Written without waiting for the disk, as a step's record is.
 */
const COUNT_INSTALL = {
  name: 'published-count-install',
  text: `
    with relaxed as (select set_config('synchronous_commit', 'off', true)),
    fence as (select fence from fences where target = $1 and fence = $2 for share),
    install as (
      select operation, generation, result from effects
      where root = $3 and step = 'install' and object = '-' and generation <= $4 and undone_at is null
      order by generation desc limit 1
    ),
    taken as (
      select held.name, held.version
      from install
        cross join jsonb_to_recordset(install.result -> 'installed') as item (name text, digest text, changed boolean)
        join installs held on held.cluster = $5 and held.namespace = $6 and held.name = item.name
      where item.changed and held.registry = $7 and held.digest = item.digest and held.operation = install.operation
    ),
    noted as (
      update effects
      set undo = jsonb_set(undo, '{counted}', (
        select jsonb_agg(jsonb_build_object('name', name, 'version', version) order by name collate "C", version collate "C") from taken))
      from install, fence, relaxed
      where root = $3 and step = 'install' and object = '-' and effects.generation = install.generation and undone_at is null
        and undo is not null and not undo ? 'counted' and exists (select from taken)
      returning 1
    )
    insert into template_downloads (name, version, count)
    select taken.name, taken.version, 1 from noted, taken order by taken.name collate "C", taken.version collate "C"
    on conflict (name, version) do update set count = template_downloads.count + 1, last_at = now()`,
};

/** See PublishedStore. */
export async function countInstall(
  pool: pg.Pool,
  { target, fence, root, generation }: StepContext,
  { cluster, namespace }: { cluster: string; namespace: string },
): Promise<void> {
  await pool.query({ ...COUNT_INSTALL, values: [target, fence, root, generation, cluster, namespace, LOCAL_REGISTRY] });
}

/** For the undo of an install, which holds the fence: it was no successful one. A change like any other: sums of downloads tell nothing of it. */
export async function uncountInstall(tx: Tx, counted: ReadonlyArray<{ name: string; version: string }>): Promise<void> {
  if (counted.length === 0) return;
  for (const { name, version } of counted)
    await tx
      .updateTable('template_downloads')
      .set({ count: sql`count - 1` })
      .where('name', '=', name)
      .where('version', '=', version)
      .execute();
  await bump(tx);
}
