import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe } from '@jest/globals';
import pg from 'pg';
import { createStore, type PostgresStore } from '../../src/adapters/store/index.ts';
import type { StepContext } from '../../src/domain/effects.ts';
import { jsonDigest } from '../../src/domain/json-digest.ts';
import { LOCAL_CLUSTER, operationId, type Target, type TargetKind, targetId } from '../../src/domain/operation.ts';
import type { InstallItem } from '../../src/domain/store.ts';
import { parseTemplate } from '../../src/domain/template-parse.ts';
import { postgres15, startEmbedded, type TestServer } from './postgres.ts';
import { manifestText } from './registry-folder.ts';

export interface StoreLab {
  url: string;
  store: PostgresStore;
  db: pg.Client;
}

/** Describes the store once per PostgreSQL that there is. */
export function describeStores(what: string, body: (lab: StoreLab) => void): void {
  const servers: Array<[string, () => Promise<TestServer>]> = [['the embedded PostgreSQL', startEmbedded]];
  const old = postgres15();
  if (old) servers.push(['PostgreSQL 15', old]);
  describe.each(servers)(`${what} on %s`, (_name, start) => {
    const lab = {} as StoreLab;
    let server: TestServer | undefined;
    beforeAll(async () => {
      server = await start();
      lab.url = server.url;
      lab.store = createStore({ url: server.url, onIdleError: () => undefined });
      await lab.store.migrate();
      lab.db = new pg.Client({ connectionString: server.url });
      await lab.db.connect();
    }, 60_000);
    afterAll(async () => {
      await lab.db?.end();
      await lab.store?.close();
      await server?.close();
    }, 60_000);
    body(lab);
  });
}

let clock = Date.now();

/** An operation on a target, as the steps of a workflow see it. Each one started later than the one before. */
export interface TestOperation {
  id: string;
  target: Target;
  root: string;
  startedAt: number;
  context(step: string, more?: Partial<StepContext>): StepContext;
}

export function operationOn(
  namespace: string,
  name: string,
  replayed?: { root: string; generation: number },
  kind: TargetKind = 'install',
): TestOperation {
  const target: Target = { kind, cluster: LOCAL_CLUSTER, namespace, name };
  const run = randomUUID();
  clock += 1;
  const startedAt = clock;
  const id = operationId(target, run);
  const { root = run, generation = 0 } = replayed ?? {};
  return {
    id,
    target,
    root,
    startedAt,
    context: (step, more = {}) => ({
      ...{ operation: id, target: targetId(target), fence: 0, root, generation, step, startedAt, maxAttempts: 3 },
      ...more,
    }),
  };
}

/** Takes the target's fence and answers the context of a step that holds it. */
export async function fenced(lab: StoreLab, operation: TestOperation, step: string): Promise<StepContext> {
  const fence = await lab.store.fences.take(targetId(operation.target), operation.id, operation.startedAt);
  return operation.context(step, { fence });
}

/** A template as scan hands it to the install step. */
export function itemOf(name: string, version: string, dependencies: Array<{ name: string; version: string }> = []): InstallItem {
  return {
    locked: {
      registry: 'main',
      name,
      version,
      digest: jsonDigest({ name, version }),
      size: 1,
      dependencies: dependencies.map((dependency) => dependency.name).sort(),
      requiredBy: [],
    },
    contentHash: 'e'.repeat(64),
    manifest: parseTemplate(manifestText({ name, version, dependencies })),
    trust: { verified: false, note: 'unsigned' },
  };
}

/** Installs the items, the last of which is what was asked for. */
export function materialise(lab: StoreLab, context: StepContext, items: InstallItem[], force = false) {
  const [, cluster = '', namespace = ''] = context.target.split('/');
  const root = items.at(-1)?.locked.name ?? '';
  const inputDigest = jsonDigest({ root, items, force });
  return lab.store.installs.materialise(context, { inputDigest, cluster, namespace, root, items, requester: 'ann', force });
}

/** `name version` of everything in the namespace. */
export async function installedIn(lab: StoreLab, namespace: string): Promise<string[]> {
  return (await lab.store.installs.list(LOCAL_CLUSTER, namespace)).map(({ name, version }) => `${name} ${version}`);
}
