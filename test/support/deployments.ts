import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { InventoryItem, TemplatePin } from '../../src/domain/deployment.ts';
import type { DeploymentKey, RevisionStart } from '../../src/domain/deployment-store.ts';
import type { StepContext } from '../../src/domain/effects.ts';
import { jsonDigest } from '../../src/domain/json-digest.ts';
import { LOCAL_CLUSTER } from '../../src/domain/operation.ts';
import type { StoreLab } from './stores.ts';
import { fenced, itemOf, materialise, operationOn } from './stores.ts';

export const deploymentKey = (namespace: string, name: string): DeploymentKey => ({ cluster: LOCAL_CLUSTER, namespace, name });

/** A new operation on a deployment that holds its fence, or a later generation of an earlier one. */
export function changing(
  lab: StoreLab,
  { namespace, name }: DeploymentKey,
  replayed?: { root: string; generation: number },
): Promise<StepContext> {
  return fenced(lab, operationOn(namespace, name, replayed, 'deployment'), 'apply');
}

export function pinOf(name: string, version = '1.0.0'): TemplatePin {
  return { registry: 'main', name, version, digest: jsonDigest({ name, version }) };
}

export function inventoryOf(namespace: string, names: string[]): InventoryItem[] {
  return names.map((name, at) => ({ ref: { apiVersion: 'v1', kind: 'ConfigMap', namespace, name }, wave: at, existed: false }));
}

export function startOf(kind: RevisionStart['kind'], template: TemplatePin, more: Partial<RevisionStart> = {}): RevisionStart {
  return {
    kind,
    origin: 'marketplace',
    template,
    parameters: {},
    hasValues: false,
    rendered: jsonDigest('rendered'),
    plan: jsonDigest('plan'),
    inventory: [],
    requester: { user: 'ann', groups: ['ops'] },
    summary: { create: 1, update: 0, unchanged: 0, delete: 0 },
    ...more,
  };
}

export async function installTemplate(lab: StoreLab, namespace: string, name: string, version = '1.0.0'): Promise<void> {
  await materialise(lab, await fenced(lab, operationOn(namespace, name), 'install'), [itemOf(name, version)]);
}

/** Begins and finishes one revision as an operation of its own; answers that operation's context. */
export async function changed(lab: StoreLab, key: DeploymentKey, start: RevisionStart): Promise<StepContext> {
  const context = await changing(lab, key);
  const { number } = await lab.store.deployments.begin(context, key, start);
  await finished(lab, context, key, number);
  return context;
}

export function finished(
  lab: StoreLab,
  context: StepContext,
  key: DeploymentKey,
  number: number,
  dependencies: RevisionStart['dependencies'] = [],
): Promise<unknown> {
  const record = { ...context, step: 'record' };
  return lab.store.deployments.finish(record, key, { inputDigest: 'in', number, dependencies, result: { revision: number } });
}

/** Long enough for a statement to reach a lock and wait there, milliseconds. */
const REACHES_THE_LOCK_MS = 200;
export const reachesTheLock = () => sleep(REACHES_THE_LOCK_MS);

/** Runs the body while somebody else's transaction holds what the statement locks; it is rolled back then. */
export async function whileHeld(lab: StoreLab, statement: string, values: unknown[], body: () => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: lab.url });
  await client.connect();
  await client.query('begin');
  await client.query(statement, values);
  try {
    await body();
    await client.query('rollback');
  } finally {
    await client.end();
  }
}

/** A first revision that begins meanwhile stops in the middle: it has the fence and the install, and waits for the deployment's name. */
export function whileNameIsHeld(
  lab: StoreLab,
  { cluster, namespace, name }: DeploymentKey,
  body: () => Promise<void>,
): Promise<void> {
  const columns =
    'cluster, namespace, name, origin, template, state, revision, dependencies, requester_user, requester_groups, operation';
  const row = `insert into deployments (${columns}) values ($1, $2, $3, '', '{}', '', 0, '[]', '', '[]', '')`;
  return whileHeld(lab, row, [cluster, namespace, name], body);
}
