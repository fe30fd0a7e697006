import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import {
  clusterPath,
  deploymentOf,
  deploymentPath,
  objectOf,
  revisionsOf,
  secretNames,
  secretOf,
} from '../support/deploy-reads.ts';
import { NOTES, SHOP_AND_BLOG } from '../support/deploy-templates.ts';

const TEST_TIMEOUT_MS = 60_000;
jest.setTimeout(TEST_TIMEOUT_MS);

const TOKEN = 'a-token-given-by-the-user';
const NEVER_READY = 'example.org/never-ready:1';
const GOOD = 'example.org/good:1';

describeCluster('a replay', () => {
  let lab: DeployLab;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: [...NOTES, ...SHOP_AND_BLOG] });
    await lab.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  const replay = (id: string, body: Record<string, unknown> = {}) =>
    lab.api.call('POST', `/api/v1/operations/${id}/replay`, body);

  /** A deploy that failed and was taken back. */
  async function failedDeploy(namespace: string, parameters: Record<string, unknown> = {}): Promise<string> {
    const body = { parameters: { image: NEVER_READY, ...parameters }, readySeconds: 1 };
    const operation = await lab.ended(lab.deploy(namespace, 'notes@1.0.0', body));
    expect(operation).toMatchObject({ state: 'failed', failure: { code: 'not_ready' } });
    return operation.id;
  }

  it.concurrent.each(['auto', 'start', 'apply'])('from %s of a deploy whose cause is gone deploys', async (from) => {
    const namespace = await lab.namespace();
    await lab.cluster.api.expect('POST', clusterPath('ResourceQuota', namespace), {
      ...{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'small' }, spec: { hard: { pods: '0' } } },
    });
    const failed = await lab.ended(lab.deploy(namespace, 'notes@1.0.0', { readySeconds: 2 }));
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'quota_exceeded' } });
    await lab.cluster.api.expect('DELETE', clusterPath('ResourceQuota', namespace, 'small'));

    const answer = await replay(failed.id, { from });
    // The template's install was undone with the rest, so it is the first whose effect does not stand.
    expect(answer).toMatchObject({
      status: 202,
      body: { from: from === 'auto' ? 'install' : from === 'start' ? 'resolve' : from },
    });
    const operation = await lab.succeeded(answer.body.operation);
    expect(operation).toMatchObject({ replayOf: failed.id, kind: 'deploy', result: { changed: true } });
    expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({ state: 'ready', operation: operation.id });
    expect((await objectOf(lab, 'Deployment', namespace, 'notes')).status.readyReplicas).toBe(1);
  });

  it.concurrent('with corrected parameters merges them over those of the request', async () => {
    const namespace = await lab.namespace();
    const failed = await failedDeploy(namespace, { message: 'kept', replicas: 2 });
    const refused = await replay(failed, { input: { parameters: { replicas: 'two' } } });
    expect(refused).toMatchObject({ status: 422, body: { code: 'parameter_invalid', errors: [{ path: '/replicas' }] } });
    const { body } = await replay(failed, { input: { parameters: { image: GOOD, replicas: null } } });
    await lab.succeeded(body.operation);
    const { data } = await objectOf(lab, 'ConfigMap', namespace, 'notes');
    expect(data.message).toBe('kept');
    expect((await objectOf(lab, 'Deployment', namespace, 'notes')).spec.replicas).toBe(1);
    const [revision] = await revisionsOf(lab.api, namespace, 'notes');
    const detail = (await lab.api.get(`${deploymentPath(namespace, 'notes')}/revisions/${revision?.number}`)).body;
    expect(detail.parameters).toEqual({ image: GOOD, message: 'kept' });
  });

  it.concurrent('of an upgrade makes a revision of its own', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0'));
    const broken = { parameters: { image: NEVER_READY, message: 'new' }, readySeconds: 1 };
    const failed = await lab.ended(lab.upgrade(namespace, 'notes', broken));
    expect(failed.state).toBe('failed');
    const again = await lab.ended((await replay(failed.id)).body.operation);
    expect(again).toMatchObject({ state: 'failed', replayOf: failed.id, failure: { code: 'not_ready' } });
    const { body } = await replay(again.id, { input: { parameters: { image: GOOD } } });
    expect((await lab.succeeded(body.operation)).result).toMatchObject({ revision: 4 });
    expect(await revisionsOf(lab.api, namespace, 'notes')).toMatchObject([
      { number: 4, state: 'current', operation: body.operation },
      { number: 3, state: 'undone', operation: again.id },
      { number: 2, state: 'undone', operation: failed.id },
      { number: 1, state: 'superseded' },
    ]);
    // A later operation has succeeded: the older one can be taken up from its start only.
    expect(await replay(failed.id, { from: 'apply' })).toMatchObject({ status: 409, body: { code: 'superseded' } });
  });

  it.concurrent('of a request whose secret values are gone says so, and takes them again', async () => {
    const namespace = await lab.namespace();
    const failed = await failedDeploy(namespace, { token: TOKEN });
    expect(await secretNames(lab, namespace)).toEqual([]);
    const gone = await lab.ended((await replay(failed)).body.operation);
    expect(gone).toMatchObject({
      state: 'failed',
      failure: {
        code: 'secret_input_gone',
        message: expect.stringContaining('token'),
        guidance: expect.stringMatching(/again/),
      },
    });
    const half = await replay(failed, { input: { parameters: { image: GOOD } } });
    expect(half).toMatchObject({ status: 409, body: { code: 'secret_input_gone', detail: expect.stringContaining('token') } });
    const { body } = await replay(failed, { input: { parameters: { image: GOOD, token: 'given-once-more' } } });
    await lab.succeeded(body.operation);
    expect(await secretOf(lab, namespace, 'notes')).toMatchObject({ token: 'given-once-more' });
    expect((await secretNames(lab, namespace)).filter((name) => name.startsWith('chandlery-inputs'))).toEqual([]);
  });

  it.concurrent('of a deploy with dependencies deploys those again that were taken back', async () => {
    const namespace = await lab.namespace();
    await lab.holds.fail(namespace, 'apply.Deployment.shop', 'before', 'object_invalid');
    const failed = await lab.ended(lab.deploy(namespace, 'shop'));
    expect(failed).toMatchObject({ state: 'failed', failure: { code: 'object_invalid' } });
    expect(failed.steps.find(({ name }) => name === 'dependencies')).toMatchObject({ undone: true });
    expect(Object.keys(await lab.clusterState(namespace))).toEqual(['RoleBinding/test-user']);
    await lab.succeeded((await replay(failed.id)).body.operation);
    expect(await deploymentOf(lab.api, namespace, 'cache')).toMatchObject({ state: 'ready', owner: 'shop' });
    expect(await deploymentOf(lab.api, namespace, 'shop')).toMatchObject({ state: 'ready' });
  });
});
