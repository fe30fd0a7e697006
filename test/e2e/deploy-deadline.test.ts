import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import type { OperationView } from '../../src/domain/operation.ts';
import type { ApiClient } from '../../tools/lab/api-client.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { deploymentOf, deploymentPath } from '../support/deploy-reads.ts';
import { SMALL, smallTemplates } from '../support/small-template.ts';

/** What takes longer than allowed leaves the cluster as it was. */

const NEVER_READY = { image: 'example.org/never-ready:1' };
/** Enough to come to the moment that is meant on a busy machine, and not more, milliseconds. */
const SHORT_DEADLINE_MS = 12_000;
const TEST_TIMEOUT_MS = 90_000;

jest.setTimeout(TEST_TIMEOUT_MS);

describeCluster('a change that takes longer than allowed', () => {
  let lab: DeployLab;
  let hurried: ApiClient;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: smallTemplates() });
    const env = { CHANDLERY_DEPLOY_TIMEOUT_MS: String(SHORT_DEADLINE_MS) };
    const [second] = await Promise.all([lab.lab.startApi({ env }), lab.startWorker()]);
    hurried = second.client;
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  /** A namespace in which the first version runs. */
  async function running(): Promise<string> {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, `${SMALL}@1.0.0`));
    return namespace;
  }

  /** As a server that gives each change little time starts it. */
  async function hurriedly(method: string, path: string, body?: Record<string, unknown>): Promise<string> {
    const answer = await hurried.call(method, path, body);
    expect(answer.status).toBe(202);
    return answer.body.operation;
  }

  function expectOverdue(operation: OperationView, step: string): void {
    const message = expect.stringContaining(`${SHORT_DEADLINE_MS / 1_000} s; it was at step ${step}`);
    expect(operation).toMatchObject({ state: 'failed', step, failure: { code: 'deadline_exceeded', message }, warnings: [] });
  }

  it.concurrent('because something never gets ready leaves nothing', async () => {
    const namespace = await lab.namespace();
    const before = await lab.clusterState(namespace);
    const body = { namespace, ref: `${SMALL}@1.0.0`, parameters: NEVER_READY };
    expectOverdue(await lab.ended(hurriedly('POST', '/api/v1/deployments', body)), 'wait-ready');
    expect(await lab.clusterState(namespace)).toEqual(before);
    expect((await lab.api.get(`/api/v1/deployments?namespace=${namespace}`)).body.deployments).toEqual([]);
  });

  it.concurrent('in the middle of an upgrade leaves the previous revision', async () => {
    const namespace = await running();
    const before = await lab.clusterState(namespace);
    const hold = await lab.holds.hold(namespace, 'apply.Deployment.web', 'after');
    const id = await hurriedly('PATCH', deploymentPath(namespace, SMALL), { version: '2.0.0' });
    expectOverdue(await lab.ended(id), 'apply');
    await hold.release();
    expect(await lab.clusterState(namespace)).toEqual(before);
    expect(await deploymentOf(lab.api, namespace, SMALL)).toMatchObject({ state: 'ready', revision: 1 });
  });

  it.concurrent('in the middle of a destroy puts everything back', async () => {
    const namespace = await running();
    const before = await lab.clusterState(namespace, { uids: false });
    const hold = await lab.holds.hold(namespace, 'delete', 'between');
    expectOverdue(await lab.ended(hurriedly('DELETE', deploymentPath(namespace, SMALL))), 'delete');
    await hold.release();
    expect(await lab.clusterState(namespace, { uids: false })).toEqual(before);
    expect(await deploymentOf(lab.api, namespace, SMALL)).toMatchObject({ state: 'ready', revision: 1 });
  });

  it.concurrent('but has forgotten the deployment goes through', async () => {
    const namespace = await lab.namespace();
    const before = await lab.clusterState(namespace);
    await lab.succeeded(lab.deploy(namespace, `${SMALL}@1.0.0`));
    const hold = await lab.holds.hold(namespace, 'forget', 'after');
    const id = await hurriedly('DELETE', deploymentPath(namespace, SMALL));
    await hold.reached();
    await sleep(SHORT_DEADLINE_MS);
    await hold.release();
    await lab.succeeded(id);
    expect(await lab.clusterState(namespace)).toEqual(before);
  });
});
