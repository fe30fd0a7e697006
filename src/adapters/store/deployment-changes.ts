import { sql } from 'kysely';
import type { DeploymentRecord, InventoryItem, RevisionRecord } from '../../domain/deployment.ts';
import type { DeploymentKey, DeploymentStore, RevisionStart } from '../../domain/deployment-store.ts';
import type { StepContext } from '../../domain/effects.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { jsonDigest } from '../../domain/json-digest.ts';
import type { Connected, Database } from './database.ts';
import { findDeployment, findRevisions, keyColumns, toDeployment, toRevision } from './deployment-rows.ts';
import { APPLIED, BEGIN, FINISH, FORGET, SETTLE } from './deployment-statements.ts';
import { checkFence, effectOf } from './effect-transaction.ts';
import { fencedOff } from './fences.ts';

type Begun = { number: number; previous: number; inventory: InventoryItem[] };
type Uids = Parameters<DeploymentStore['applied']>[3];
type FinishEntry = Parameters<DeploymentStore['finish']>[2];
type ForgetEntry = Parameters<DeploymentStore['forget']>[2];

/** Writes the revision down as pending; answers the one that stands where an earlier attempt did. */
export async function begin(
  { db, pool }: Connected,
  context: StepContext,
  key: DeploymentKey,
  start: RevisionStart,
): Promise<Begun> {
  const { rows } = await pool.query<Begun>({ ...BEGIN, values: beginValues(context, key, start) });
  return rows[0] ?? (await begunBefore(db, context, key)) ?? (await refuseBegin(db, key, start));
}

function beginValues(context: StepContext, key: DeploymentKey, start: RevisionStart): unknown[] {
  return [
    ...writerValues(context, key),
    start.kind,
    start.origin,
    JSON.stringify(start.template),
    JSON.stringify(start.parameters),
    start.hasValues,
    start.rendered,
    start.plan,
    JSON.stringify(start.inventory),
    start.dependencies && JSON.stringify(start.dependencies),
    start.rollbackOf,
    start.requester.user,
    JSON.stringify(start.requester.groups),
    context.operation,
    JSON.stringify(start.summary),
    start.owner,
    start.claims && JSON.stringify(start.claims),
  ];
}

/** The first seven values of every statement. */
function writerValues(context: StepContext, { cluster, namespace, name }: DeploymentKey): unknown[] {
  return [context.target, context.fence, cluster, namespace, name, context.root, context.generation];
}

async function begunBefore(db: Database, context: StepContext, key: DeploymentKey): Promise<Begun | undefined> {
  await checkFence(db, context);
  const row = await findRevisions(db, key)
    .where('root', '=', context.root)
    .where('generation', '=', context.generation)
    .executeTakeFirst();
  return row && { number: row.number, previous: row.previous, inventory: row.inventory };
}

async function refuseBegin(db: Database, key: DeploymentKey, { kind, origin, template }: RevisionStart): Promise<never> {
  const at = { cluster: key.cluster, namespace: key.namespace };
  const deployment = await findDeployment(db, key).executeTakeFirst();
  const revision = deployment?.revision ?? 0;
  if (kind === 'deploy' && revision > 0)
    throw new ChandleryError(
      'deployment_exists',
      `deployment ${key.name} exists in namespace ${key.namespace}, at revision ${revision}`,
      {
        ...(deployment && { operation: deployment.operation }),
      },
    );
  if (kind !== 'deploy' && revision === 0) throw missing(key);
  const install = await db
    .selectFrom('installs')
    .select('name')
    .where((eb) => eb.and({ ...at, name: template.name }))
    .executeTakeFirst();
  if (origin === 'marketplace' && !install)
    throw new ChandleryError('install_not_found', `${template.name} is no longer installed in namespace ${key.namespace}`, {
      template: template.name,
    });
  throw new ChandleryError('store_unavailable', `the revision of deployment ${key.name} met another change; it is begun again`);
}

export function missing({ namespace, name }: DeploymentKey): ChandleryError {
  return new ChandleryError('deployment_not_found', `there is no deployment ${name} in namespace ${namespace}`);
}

/** Remembers uids. For a revision that has ended meanwhile it does nothing: whoever ended it knew better. */
export async function applied(
  { db, pool }: Connected,
  context: StepContext,
  key: DeploymentKey,
  number: number,
  uids: Uids,
): Promise<void> {
  const values = [...writerValues(context, key), ...uidValues(number, uids)];
  const { rowCount } = await pool.query({ ...APPLIED, values });
  if (rowCount === 0) await checkFence(db, context);
}

function uidValues(number: number, { objects, values }: Uids): unknown[] {
  return [number, JSON.stringify(Object.fromEntries(objects.map(({ index, uid }) => [index, uid]))), values];
}

/** The last uids with the effect record. False when there is no pending revision of ours, or the record is there already. */
export async function settle(
  { pool }: Connected,
  context: StepContext,
  key: DeploymentKey,
  number: number,
  uids: Uids,
  entry: ForgetEntry,
): Promise<boolean> {
  const values = [...effectValues(context, key, entry), ...uidValues(number, uids)];
  const { rowCount } = await pool.query({ ...SETTLE, values });
  return rowCount === 1;
}

/** The pending revision becomes the current one, with the effect record. */
export async function finish(
  { db, pool }: Connected,
  context: StepContext,
  key: DeploymentKey,
  entry: FinishEntry,
): Promise<unknown> {
  const values = [...effectValues(context, key, entry), entry.number, JSON.stringify(entry.dependencies)];
  const { rows } = await pool.query<{ result: unknown }>({ ...FINISH, values });
  if (rows[0]) return rows[0].result;
  const recorded = await recordedBefore(db, context);
  if (recorded) return recorded.result;
  throw new ChandleryError(
    'revision_not_found',
    `deployment ${key.name} has no pending revision ${entry.number} of ${context.operation}`,
  );
}

/** Forgets the deployment with its revisions, with the effect record. */
export async function forget(
  { db, pool }: Connected,
  context: StepContext,
  key: DeploymentKey,
  entry: ForgetEntry,
): Promise<unknown> {
  const { rows } = await pool.query<{ result: unknown }>({ ...FORGET, values: effectValues(context, key, entry) });
  return (rows[0] ?? (await recordedBefore(db, context)))?.result;
}

function effectValues(context: StepContext, key: DeploymentKey, { inputDigest, result }: ForgetEntry): unknown[] {
  const digest = jsonDigest(result);
  return [...writerValues(context, key), context.operation, context.step, inputDigest, JSON.stringify(result ?? null), digest];
}

/** What an earlier attempt of this very effect recorded, while it stands. */
async function recordedBefore(db: Database, context: StepContext): Promise<{ result: unknown } | undefined> {
  await checkFence(db, context);
  const row = await effectOf(db, context);
  if (row?.undone_at) throw fencedOff(context);
  return row;
}

/** Marks the deployment as being destroyed; answers it with its revisions, newest first. */
export async function beginDestroy(
  { db }: Connected,
  context: StepContext,
  key: DeploymentKey,
): Promise<{ deployment: DeploymentRecord; revisions: RevisionRecord[] }> {
  const row = await db
    .updateTable('deployments')
    .set({ state: 'destroying', operation: context.operation, updated_at: sql`now()` })
    .where((eb) => eb.and(keyColumns(key)))
    .where(sql<boolean>`exists (select from fences where target = ${context.target} and fence = ${context.fence} for share)`)
    .returningAll()
    .executeTakeFirst();
  if (!row) {
    await checkFence(db, context);
    throw missing(key);
  }
  const revisions = await findRevisions(db, key).orderBy('number', 'desc').execute();
  return { deployment: toDeployment(row), revisions: revisions.map(toRevision) };
}
