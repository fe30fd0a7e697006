import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { DeploymentRecord, RevisionRecord } from '../../domain/deployment.ts';
import type { DeploymentKey } from '../../domain/deployment-store.ts';
import { valuesSecretName } from '../../domain/deployment-store.ts';
import type { Database } from './database.ts';
import type { Tables } from './schema.ts';

export type DeploymentRow = Selectable<Tables['deployments']>;
export type RevisionRow = Selectable<Tables['revisions']>;

/** The columns of a key, and only these: a target, which has a kind as well, may stand in for one. */
export function keyColumns({ cluster, namespace, name }: DeploymentKey) {
  return { cluster, namespace, name };
}

export function findDeployment(db: Database, key: DeploymentKey) {
  return db
    .selectFrom('deployments')
    .selectAll()
    .where((eb) => eb.and(keyColumns(key)));
}

export function findRevisions(db: Database, key: DeploymentKey) {
  return db
    .selectFrom('revisions')
    .selectAll()
    .where((eb) => eb.and(keyColumns(key)));
}

/** Deployments that an install of this name bears; a direct one stands on none. */
export async function runningTemplate(db: Database, cluster: string, namespace: string, template: string) {
  const rows = await db
    .selectFrom('deployments')
    .select(['name', 'template'])
    .where('cluster', '=', cluster)
    .where('namespace', '=', namespace)
    .where(sql<string>`template->>'name'`, '=', template)
    .where('origin', '!=', 'direct')
    .orderBy('name')
    .execute();
  return rows.map((row) => ({ name: row.name, version: row.template.version }));
}

export function toDeployment(row: DeploymentRow): DeploymentRecord {
  return {
    cluster: row.cluster,
    namespace: row.namespace,
    name: row.name,
    origin: row.origin,
    template: row.template,
    state: row.state,
    revision: row.revision,
    ...(row.owner !== null && { owner: row.owner }),
    dependencies: row.dependencies,
    requester: { user: row.requester_user, groups: row.requester_groups },
    operation: row.operation,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}

export function toRevision(row: RevisionRow): RevisionRecord {
  const values = { name: valuesSecretName(row.name, row.number), ...(row.values_uid !== null && { uid: row.values_uid }) };
  return {
    number: row.number,
    state: row.state,
    kind: row.kind,
    template: row.template,
    parameters: row.parameters,
    ...(row.has_values && { values }),
    rendered: row.rendered,
    plan: row.plan,
    inventory: row.inventory,
    ...(row.claims && { claims: row.claims }),
    ...(row.rollback_of !== null && { rollbackOf: row.rollback_of }),
    requester: row.requester_user,
    operation: row.operation,
    startedAt: row.started_at.toISOString(),
    ...(row.ended_at && { endedAt: row.ended_at.toISOString() }),
    summary: row.summary,
    ...(row.failure && { failure: row.failure }),
  };
}
