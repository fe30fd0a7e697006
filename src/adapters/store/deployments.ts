import { sql } from 'kysely';
import type pg from 'pg';
import type { DeploymentFilter, DeploymentKey, DeploymentStore } from '../../domain/deployment-store.ts';
import type { StepContext } from '../../domain/effects.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';
import { applied, begin, beginDestroy, finish, forget, settle } from './deployment-changes.ts';
import { findDeployment, findRevisions, runningTemplate, toDeployment, toRevision } from './deployment-rows.ts';
import { abandon, keep } from './deployment-undo.ts';
import { raiseFence } from './effect-transaction.ts';

/** Reads are here; what changes a deployment is in deployment-changes.ts, what takes a change back in deployment-undo.ts. */
export function createDeploymentStore(db: Database, pool: pg.Pool): DeploymentStore {
  const connected = { db, pool };
  return {
    get: (key) =>
      guarded(async () => {
        const row = await findDeployment(db, key).executeTakeFirst();
        return row && toDeployment(row);
      }),
    list: (filter) => guarded(async () => (await listed(db, filter).execute()).map(toDeployment)),
    revisions: (key) => guarded(async () => (await findRevisions(db, key).orderBy('number', 'desc').execute()).map(toRevision)),
    revision: (key, number) =>
      guarded(async () => {
        const row = await findRevisions(db, key).where('number', '=', number).executeTakeFirst();
        return row && toRevision(row);
      }),
    dependents: (key) => guarded(() => dependentsOf(db, key)),
    ofTemplate: (cluster, namespace, template) => guarded(() => runningTemplate(db, cluster, namespace, template)),
    begun: (context, key) => guarded(() => begunBy(db, context, key)),

    begin: (context, key, start) => guarded(() => begin(connected, context, key, start)),
    applied: (context, key, number, uids) => guarded(() => applied(connected, context, key, number, uids)),
    settle: (context, key, number, uids, entry) => guarded(() => settle(connected, context, key, number, uids, entry)),
    finish: (context, key, entry) => guarded(() => finish(connected, context, key, entry)),
    beginDestroy: (context, key) => guarded(() => beginDestroy(connected, context, key)),
    forget: (context, key, entry) => guarded(() => forget(connected, context, key, entry)),

    raiseFence: (context) => guarded(() => raiseFence(db, context)),
    abandon: (context, key, number, outcome) =>
      guarded(() => db.transaction().execute((tx) => abandon(tx, context, key, number, outcome))),
    keep: (context, key, number, inventory) =>
      guarded(() => db.transaction().execute((tx) => keep(tx, context, key, number, inventory))),
  };
}

function listed(db: Database, { cluster, namespace, template, limit, after }: DeploymentFilter) {
  let query = db.selectFrom('deployments').selectAll().where('cluster', '=', cluster);
  if (namespace !== undefined) query = query.where('namespace', '=', namespace);
  if (template !== undefined) query = query.where(sql<string>`template->>'name'`, '=', template);
  if (after !== undefined) {
    const cut = after.indexOf('/');
    query = query.where(sql<boolean>`(namespace, name) > (${after.slice(0, cut)}, ${after.slice(cut + 1)})`);
  }
  return query.orderBy('namespace').orderBy('name').limit(limit);
}

async function dependentsOf(db: Database, { cluster, namespace, name }: DeploymentKey) {
  const rows = await db
    .selectFrom('deployments')
    .select(['namespace', 'name', 'dependencies'])
    .where('cluster', '=', cluster)
    .where(sql<boolean>`dependencies @> ${JSON.stringify([{ namespace, name }])}::jsonb`)
    .orderBy('namespace')
    .orderBy('name')
    .execute();
  return rows.map((row) => ({
    namespace: row.namespace,
    name: row.name,
    owned: row.dependencies.some(
      (dependency) => dependency.namespace === namespace && dependency.name === name && dependency.owned,
    ),
  }));
}

async function begunBy(db: Database, { root, generation }: StepContext, key: DeploymentKey) {
  const { cluster, namespace, name } = key;
  const own = sql`select unnest(array[number, previous]) from revisions
    where cluster = ${cluster} and namespace = ${namespace} and name = ${name} and root = ${root} and generation = ${generation}`;
  const rows = await findRevisions(db, key).where(sql<boolean>`number in (${own})`).execute();
  const revision = rows.find((row) => row.root === root && row.generation === generation);
  if (!revision) return undefined;
  const previous = rows.find((row) => row.number === revision.previous);
  return { revision: toRevision(revision), ...(previous && { previous: toRevision(previous) }) };
}
