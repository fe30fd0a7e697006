import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ERROR_CATALOGUE } from '../../src/domain/errors.ts';
import type { OperationView, StepView } from '../../src/domain/operation.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import type { TestCluster } from '../support/cluster.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster, ownCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab, TESTER } from '../support/deploy-lab.ts';
import { actionsOf, deploymentOf, deploymentPath, objectOf, planned, secretNames, stepOf } from '../support/deploy-reads.ts';
import { NOTES } from '../support/deploy-templates.ts';
import { SMALL, SMALL_OBJECTS, smallTemplates } from '../support/small-template.ts';

/** The API server of a cluster of its own is killed, and started again, in the middle of changes. */

const SLOW = { image: 'example.org/slow:1' };
const NEVER_READY = { image: 'example.org/never-ready:1' };
const TESTS = 4;
const TEST_TIMEOUT_MS = 120_000;

describeCluster('an API server that is killed', () => {
  let cluster: TestCluster;
  let lab: DeployLab;
  /** Of a server whose steps give up at the second failure. */
  let impatient: ApiClient;
  /** Made before anything is killed: the controllers that fill a new one need a while to notice that the server is back. */
  const namespaces: string[] = [];

  beforeAll(async () => {
    cluster = await ownCluster();
    lab = await openDeployLab({ cluster, templates: [...smallTemplates(), ...NOTES] });
    const [second] = await Promise.all([lab.lab.startApi({ env: { CHANDLERY_STEP_ATTEMPTS: '2' } }), lab.startWorker()]);
    impatient = second.client;
    for (let test = 0; test < TESTS; test += 1) namespaces.push(await lab.namespace());
  }, CLUSTER_TIMEOUT_MS);

  afterAll(async () => {
    await lab?.close();
    await cluster?.stop({ purge: true });
  }, 60_000);

  const unavailable = {
    code: 'cluster_unavailable',
    message: expect.stringMatching(/^the cluster at https:\S+ cannot be reached: /),
    guidance: ERROR_CATALOGUE.cluster_unavailable.guidance,
  };

  function seen(id: string, name: string, until: (step: StepView) => boolean): Promise<OperationView> {
    return lab.api.waitFor(id, (operation) => operation.steps.some((step) => step.name === name && until(step)));
  }

  const changes = async (namespace: string) =>
    (await lab.audit(namespace)).filter(({ user, dryRun }) => user === TESTER.user && !dryRun);
  const made = async (namespace: string) =>
    (await changes(namespace)).filter(({ created }) => created).map(({ resource, name }) => `${resource}/${name}`);

  async function expectEachOnce(namespace: string): Promise<void> {
    const secrets = ['secrets/access', `secrets/chandlery.${SMALL}.v1`];
    const others = ['serviceaccounts/web', 'configmaps/settings', 'services/web', 'deployments/web', 'jobs/init'];
    expect((await made(namespace)).sort()).toEqual([...secrets, ...others].sort());
    expect((await changes(namespace)).filter(({ verb }) => verb.startsWith('delete'))).toEqual([]);
    expect((await objectOf(lab, 'Deployment', namespace, 'web')).metadata.generation).toBe(1);
    const state = await lab.clusterState(namespace);
    const { objects } = (await lab.api.get(`${deploymentPath(namespace, SMALL)}/revisions/1`)).body;
    expect(objects).toHaveLength(SMALL_OBJECTS.length);
    for (const { kind, name, uid } of objects) expect(state[`${kind}/${name}`]?.metadata.uid).toBe(uid);
  }

  it(
    'between two objects of an apply is waited for, and each object exists once',
    async () => {
      const namespace = namespaces.pop() ?? '';
      const hold = await lab.holds.hold(namespace, 'apply.Service.web', 'before');
      const id = await lab.deploy(namespace, `${SMALL}@1.0.0`);
      await hold.reached();
      // The others of its wave are there, and nothing is written down of them yet.
      while ((await made(namespace)).filter((one) => ['deployments/web', 'jobs/init'].includes(one)).length < 2) await sleep(50);
      await cluster.killApiserver();
      await hold.release();
      const waiting = await seen(id, 'apply', ({ failure }) => failure !== undefined);
      expect(waiting.state).toBe('running');
      expect(stepOf(waiting, 'apply')?.failure).toMatchObject(unavailable);
      await cluster.startApiserver();
      const operation = await lab.succeeded(id);
      expect(operation.warnings).toEqual([]);
      const outcomes = new Set(stepOf(operation, 'apply')?.attempts.map(({ outcome }) => outcome));
      expect([...outcomes]).toEqual(['cluster_unavailable']);
      await expectEachOnce(namespace);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'while a deployment gets ready is waited for in the same attempt, which says so',
    async () => {
      const namespace = namespaces.pop() ?? '';
      const id = await lab.deploy(namespace, `${SMALL}@1.0.0`, { parameters: SLOW });
      await seen(id, 'wait-ready', ({ state }) => state === 'running');
      await cluster.killApiserver();
      const waiting = await seen(id, 'wait-ready', ({ waitingFor }) => waitingFor?.startsWith('the cluster') ?? false);
      expect(stepOf(waiting, 'wait-ready')).toMatchObject({
        ...{ state: 'running', attempt: 1 },
        waitingFor: expect.stringMatching(/^the cluster to be back \(the cluster at https:\S+ cannot be reached: /),
      });
      await cluster.startApiserver();
      const operation = await lab.succeeded(id);
      expect(operation.warnings).toEqual([]);
      expect(stepOf(operation, 'wait-ready')).toMatchObject({ attempt: 1, attempts: [] });
      await expectEachOnce(namespace);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'in the middle of an undo is waited for, and the previous revision is back',
    async () => {
      const namespace = namespaces.pop() ?? '';
      await lab.succeeded(lab.deploy(namespace, `${SMALL}@1.0.0`));
      const before = await lab.clusterState(namespace);
      const hold = await lab.holds.hold(namespace, 'undo-apply', 'between');
      const id = await lab.upgrade(namespace, SMALL, { version: '2.0.0', parameters: NEVER_READY, readySeconds: 1 });
      await hold.reached();
      await cluster.killApiserver();
      await hold.release();
      const waiting = await seen(id, 'apply', ({ failure }) => failure !== undefined);
      expect(waiting.state).toBe('undoing');
      expect(stepOf(waiting, 'apply')?.failure).toMatchObject(unavailable);
      await cluster.startApiserver();
      const operation = await lab.ended(id);
      expect(operation).toMatchObject({ state: 'failed', failure: { code: 'not_ready', step: 'wait-ready' }, warnings: [] });
      expect(stepOf(operation, 'apply')).toMatchObject({ state: 'succeeded', undone: true });
      expect(await lab.clusterState(namespace)).toEqual(before);
      expect(await deploymentOf(lab.api, namespace, SMALL)).toMatchObject({ state: 'ready', revision: 1 });
    },
    TEST_TIMEOUT_MS,
  );

  it(
    'and stays away: requests that need it are answered 503, and what it began ends with cluster_unavailable',
    async () => {
      const namespace = namespaces.pop() ?? '';
      await lab.succeeded(lab.deploy(namespace, `${SMALL}@1.0.0`));
      await cluster.killApiserver();
      const path = deploymentPath(namespace, SMALL);
      const withSecret = { namespace, ref: 'notes', parameters: { token: 'a-token-given-by-the-user' } };
      const answers = await Promise.all([
        impatient.call('POST', '/api/v1/plans', { namespace, ref: 'notes' }),
        impatient.call('POST', '/api/v1/deployments', withSecret),
        ...['resources', 'events'].map((part) => impatient.get(`${path}/${part}`)),
      ]);
      const { message: detail, ...rest } = unavailable;
      for (const { body } of answers) expect(body).toMatchObject({ status: 503, detail, ...rest });
      // Without secret values nothing of the request needs the cluster yet.
      const accepted = await impatient.call('POST', '/api/v1/deployments', { namespace, ref: 'notes' });
      expect(accepted.status).toBe(202);
      const operation = await lab.ended(accepted.body.operation);
      expect(operation).toMatchObject({ state: 'failed', step: 'plan', failure: unavailable, warnings: [] });
      const { deployments } = (await impatient.get(`/api/v1/deployments?namespace=${namespace}`)).body;
      expect(deployments).toMatchObject([{ name: SMALL, state: 'ready' }]);

      await cluster.startApiserver();
      expect(await secretNames(lab, namespace)).toEqual(['access', `chandlery.${SMALL}.v1`]);
      expect(actionsOf(await planned(lab.api, { namespace, ref: 'notes' }))).toContain('create Deployment/notes');
    },
    TEST_TIMEOUT_MS,
  );
});
