import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { OperationView } from '../../src/domain/operation.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab, TESTER } from '../support/deploy-lab.ts';
import { clusterPath, deploymentOf, stepOf } from '../support/deploy-reads.ts';
import { SMALL, smallTemplates } from '../support/small-template.ts';

/** Rights that are taken away in the middle of a change: its undo waits for them, in view, and then takes everything back. */

/** The authorizer hears of a changed binding within moments, milliseconds. */
const HEARD_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;
const TEST_TIMEOUT_MS = 90_000;

describeCluster('a requester who loses his rights in the middle of a change', () => {
  let lab: DeployLab;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: smallTemplates() });
    await lab.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  /** Empties the tester's binding, or fills it again, and waits until that has taken effect. */
  async function giveRights(namespace: string, given: boolean): Promise<void> {
    const group = 'rbac.authorization.k8s.io';
    const subjects = given ? [{ apiGroup: group, kind: 'User', name: TESTER.user }] : [];
    const path = clusterPath('RoleBinding', namespace, 'test-user');
    await lab.cluster.api.expect('PATCH', path, { subjects }, 'application/merge-patch+json');
    for (const deadline = Date.now() + HEARD_WITHIN_MS; (await mayDelete(namespace)) !== given; await sleep(LOOK_EVERY_MS))
      if (Date.now() > deadline) throw new Error(`the rights in ${namespace} did not become ${given}`);
  }

  async function mayDelete(namespace: string): Promise<boolean> {
    const review = {
      ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' },
      spec: { ...TESTER, resourceAttributes: { verb: 'delete', resource: 'configmaps', namespace } },
    };
    const body = await lab.cluster.api.expect('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
    return (body as { status: { allowed: boolean } }).status.allowed;
  }

  /** Sees the undo wait without the rights, gives them back, and answers how the operation ended. */
  async function endedWithRights(namespace: string, id: string, step: string): Promise<OperationView> {
    const forbidden = (operation: OperationView) => stepOf(operation, step)?.failure?.code === 'undo_forbidden';
    const waiting = await lab.api.waitFor(id, forbidden);
    expect(waiting).toMatchObject({ state: 'undoing' });
    expect(stepOf(waiting, step)?.failure).toMatchObject({
      message: expect.stringContaining(`${TESTER.user} no longer has`),
      details: { missing: [{ namespace }] },
    });
    await giveRights(namespace, true);
    const operation = await lab.ended(id);
    expect(operation.warnings).toEqual([]);
    expect(stepOf(operation, step)).toMatchObject({ undone: true });
    expect(stepOf(operation, step)?.failure?.code).not.toBe('undo_forbidden');
    return operation;
  }

  it.concurrent(
    'by a first deploy: nothing is left once he has them again',
    async () => {
      const namespace = await lab.namespace();
      const before = await lab.clusterState(namespace);
      const hold = await lab.holds.hold(namespace, 'apply.Service.web', 'before');
      const id = await lab.deploy(namespace, `${SMALL}@1.0.0`);
      await hold.reached();
      await giveRights(namespace, false);
      await hold.release();
      const operation = await endedWithRights(namespace, id, 'apply');
      expect(operation).toMatchObject({ state: 'failed', step: 'apply', failure: { code: 'forbidden' } });
      expect(await lab.clusterState(namespace)).toEqual(before);
      expect((await lab.api.get(`/api/v1/deployments?namespace=${namespace}`)).body.deployments).toEqual([]);
    },
    TEST_TIMEOUT_MS,
  );

  it.concurrent(
    'by an upgrade: the previous revision is back once he has them again',
    async () => {
      const namespace = await lab.namespace();
      await lab.succeeded(lab.deploy(namespace, `${SMALL}@1.0.0`));
      const before = await lab.clusterState(namespace);
      const hold = await lab.holds.hold(namespace, 'apply.Service.web', 'before');
      const id = await lab.upgrade(namespace, SMALL, { version: '2.0.0' });
      await hold.reached();
      await giveRights(namespace, false);
      await hold.release();
      const operation = await endedWithRights(namespace, id, 'apply');
      expect(operation).toMatchObject({ state: 'failed', step: 'apply', failure: { code: 'forbidden' } });
      expect(await lab.clusterState(namespace)).toEqual(before);
      expect(await deploymentOf(lab.api, namespace, SMALL)).toMatchObject({ state: 'ready', revision: 1 });
    },
    TEST_TIMEOUT_MS,
  );

  it.concurrent(
    'by a destroy that is cancelled: everything is back once he has them again',
    async () => {
      const namespace = await lab.namespace();
      await lab.succeeded(lab.deploy(namespace, `${SMALL}@1.0.0`));
      const before = await lab.clusterState(namespace, { uids: false });
      const hold = await lab.holds.hold(namespace, 'delete', 'between');
      const id = await lab.destroy(namespace, SMALL);
      await hold.reached();
      await giveRights(namespace, false);
      await lab.cancel(id);
      const operation = await endedWithRights(namespace, id, 'delete');
      await hold.release();
      expect(operation).toMatchObject({ state: 'cancelled', step: 'delete' });
      expect(await lab.clusterState(namespace, { uids: false })).toEqual(before);
      expect(await deploymentOf(lab.api, namespace, SMALL)).toMatchObject({ state: 'ready', revision: 1 });
    },
    TEST_TIMEOUT_MS,
  );
});
