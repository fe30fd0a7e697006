import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab, TESTER } from '../support/deploy-lab.ts';
import { clusterPath, deploymentOf, deploymentPath, stepOf } from '../support/deploy-reads.ts';
import { NOTES } from '../support/deploy-templates.ts';
import { SMALL, smallTemplates } from '../support/small-template.ts';

/** An operator of Chandlery who may not delete in the cluster: his destroy leaves everything as it is, and is in nobody's way. */

/** The authorizer hears of a changed binding within moments, milliseconds. */
const HEARD_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 50;
const TEST_TIMEOUT_MS = 90_000;
const RBAC = 'rbac.authorization.k8s.io';

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

const LOOKING: Rule = { apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list', 'watch'] };
const WORKLOADS: Rule = { apiGroups: ['apps', 'batch'], resources: ['*'], verbs: ['*'] };

describeCluster('destroying without the rights', () => {
  let lab: DeployLab;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: [...smallTemplates(), ...NOTES] });
    await lab.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  /** In place of all that the tester may in the namespace; waits until that has taken effect. */
  async function giveOnly(namespace: string, rules: Rule[], lost = 'configmaps'): Promise<void> {
    const roles = clusterPath('RoleBinding', namespace).replace('rolebindings', 'roles');
    await lab.cluster.api.expect('POST', roles, {
      ...{ apiVersion: `${RBAC}/v1`, kind: 'Role', metadata: { name: 'some' }, rules },
    });
    await lab.cluster.api.expect('DELETE', clusterPath('RoleBinding', namespace, 'test-user'));
    await lab.cluster.api.expect('POST', clusterPath('RoleBinding', namespace), {
      ...{ apiVersion: `${RBAC}/v1`, kind: 'RoleBinding', metadata: { name: 'test-user' } },
      roleRef: { apiGroup: RBAC, kind: 'Role', name: 'some' },
      subjects: [{ apiGroup: RBAC, kind: 'User', name: TESTER.user }],
    });
    const settled = async () => !(await may(namespace, 'delete', lost)) && (await may(namespace, 'get', lost));
    for (const deadline = Date.now() + HEARD_WITHIN_MS; !(await settled()); await sleep(LOOK_EVERY_MS))
      if (Date.now() > deadline) throw new Error(`the rights in ${namespace} did not change`);
  }

  async function may(namespace: string, verb: string, resource: string): Promise<boolean> {
    const review = {
      ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview' },
      spec: { ...TESTER, resourceAttributes: { verb, resource, namespace } },
    };
    const body = await lab.cluster.api.expect('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
    return (body as { status: { allowed: boolean } }).status.allowed;
  }

  async function running(): Promise<string> {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, `${SMALL}@1.0.0`));
    return namespace;
  }

  /** It runs as before, and the next request is not told that somebody else is at it. */
  async function expectAsItWas(namespace: string, before: unknown): Promise<void> {
    expect(await lab.clusterState(namespace)).toEqual(before);
    expect(await deploymentOf(lab.api, namespace, SMALL)).toMatchObject({ state: 'ready', revision: 1 });
    expect((await lab.api.call('DELETE', deploymentPath(namespace, SMALL))).status).toBe(202);
  }

  it.concurrent.each<[string, Rule[], string[]]>([
    ['to change anything', [LOOKING], ['configmaps', 'deployments', 'jobs', 'secrets', 'serviceaccounts', 'services']],
    ['to change more than its workloads', [LOOKING, WORKLOADS], ['configmaps', 'secrets', 'serviceaccounts', 'services']],
  ])(
    '%s is refused at its first step, with every right that is missing',
    async (_what, rules, resources) => {
      const namespace = await running();
      await giveOnly(namespace, rules);
      const before = await lab.clusterState(namespace);
      const operation = await lab.ended(lab.destroy(namespace, SMALL));
      expect(operation).toMatchObject({ state: 'failed', step: 'check-needed', failure: { code: 'forbidden' }, warnings: [] });
      const missing = operation.failure?.details?.missing as Array<{ verb: string; resource: string; namespace: string }>;
      expect([...new Set(missing.map(({ resource }) => resource))].sort()).toEqual(resources);
      expect(missing.filter(({ resource }) => resource === 'configmaps').map(({ verb }) => verb)).toEqual([
        ...['create', 'delete', 'patch'],
      ]);
      expect(stepOf(operation, 'check-needed')?.attempt).toBe(1);
      const { entries } = (await lab.api.get(`/api/v1/audit?operation=${operation.id}`)).body;
      expect(entries).toMatchObject([{ action: 'destroy', outcome: 'denied', code: 'forbidden', actor: TESTER.user }]);
      await expectAsItWas(namespace, before);
    },
    TEST_TIMEOUT_MS,
  );

  it.concurrent(
    'to its volumes, which were asked for, is refused before anything is deleted; without them it goes on',
    async () => {
      const namespace = await lab.namespace();
      await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0'));
      const core = ['configmaps', 'secrets', 'services', 'serviceaccounts'];
      const claims = { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['create', 'patch'] };
      const rules = [LOOKING, WORKLOADS, { apiGroups: [''], resources: core, verbs: ['*'] }, claims];
      await giveOnly(namespace, rules, 'persistentvolumeclaims');
      const before = await lab.clusterState(namespace);
      const operation = await lab.ended(lab.destroy(namespace, 'notes', { deleteVolumes: true }));
      const missing = [{ verb: 'delete', group: '', resource: 'persistentvolumeclaims', namespace }];
      expect(operation).toMatchObject({ state: 'failed', step: 'delete', failure: { code: 'forbidden', details: { missing } } });
      expect(await lab.clusterState(namespace)).toEqual(before);
      expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({ state: 'ready', revision: 1 });
      await lab.succeeded(lab.destroy(namespace, 'notes'));
    },
    TEST_TIMEOUT_MS,
  );

  it.concurrent(
    'which are taken away after its first step ends it, too: nothing was deleted, so nothing is to be put back',
    async () => {
      const namespace = await running();
      const hold = await lab.holds.hold(namespace, 'delete', 'before');
      const id = await lab.destroy(namespace, SMALL);
      await hold.reached();
      await giveOnly(namespace, [LOOKING]);
      const before = await lab.clusterState(namespace);
      await hold.release();
      const operation = await lab.ended(id);
      expect(operation).toMatchObject({ state: 'failed', step: 'delete', failure: { code: 'forbidden' }, warnings: [] });
      expect(stepOf(operation, 'delete')?.undone).toBeFalsy();
      await expectAsItWas(namespace, before);
    },
    TEST_TIMEOUT_MS,
  );
});
