import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { OperationView } from '../../src/domain/operation.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { clusterPath, deploymentOf, objectOf, revisionsOf, stepOf } from '../support/deploy-reads.ts';
import { SHOP_AND_BLOG } from '../support/deploy-templates.ts';
import type { HoldMoment } from '../support/holds.ts';
import { SMALL, smallTemplates } from '../support/small-template.ts';

/** What is cancelled leaves the cluster as it was. */

type Moment = [step: string, moment: HoldMoment];

const NEVER_READY = { image: 'example.org/never-ready:1' };
/** Each takes seconds; five run at once, on a busy machine. */
const TEST_TIMEOUT_MS = 90_000;
const FINALIZER = 'example.org/hold';

jest.setTimeout(TEST_TIMEOUT_MS);

describeCluster('a change that is cancelled', () => {
  let lab: DeployLab;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: [...smallTemplates(), ...SHOP_AND_BLOG] });
    await lab.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  const deploy = (namespace: string, parameters = {}) => lab.deploy(namespace, `${SMALL}@1.0.0`, { parameters });

  /** A namespace in which the first version runs. */
  async function running(): Promise<string> {
    const namespace = await lab.namespace();
    await lab.succeeded(deploy(namespace));
    return namespace;
  }

  /** Starts, waits until the moment is reached, cancels, and answers the ended operation. */
  async function cancelledAt(namespace: string, [step, moment]: Moment, start: () => Promise<string>): Promise<OperationView> {
    const hold = await lab.holds.hold(namespace, step, moment);
    const id = await start();
    await hold.reached();
    await lab.cancel(id);
    const operation = await lab.ended(id);
    await hold.release();
    return operation;
  }

  function expectCancelled(operation: OperationView, at: string): void {
    expect(operation).toMatchObject({ state: 'cancelled', step: at, cancelRequested: true, warnings: [] });
    expect(operation).not.toHaveProperty('failure');
    expect(stepOf(operation, at)?.state).toBe('cancelled');
  }

  async function expectNoDeployment(namespace: string): Promise<void> {
    expect((await lab.api.get(`/api/v1/deployments?namespace=${namespace}`)).body.deployments).toEqual([]);
  }

  /** The first revision is the current one, and the next change is made as if nothing had been. */
  async function expectAsItWas(namespace: string): Promise<void> {
    expect(await deploymentOf(lab.api, namespace, SMALL)).toMatchObject({ state: 'ready', revision: 1 });
    const states = (await revisionsOf(lab.api, namespace, SMALL)).map(({ number, state }) => [number, state]);
    expect(states).toEqual([
      [2, 'undone'],
      [1, 'current'],
    ]);
    const { data } = await objectOf(lab, 'Secret', namespace, 'access');
    await lab.succeeded(lab.upgrade(namespace, SMALL, { version: '2.0.0' }));
    expect((await objectOf(lab, 'Secret', namespace, 'access')).data).toEqual(data);
  }

  describe('when it is a first deploy', () => {
    it.concurrent.each<Moment>([
      ['plan', 'before'],
      ['apply', 'before'],
      ['apply.ServiceAccount.web', 'before'],
      ['apply.Secret.access', 'after'],
      ['apply.Service.web', 'before'],
      ['apply.Job.init', 'after'],
      ['apply', 'between'],
      ['wait-ready', 'before'],
      ['record', 'before'],
      ['record', 'after'],
    ])('at %s, %s its effect, leaves nothing', async (...moment) => {
      const namespace = await lab.namespace();
      const before = await lab.clusterState(namespace);
      const operation = await cancelledAt(namespace, moment, () => deploy(namespace));
      const [step = ''] = moment[0].split('.');
      expectCancelled(operation, step);
      // Nothing was begun before the apply.
      expect(stepOf(operation, 'apply')?.undone ?? false).toBe(step !== 'plan' && moment.join() !== 'apply,before');
      expect(await lab.clusterState(namespace)).toEqual(before);
      await expectNoDeployment(namespace);
    });

    it.concurrent('and waits for what never gets ready leaves nothing', async () => {
      const namespace = await lab.namespace();
      const before = await lab.clusterState(namespace);
      const id = await deploy(namespace, NEVER_READY);
      await lab.api.waitFor(
        id,
        (operation) => stepOf(operation, 'wait-ready')?.waitingFor?.startsWith('Deployment web') ?? false,
      );
      await lab.cancel(id);
      expectCancelled(await lab.ended(id), 'wait-ready');
      expect(await lab.clusterState(namespace)).toEqual(before);
      await expectNoDeployment(namespace);
    });

    it.concurrent('while its dependency is deployed takes that back too', async () => {
      const namespace = await lab.namespace();
      const before = await lab.clusterState(namespace);
      const operation = await cancelledAt(namespace, ['apply.Deployment.cache', 'after'], () => lab.deploy(namespace, 'shop'));
      expectCancelled(operation, 'dependencies');
      expect(await lab.clusterState(namespace)).toEqual(before);
      await expectNoDeployment(namespace);
    });
  });

  describe('when it is an upgrade', () => {
    const upgrade = (namespace: string, parameters = {}) => lab.upgrade(namespace, SMALL, { version: '2.0.0', parameters });

    it.concurrent.each<Moment>([
      ['apply.ConfigMap.settings', 'after'],
      ['apply.Service.web', 'before'],
      ['apply', 'after'],
    ])('at %s, %s its effect, leaves the previous revision', async (...moment) => {
      const namespace = await running();
      const before = await lab.clusterState(namespace);
      expectCancelled(await cancelledAt(namespace, moment, () => upgrade(namespace)), 'apply');
      expect(await lab.clusterState(namespace)).toEqual(before);
      await expectAsItWas(namespace);
    });

    it.concurrent('and waits for what never gets ready leaves the previous revision', async () => {
      const namespace = await running();
      const before = await lab.clusterState(namespace);
      const id = await upgrade(namespace, NEVER_READY);
      await lab.api.waitFor(
        id,
        (operation) => stepOf(operation, 'wait-ready')?.waitingFor?.startsWith('Deployment web') ?? false,
      );
      expect(await lab.clusterState(namespace)).not.toEqual(before);
      await lab.cancel(id);
      const operation = await lab.ended(id);
      expectCancelled(operation, 'wait-ready');
      expect(stepOf(operation, 'apply')).toMatchObject({ state: 'succeeded', undone: true });
      expect(await lab.clusterState(namespace)).toEqual(before);
      await expectAsItWas(namespace);
    });

    it.concurrent.each<Moment>([
      ['prune', 'between'],
      ['record', 'after'],
    ])('at %s, %s its effect, brings back what it had removed', async (...moment) => {
      const namespace = await running();
      const before = await lab.clusterState(namespace, { uids: false });
      expectCancelled(await cancelledAt(namespace, moment, () => upgrade(namespace)), moment[0]);
      expect(await lab.clusterState(namespace, { uids: false })).toEqual(before);
      await expectAsItWas(namespace);
    });
  });

  describe('when it is a destroy', () => {
    it.concurrent.each<Moment>([
      ['check-needed', 'before'],
      ['check-needed', 'after'],
      ['delete', 'before'],
    ])('at %s, %s its effect, deletes nothing', async (...moment) => {
      const namespace = await running();
      const before = await lab.clusterState(namespace);
      expectCancelled(await cancelledAt(namespace, moment, () => lab.destroy(namespace, SMALL)), moment[0]);
      expect(await lab.clusterState(namespace)).toEqual(before);
      expect(await deploymentOf(lab.api, namespace, SMALL)).toMatchObject({ state: 'ready', revision: 1 });
    });

    it.concurrent.each<HoldMoment>(['between', 'after'])('%s its deletions puts everything back', async (moment) => {
      const namespace = await running();
      const before = await lab.clusterState(namespace, { uids: false });
      const operation = await cancelledAt(namespace, ['delete', moment], () => lab.destroy(namespace, SMALL));
      expectCancelled(operation, 'delete');
      expect(stepOf(operation, 'delete')).toMatchObject({ undone: true });
      expect(await lab.clusterState(namespace, { uids: false })).toEqual(before);
      expect(await deploymentOf(lab.api, namespace, SMALL)).toMatchObject({ state: 'ready', revision: 1 });
      await lab.succeeded(lab.destroy(namespace, SMALL));
      expect(Object.keys(await lab.clusterState(namespace))).toEqual(['RoleBinding/test-user']);
    });

    it.concurrent('makes anew what was on its way out', async () => {
      const namespace = await running();
      const before = await lab.clusterState(namespace, { uids: false });
      const finalizers = (names: string[]) =>
        lab.cluster.api.expect(
          'PATCH',
          clusterPath('ConfigMap', namespace, 'settings'),
          { metadata: { finalizers: names } },
          'application/merge-patch+json',
        );
      await finalizers([FINALIZER]);
      const id = await lab.destroy(namespace, SMALL);
      const waits = (at: string) =>
        lab.api.waitFor(id, (operation) => stepOf(operation, 'delete')?.waitingFor?.startsWith(at) ?? false);
      await waits(`ConfigMap settings to go (finalizers ${FINALIZER})`);
      await lab.cancel(id);
      const undoing = await waits('ConfigMap settings to go before it can be made again');
      expect(undoing.state).toBe('undoing');
      await finalizers([]);
      expectCancelled(await lab.ended(id), 'delete');
      expect(await lab.clusterState(namespace, { uids: false })).toEqual(before);
    });

    it.concurrent.each<HoldMoment>(['before', 'between', 'after'])(
      '%s it is forgotten comes too late: all of it goes',
      async (moment) => {
        const namespace = await lab.namespace();
        const before = await lab.clusterState(namespace);
        await lab.succeeded(lab.deploy(namespace, 'shop'));
        const hold = await lab.holds.hold(namespace, 'forget', moment);
        const id = await lab.destroy(namespace, 'shop');
        await hold.reached();
        await lab.cancel(id);
        await lab.api.waitFor(id, ({ cancelRequested }) => cancelRequested === true);
        await hold.release();
        const operation = await lab.ended(id);
        expect(operation).toMatchObject({
          state: 'succeeded',
          cancelRequested: true,
          warnings: [],
          result: { dependencies: ['cache'] },
        });
        expect(await lab.clusterState(namespace)).toEqual(before);
        await expectNoDeployment(namespace);
      },
    );
  });
});
