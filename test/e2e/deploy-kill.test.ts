import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { KubeObject } from '../../src/domain/cluster.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import type { Child } from '../../tools/lab/child.ts';
import { collectionPath } from '../../tools/local-cluster/api.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { SMALL, SMALL_OBJECTS, smallTemplates } from '../support/small-template.ts';

const KILLABLE = 'test/support/processes/killable-worker.js';
const STEPS = ['resolve', 'render', 'plan', 'apply', 'wait-ready', 'record'];
const OBJECTS = SMALL_OBJECTS.map((object) => `apply.${object}`);
/** A killed worker's step is back within this long of a new worker, milliseconds. */
const BACK_WITHIN_MS = 60_000;
const TEST_TIMEOUT_MS = 400_000;

const LANES = [
  { moment: 'before', kills: [...STEPS, ...OBJECTS] },
  { moment: 'between', kills: STEPS },
  { moment: 'after', kills: [...STEPS, ...OBJECTS] },
];

describeCluster('a worker killed with SIGKILL', () => {
  let deploy: DeployLab;

  beforeAll(async () => {
    deploy = await openDeployLab({ templates: smallTemplates() });
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => deploy?.close(), 60_000);

  /** An API and workers of their own, so that lanes do not meet each other's deaths. */
  async function openLane(lane: string) {
    const queue = { CHANDLERY_TASK_QUEUE: `lane-${lane}` };
    const { client } = await deploy.lab.startApi({ env: queue });
    const dirOf = (moment: string) => join(deploy.lab.dir, `killed-${lane}-${moment}`);
    const start = async (moment: string, kills: string[]) => {
      await mkdir(dirOf(moment), { recursive: true });
      const env = { ...queue, KILL_MOMENT: moment, KILL_DIR: dirOf(moment), KILL_STEPS: kills.join(',') };
      return deploy.startWorker({ script: KILLABLE, env });
    };
    return { client, dirOf, start };
  }

  async function expectKilled(worker: Child, client: ApiClient, id: string): Promise<void> {
    const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), BACK_WITHIN_MS).unref());
    const exit = await Promise.race([worker.exited, late]);
    if (exit === 'late')
      throw new Error(`nothing to die at came within ${BACK_WITHIN_MS} ms: ${JSON.stringify(await client.operation(id))}`);
    expect(exit.signal).toBe('SIGKILL');
  }

  async function started(client: ApiClient, body: Record<string, unknown>): Promise<string> {
    return (await client.call('POST', '/api/v1/deployments', { ref: `${SMALL}@1.0.0`, ...body })).body.operation;
  }

  async function list(apiVersion: string, plural: string, namespace: string): Promise<KubeObject[]> {
    const { items } = (await deploy.cluster.api.expect('GET', collectionPath(apiVersion, plural, namespace))) as {
      items: KubeObject[];
    };
    return items;
  }

  async function secret(namespace: string, name: string): Promise<Record<string, string>> {
    const found = await deploy.cluster.api.expect('GET', `${collectionPath('v1', 'secrets', namespace)}/${name}`);
    return (found as { data: Record<string, string> }).data;
  }

  it.concurrent.each(LANES)(
    '$moment each step and each object of a deployment: it succeeds and each object exists once',
    async ({ moment, kills }) => {
      const { client, dirOf, start } = await openLane(moment);
      const namespace = await deploy.namespace();
      let worker = await start(moment, kills);
      const id = await started(client, { namespace });
      for (const _kill of kills) {
        await expectKilled(worker, client, id);
        worker = await start(moment, kills);
      }
      const operation = await client.ended(id, BACK_WITHIN_MS);
      await worker.stop();

      expect(operation).toMatchObject({ state: 'succeeded', warnings: [] });
      expect((await readdir(dirOf(moment))).sort()).toEqual([...kills].sort());
      await expectEachOnce(namespace, client);
    },
    TEST_TIMEOUT_MS,
  );

  async function expectEachOnce(namespace: string, client: ApiClient): Promise<void> {
    const changes = (await deploy.audit(namespace)).filter(({ user, dryRun }) => user === 'tester' && !dryRun);
    const made = changes.filter(({ created }) => created).map(({ resource, name }) => `${resource}/${name}`);
    const expected = [
      'serviceaccounts/web',
      'configmaps/settings',
      'secrets/access',
      'secrets/chandlery.small.v1',
      'services/web',
    ];
    expect(made.sort()).toEqual([...expected, 'deployments/web', 'jobs/init'].sort());
    expect(changes.filter(({ verb }) => verb.startsWith('delete'))).toEqual([]);

    // One uid: what was made is what is there and what the revision knows.
    const { body } = await client.get(`/api/v1/deployments/local.${namespace}.${SMALL}/revisions/1`);
    const state = await deploy.clusterState(namespace);
    const objects: Array<{ kind: string; name: string; uid: string }> = body.objects;
    expect(objects.map(({ kind, name }) => `${kind}.${name}`).sort()).toEqual([...SMALL_OBJECTS].sort());
    for (const { kind, name, uid } of objects) expect(state[`${kind}/${name}`]?.metadata.uid).toBe(uid);

    const [web] = await list('apps/v1', 'deployments', namespace);
    expect(web?.metadata.generation).toBe(1);
    expect((await list('apps/v1', 'replicasets', namespace)).length).toBe(1);
    const pods = await list('v1', 'pods', namespace);
    expect(pods.map(({ metadata }) => metadata.ownerReferences?.[0]?.kind).sort()).toEqual(['Job', 'ReplicaSet']);
    // Made up once: what the first attempt wrote is what the application has.
    expect((await secret(namespace, 'access')).token).toBe((await secret(namespace, 'chandlery.small.v1')).token);
  }

  it.concurrent(
    'in the undo of an upgrade: the undo goes on and the previous revision is back, its generated secret too',
    async () => {
      const { client, start } = await openLane('undo');
      const namespace = await deploy.namespace();
      let worker = await start('never', []);
      expect(await client.ended(await started(client, { namespace }))).toMatchObject({ state: 'succeeded' });
      const before = await deploy.clusterState(namespace);
      await worker.stop();
      worker = await start('between', ['undo-apply']);
      const parameters = { image: 'example.org/never-ready:1' };
      const { body } = await client.call('PATCH', `/api/v1/deployments/local.${namespace}.${SMALL}`, {
        version: '2.0.0',
        parameters,
        readySeconds: 2,
      });
      await expectKilled(worker, client, body.operation);
      worker = await start('after', ['undo-apply']);
      await expectKilled(worker, client, body.operation);
      worker = await start('never', []);
      const operation = await client.ended(body.operation, BACK_WITHIN_MS);
      await worker.stop();
      expect(operation).toMatchObject({ state: 'failed', failure: { code: 'not_ready', step: 'wait-ready' }, warnings: [] });
      expect(await deploy.clusterState(namespace)).toEqual(before);
    },
    TEST_TIMEOUT_MS,
  );
});
