import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { clusterPath, deploymentOf, objectOf, secretOf } from '../support/deploy-reads.ts';
import { configMap } from '../support/deploy-templates.ts';
import { SMALL, smallTemplates } from '../support/small-template.ts';

/** What somebody else puts in the place of an object of a deployment, while it is changed, stays his; what he takes away is not made up. */

const TEST_TIMEOUT_MS = 90_000;
const HIS = { by: 'hand' };

describeCluster('what somebody else does to the objects of a deployment', () => {
  let lab: DeployLab;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: smallTemplates() });
    await lab.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  async function running(): Promise<string> {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, `${SMALL}@1.0.0`));
    return namespace;
  }

  async function replaceSettings(namespace: string): Promise<void> {
    await lab.cluster.api.expect('DELETE', clusterPath('ConfigMap', namespace, 'settings'));
    await lab.cluster.api.expect('POST', clusterPath('ConfigMap', namespace), configMap('settings', HIS));
  }

  const warning = (namespace: string) => `ConfigMap ${namespace}/settings belongs to somebody else now and was left`;

  it.concurrent.each([false, true])(
    'between the plan of an upgrade and its apply is not taken over, with force: %s',
    async (force) => {
      const namespace = await running();
      const hold = await lab.holds.hold(namespace, 'apply.ConfigMap.settings', 'before');
      const id = await lab.upgrade(namespace, SMALL, { version: '2.0.0', force });
      await hold.reached();
      await replaceSettings(namespace);
      const uid = (await objectOf(lab, 'ConfigMap', namespace, 'settings')).metadata.uid;
      await hold.release();
      const operation = await lab.ended(id);
      expect(operation).toMatchObject({ state: 'failed', step: 'apply', failure: { code: 'not_owned' } });
      expect(operation.failure?.message).toContain('settings');
      expect(operation.warnings).toContain(warning(namespace));
      expect(await objectOf(lab, 'ConfigMap', namespace, 'settings')).toMatchObject({ metadata: { uid }, data: HIS });
      expect(await deploymentOf(lab.api, namespace, SMALL)).toMatchObject({ state: 'ready', revision: 1 });
    },
    TEST_TIMEOUT_MS,
  );

  it.concurrent(
    'before a change is taken back is left as it is, with a warning; the rest is put back',
    async () => {
      const namespace = await running();
      const before = await lab.clusterState(namespace, { uids: false });
      const hold = await lab.holds.hold(namespace, 'wait-ready', 'before');
      const id = await lab.upgrade(namespace, SMALL, { version: '2.0.0' });
      await hold.reached();
      await replaceSettings(namespace);
      await lab.cancel(id);
      await hold.release();
      const operation = await lab.ended(id);
      expect(operation).toMatchObject({ state: 'cancelled', warnings: [warning(namespace)] });
      const { 'ConfigMap/settings': his, ...rest } = await lab.clusterState(namespace, { uids: false });
      expect(his).toMatchObject({ data: HIS });
      const { 'ConfigMap/settings': _ours, ...others } = before;
      expect(rest).toEqual(others);
    },
    TEST_TIMEOUT_MS,
  );

  it.concurrent(
    'an object that was only deleted meanwhile is made again',
    async () => {
      const namespace = await running();
      const hold = await lab.holds.hold(namespace, 'apply.ConfigMap.settings', 'before');
      const id = await lab.upgrade(namespace, SMALL, { version: '2.0.0' });
      await hold.reached();
      await lab.cluster.api.expect('DELETE', clusterPath('ConfigMap', namespace, 'settings'));
      await hold.release();
      await lab.succeeded(id);
      expect(await objectOf(lab, 'ConfigMap', namespace, 'settings')).toMatchObject({ data: { version: 'v2' } });
    },
    TEST_TIMEOUT_MS,
  );

  it.concurrent(
    'a password whose Secret was removed is not replaced by another one, until one is given',
    async () => {
      const namespace = await running();
      const first = await secretOf(lab, namespace, 'access');
      await lab.cluster.api.expect('DELETE', clusterPath('Secret', namespace, `chandlery.${SMALL}.v1`));
      const answer = await lab.api.call('POST', '/api/v1/plans', { deployment: `local.${namespace}.${SMALL}`, version: '2.0.0' });
      expect(answer).toMatchObject({ status: 409, body: { code: 'secret_input_gone' } });
      const operation = await lab.ended(lab.upgrade(namespace, SMALL, { version: '2.0.0' }));
      expect(operation).toMatchObject({ state: 'failed', step: 'plan', failure: { code: 'secret_input_gone' } });
      expect(await secretOf(lab, namespace, 'access')).toEqual(first);
      await lab.succeeded(lab.upgrade(namespace, SMALL, { version: '2.0.0', parameters: { token: first?.token } }));
      expect(await secretOf(lab, namespace, 'access')).toEqual(first);
    },
    TEST_TIMEOUT_MS,
  );
});
