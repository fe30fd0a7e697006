import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { ClusterState } from '../support/cluster-state.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import {
  actionsOf,
  deploymentOf,
  deploymentPath,
  objectOf,
  outputsOf,
  planned,
  plannedObject,
  revisionsOf,
  stepOf,
} from '../support/deploy-reads.ts';
import { NOTES, SHOP_AND_BLOG } from '../support/deploy-templates.ts';

const TOKEN = 'a-token-given-by-the-user';

describeCluster('a deployment that runs', () => {
  let lab: DeployLab;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: [...NOTES, ...SHOP_AND_BLOG] });
    await lab.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  async function notes(version = '1.0.0'): Promise<string> {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, `notes@${version}`, { parameters: { token: TOKEN } }));
    return namespace;
  }

  /** `resource/name` of everything that was applied since the last call. */
  function followed(namespace: string) {
    let seen = 0;
    return async (): Promise<string[]> => {
      const all = (await lab.audit(namespace)).filter(({ apply }) => apply);
      const fresh = all.slice(seen).map(({ resource, name }) => `${resource}/${name}`);
      seen = all.length;
      return fresh.sort();
    };
  }

  /** Without the Secrets that hold the values of revisions. */
  async function objects(namespace: string, uids = true): Promise<ClusterState> {
    const all = await lab.clusterState(namespace, { uids });
    return Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith('Secret/chandlery.')));
  }

  describe('is upgraded', () => {
    it.concurrent('by parameters: only what differs is shown and applied', async () => {
      const namespace = await notes();
      const applied = followed(namespace);
      await applied();
      const plan = await planned(lab.api, { deployment: `local.${namespace}.notes`, parameters: { message: 'bye' } });
      expect(plan).toMatchObject({ kind: 'upgrade', base: 1, parameters: { message: 'bye' } });
      expect(actionsOf(plan)).toEqual([
        'unchanged ConfigMap/notes-old',
        'unchanged PersistentVolumeClaim/notes-data',
        'unchanged Secret/notes',
        'unchanged Service/notes',
        'update ConfigMap/notes',
        'update Deployment/notes',
      ]);
      expect(plannedObject(plan, 'ConfigMap', 'notes')?.changes).toEqual([
        { path: '/data/message', before: 'hello', after: 'bye' },
      ]);
      expect(plannedObject(plan, 'Deployment', 'notes')?.changes).toEqual([
        { path: '/spec/template/spec/containers/0/env/0/value', before: 'hello', after: 'bye' },
      ]);
      const answer = await lab.api.call('POST', '/api/v1/deployments', { plan: plan.digest });
      const operation = await lab.succeeded(answer.body.operation);
      expect(operation).toMatchObject({ kind: 'upgrade', result: { changed: true, revision: 2, plan: plan.digest } });
      expect(await applied()).toEqual(['configmaps/notes', 'deployments/notes']);
      expect((await outputsOf(lab.api, namespace, 'notes')).greeting).toBe('says bye');
      expect(await revisionsOf(lab.api, namespace, 'notes')).toMatchObject([
        { number: 2, state: 'current', kind: 'upgrade' },
        { number: 1, state: 'superseded', kind: 'deploy' },
      ]);
    });

    it.concurrent('by a version: what it drops is deleted, volumes are kept', async () => {
      const namespace = await notes();
      const before = await objects(namespace);
      const applied = followed(namespace);
      await applied();
      const plan = await planned(lab.api, { deployment: `local.${namespace}.notes`, version: '^1.1.0' });
      expect(plan.template).toMatchObject({ version: '1.1.0' });
      expect(actionsOf(plan)).toEqual(
        expect.arrayContaining([
          'create ConfigMap/notes-new',
          'delete ConfigMap/notes-old',
          'keep PersistentVolumeClaim/notes-data',
        ]),
      );
      expect(plan.summary).toMatchObject({ create: 1, delete: 1 });
      const operation = await lab.succeeded(lab.upgrade(namespace, 'notes', { version: '1.1.0' }));
      expect(operation.result).toMatchObject({ plan: plan.digest, revision: 2, template: { version: '1.1.0' } });
      expect(stepOf(operation, 'prune')).toMatchObject({ state: 'succeeded', detail: '1 deleted' });
      const after = await objects(namespace);
      expect(after).not.toHaveProperty(['ConfigMap/notes-old']);
      expect(after).toHaveProperty(['ConfigMap/notes-new']);
      expect(after['PersistentVolumeClaim/notes-data']?.metadata.uid).toBe(
        before['PersistentVolumeClaim/notes-data']?.metadata.uid,
      );
      expect(after['Deployment/notes']?.metadata.uid).toBe(before['Deployment/notes']?.metadata.uid);
      const { installs } = (await lab.api.get(`/api/v1/installs?namespace=${namespace}`)).body;
      expect(installs).toMatchObject([{ name: 'notes', version: '1.1.0' }]);
    });

    it.concurrent('to what it is already: then nothing is changed and there is no new revision', async () => {
      const namespace = await notes();
      const applied = followed(namespace);
      await applied();
      for (const body of [{}, { version: '1.0.0' }, { parameters: {} }]) {
        const operation = await lab.succeeded(lab.upgrade(namespace, 'notes', body));
        expect(operation.result).toMatchObject({ changed: false, revision: 1 });
        expect(stepOf(operation, 'apply')?.state).toBe('skipped');
      }
      expect(await applied()).toEqual([]);
      expect(await revisionsOf(lab.api, namespace, 'notes')).toHaveLength(1);
    });

    it.concurrent('when somebody has changed an object: it is put right', async () => {
      const namespace = await notes();
      await patch(namespace, { data: { message: 'by hand' } });
      const plan = await planned(lab.api, { deployment: `local.${namespace}.notes`, force: true });
      expect(plannedObject(plan, 'ConfigMap', 'notes')?.changes).toEqual([
        { path: '/data/message', before: 'by hand', after: 'hello' },
      ]);
      const operation = await lab.succeeded(lab.upgrade(namespace, 'notes', { force: true }));
      expect(operation.result).toMatchObject({ changed: true, plan: plan.digest });
      expect((await objectOf(lab, 'ConfigMap', namespace, 'notes')).data.message).toBe('hello');
    });

    it.concurrent('while another change runs: target_busy, with a link to it', async () => {
      const namespace = await notes();
      const hold = await lab.holds.hold(namespace, 'apply', 'before');
      const running = await lab.upgrade(namespace, 'notes', { parameters: { replicas: 2 } });
      await hold.reached();
      const path = deploymentPath(namespace, 'notes');
      const answers = await Promise.all([
        lab.api.call('PATCH', path, { parameters: { replicas: 3 } }),
        lab.api.call('POST', `${path}/rollback`, {}),
        lab.api.call('DELETE', path),
      ]);
      for (const { status, body } of answers)
        expect({ status, body }).toMatchObject({
          status: 409,
          body: { code: 'target_busy', operation: running, links: { operation: `/api/v1/operations/${running}` } },
        });
      expect((await lab.api.call('PATCH', path, { parameters: { replicas: 2 } })).body).toMatchObject({ joined: true });
      expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({ revision: 1 });
      await hold.release();
      await lab.succeeded(running);
    });
  });

  describe('is rolled back', () => {
    it.concurrent('to the revision before, and to any that is named', async () => {
      const namespace = await notes();
      const first = await objects(namespace, false);
      await lab.succeeded(
        lab.upgrade(namespace, 'notes', { version: '1.1.0', parameters: { message: 'two', token: `${TOKEN}2` } }),
      );
      const second = await objects(namespace, false);
      const plan = await planned(lab.api, { deployment: `local.${namespace}.notes`, revision: 1 });
      expect(plan).toMatchObject({ kind: 'rollback', base: 2, rollbackOf: 1, template: { version: '1.0.0' } });
      const back = await lab.succeeded(lab.rollback(namespace, 'notes'));
      expect(back).toMatchObject({
        kind: 'rollback',
        result: { revision: 3, plan: plan.digest, template: { version: '1.0.0' } },
      });
      expect(await objects(namespace, false)).toEqual(first);

      await lab.succeeded(lab.rollback(namespace, 'notes', { revision: 2 }));
      expect(await objects(namespace, false)).toEqual(second);
      expect(await revisionsOf(lab.api, namespace, 'notes')).toMatchObject([
        { number: 4, state: 'current', kind: 'rollback', rollbackOf: 2 },
        { number: 3, state: 'superseded', rollbackOf: 1 },
        { number: 2, state: 'superseded' },
        { number: 1, state: 'superseded' },
      ]);
      const unchanged = await lab.succeeded(lab.rollback(namespace, 'notes', { revision: 4 }));
      expect(unchanged.result).toMatchObject({ changed: false, revision: 4 });
    });

    it.concurrent('to a revision that there is not: revision_not_found', async () => {
      const namespace = await notes();
      const path = deploymentPath(namespace, 'notes');
      const named = await lab.api.call('POST', `${path}/rollback`, { revision: 7 });
      expect(named).toMatchObject({ status: 404, body: { code: 'revision_not_found' } });
      const operation = await lab.ended(lab.rollback(namespace, 'notes'));
      expect(operation).toMatchObject({ state: 'failed', step: 'resolve', failure: { code: 'revision_not_found' } });
      expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({ state: 'ready', revision: 1 });
    });
  });

  describe('is destroyed', () => {
    it.concurrent('with everything it made but its volumes and the secret values they may need', async () => {
      const namespace = await lab.namespace();
      const empty = await lab.clusterState(namespace);
      await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0', { parameters: { token: TOKEN } }));
      await lab.succeeded(lab.upgrade(namespace, 'notes', { version: '1.1.0' }));
      const operation = await lab.succeeded(lab.destroy(namespace, 'notes'));
      const volume = `PersistentVolumeClaim ${namespace}/notes-data`;
      const values = `Secret ${namespace}/chandlery.notes.kept`;
      expect(operation).toMatchObject({ kind: 'destroy', result: { deleted: 5, kept: [volume, values], dependencies: [] } });
      const left = await lab.clusterState(namespace);
      expect(Object.keys(left)).toEqual(
        [...Object.keys(empty), 'PersistentVolumeClaim/notes-data', 'Secret/chandlery.notes.kept'].sort(),
      );
      expect((await lab.api.get(deploymentPath(namespace, 'notes'))).body).toMatchObject({ code: 'deployment_not_found' });
      // What was done to it can still be looked up.
      const { operations } = (await lab.api.get(`${deploymentPath(namespace, 'notes')}/operations`)).body;
      expect(operations.map(({ kind }: { kind: string }) => kind)).toEqual(['destroy', 'upgrade', 'deploy']);
    });

    it.concurrent('with its volumes when asked, leaving nothing', async () => {
      const namespace = await lab.namespace();
      const empty = await lab.clusterState(namespace);
      await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0', { parameters: { token: TOKEN } }));
      const operation = await lab.succeeded(lab.destroy(namespace, 'notes', { deleteVolumes: true }));
      expect(operation.result).toMatchObject({ deleted: 6, kept: [] });
      expect(await lab.clusterState(namespace)).toEqual(empty);
    });

    it.concurrent('with the dependency that was deployed for it, once nobody else needs that', async () => {
      const namespace = await lab.namespace();
      await lab.succeeded(lab.deploy(namespace, 'shop'));
      await lab.succeeded(lab.deploy(namespace, 'blog'));
      const refused = await lab.ended(lab.destroy(namespace, 'cache'));
      expect(refused).toMatchObject({
        state: 'failed',
        step: 'check-needed',
        failure: {
          code: 'in_use',
          message: `cache is needed by the deployment ${namespace}/blog, ${namespace}/shop`,
          details: { dependents: [`${namespace}/blog`, `${namespace}/shop`] },
        },
      });
      const shop = await lab.succeeded(lab.destroy(namespace, 'shop'));
      expect(shop.result).toMatchObject({ dependencies: [] });
      expect(await deploymentOf(lab.api, namespace, 'cache')).toMatchObject({ state: 'ready' });
      await lab.succeeded(lab.destroy(namespace, 'blog'));
      await lab.succeeded(lab.destroy(namespace, 'cache'));

      await lab.succeeded(lab.deploy(namespace, 'shop'));
      const alone = await lab.succeeded(lab.destroy(namespace, 'shop'));
      expect(alone.result).toMatchObject({ dependencies: ['cache'] });
      expect(Object.keys(await lab.clusterState(namespace))).toEqual(['RoleBinding/test-user']);
      expect((await lab.api.get(`/api/v1/deployments?namespace=${namespace}`)).body.deployments).toEqual([]);
    });
  });

  /** Somebody else's hand, as kubectl edit would. */
  async function patch(namespace: string, body: unknown): Promise<void> {
    const path = `/api/v1/namespaces/${namespace}/configmaps/notes?fieldManager=kubectl-edit`;
    await lab.cluster.api.expect('PATCH', path, body, 'application/merge-patch+json');
  }
});
