import { sql } from 'kysely';
import type { StepContext } from '../../domain/effects.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { jsonDigest } from '../../domain/json-digest.ts';
import type { InstallItem, InstallOutcome, InstallRecord, InstallStore } from '../../domain/store.ts';
import { fits } from '../../domain/versions.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';
import { checkFence, recordEffect, recordedOutcome } from './effect-transaction.ts';
import { removeInstall } from './install-remove.ts';
import type { InstallRow, InstallUndo, Tx } from './install-rows.ts';
import { lockNamespace, rowsOf } from './install-rows.ts';
import { undoEffect } from './install-undo.ts';

/** Not the decision: it is long, and of many installs nobody reads it. */
const LISTED = [
  ...(['cluster', 'namespace', 'name', 'registry', 'version', 'digest', 'content_hash', 'explicit', 'manifest'] as const),
  ...(['dependencies', 'trust', 'requester', 'operation', 'installed_at'] as const),
] as const;

type MaterialiseEntry = Parameters<InstallStore['materialise']>[1];

export function createInstallStore(db: Database): InstallStore {
  return {
    get: (cluster, namespace, name) =>
      guarded(async () => {
        const row = await db
          .selectFrom('installs')
          .selectAll()
          .where('cluster', '=', cluster)
          .where('namespace', '=', namespace)
          .where('name', '=', name)
          .executeTakeFirst();
        return row && toRecord(row);
      }),
    list: (cluster, namespace) =>
      guarded(async () => {
        const all = db.selectFrom('installs').select(LISTED).where('cluster', '=', cluster);
        const rows = await (namespace === undefined ? all : all.where('namespace', '=', namespace))
          .orderBy('namespace')
          .orderBy('name')
          .execute();
        return rows.map((row) => toRecord({ ...row, decision: null }));
      }),
    materialise: (context, entry) => guarded(() => db.transaction().execute((tx) => materialise(tx, context, entry))),
    remove: (context, entry) => guarded(() => db.transaction().execute((tx) => removeInstall(tx, context, entry))),
    undo: (context) => guarded(() => db.transaction().execute((tx) => undoEffect(tx, context))),
    dependents: (cluster, namespace, name) => guarded(() => dependentsOf(db, cluster, namespace, name)),
  };
}

async function materialise(tx: Tx, context: StepContext, entry: MaterialiseEntry): Promise<InstallOutcome> {
  await checkFence(tx, context);
  const recorded = await recordedOutcome<InstallOutcome>(tx, context);
  if (recorded) return recorded;
  await lockNamespace(tx, entry.cluster, entry.namespace);
  const current = new Map((await rowsOf(tx, entry.cluster, entry.namespace)).map((row) => [row.name, row]));
  checkOthersStillFit(entry.items, [...current.values()]);
  const undo: InstallUndo = { before: [] };
  const installed: InstallOutcome['installed'] = [];
  for (const item of entry.items) {
    const before = current.get(item.locked.name);
    const changed = entry.force || before?.digest !== item.locked.digest || before.registry !== item.locked.registry;
    const explicit = item.locked.name === entry.root || (before?.explicit ?? false);
    installed.push({
      name: item.locked.name,
      version: item.locked.version,
      digest: item.locked.digest,
      changed,
      ...(changed && before && { replaced: before.version }),
    });
    if (!changed && before?.explicit === explicit) continue;
    undo.before.push({ name: item.locked.name, row: before ?? null });
    await upsert(tx, context, entry, item, explicit);
  }
  const outcome: InstallOutcome = { changed: installed.some((item) => item.changed), installed };
  await recordEffect(tx, context, { inputDigest: entry.inputDigest, result: outcome, resultDigest: jsonDigest(outcome), undo });
  return outcome;
}

/** The lock was made before this transaction; what another operation installed since may not bear it. */
function checkOthersStillFit(items: InstallItem[], current: InstallRow[]): void {
  const chosen = new Map(items.map((item) => [item.locked.name, item.locked.version]));
  for (const row of current.filter((other) => !chosen.has(other.name))) {
    for (const { name, range } of row.dependencies) {
      const version = chosen.get(name);
      if (version === undefined || fits(version, range)) continue;
      throw new ChandleryError(
        'dependency_conflict',
        `${row.name} ${row.version} (installed) needs ${name} ${range}, which ${name} ${version} does not meet`,
        { template: name },
      );
    }
  }
}

async function upsert(
  tx: Tx,
  context: StepContext,
  entry: MaterialiseEntry,
  item: InstallItem,
  explicit: boolean,
): Promise<void> {
  const locked = new Set(item.locked.dependencies);
  const dependencies = (item.manifest.spec.dependencies ?? [])
    .filter(({ name }) => locked.has(name))
    .map(({ name, version }) => ({ name, range: version }));
  const values = {
    registry: item.locked.registry,
    version: item.locked.version,
    digest: item.locked.digest,
    content_hash: item.contentHash,
    explicit,
    manifest: JSON.stringify(item.manifest),
    dependencies: JSON.stringify(dependencies),
    trust: JSON.stringify(item.trust),
    decision: item.decision === undefined ? null : JSON.stringify(item.decision),
    requester: entry.requester,
    operation: context.operation,
  };
  await tx
    .insertInto('installs')
    .values({ cluster: entry.cluster, namespace: entry.namespace, name: item.locked.name, ...values })
    .onConflict((conflict) =>
      conflict.columns(['cluster', 'namespace', 'name']).doUpdateSet({ ...values, installed_at: new Date() }),
    )
    .execute();
}

async function dependentsOf(db: Database, cluster: string, namespace: string, name: string) {
  const rows = await db
    .selectFrom('installs')
    .select(['name', 'version', 'dependencies'])
    .where('cluster', '=', cluster)
    .where('namespace', '=', namespace)
    .where(sql<boolean>`dependencies @> ${JSON.stringify([{ name }])}::jsonb`)
    .orderBy('name')
    .execute();
  return rows.map((row) => ({
    name: row.name,
    version: row.version,
    range: row.dependencies.find((dependency) => dependency.name === name)?.range ?? '',
  }));
}

function toRecord(row: InstallRow): InstallRecord {
  return {
    cluster: row.cluster,
    namespace: row.namespace,
    name: row.name,
    registry: row.registry,
    version: row.version,
    digest: row.digest,
    contentHash: row.content_hash,
    explicit: row.explicit,
    manifest: row.manifest,
    dependencies: row.dependencies,
    trust: row.trust,
    requester: row.requester,
    operation: row.operation,
    installedAt: row.installed_at.toISOString(),
    ...(row.decision && { decision: row.decision }),
  };
}
