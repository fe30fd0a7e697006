import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ClusterApi, collectionPath } from '../../../tools/local-cluster/api.ts';
import type { ClusterUser } from '../../../tools/local-cluster/users.ts';
import { until } from '../../embedded/support/processes.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster, sharedCluster, type TestCluster } from '../../support/cluster.ts';

interface WithStatus {
  status?: { [field: string]: unknown; containerStatuses?: { state: { waiting?: { reason: string } }; restartCount: number }[] };
}

describeCluster('a local cluster', () => {
  let cluster: TestCluster;
  let namespace: string;
  beforeAll(async () => {
    cluster = await sharedCluster();
    namespace = await cluster.namespace('anna');
  }, CLUSTER_TIMEOUT_MS);

  const get = async (apiVersion: string, plural: string, name: string) =>
    (await cluster.api.expect('GET', `${collectionPath(apiVersion, plural, namespace)}/${name}`)) as WithStatus;
  const pod = (name: string, image: string, more = {}) =>
    cluster.api.apply(
      { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: { containers: [{ name: 'main', image }], ...more } },
      'pods',
    );
  const waitingFor = async (name: string, reason: string) =>
    until(async () => (await get('v1', 'pods', name)).status?.containerStatuses?.[0]?.state.waiting?.reason === reason);

  it('says its version', async () => {
    expect(await cluster.api.expect('GET', '/version')).toMatchObject({ gitVersion: 'v1.36.3', major: '1', minor: '36' });
  });

  it('makes a Deployment available', async () => {
    const labels = { app: 'web' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'web:1' }] } };
    const spec = { replicas: 2, selector: { matchLabels: labels }, template };
    await cluster.api.apply(
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace }, spec },
      'deployments',
    );
    await until(async () => (await get('apps/v1', 'deployments', 'web')).status?.availableReplicas === 2);
  });

  it.each([
    { name: 'good', image: 'job:1', outcome: 'succeeded' },
    { name: 'bad', image: 'crash-loop:1', outcome: 'failed' },
  ])('ends a Job with a $image as $outcome', async ({ name, image, outcome }) => {
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image }] } };
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace }, spec: { backoffLimit: 0, template } };
    await cluster.api.apply(job, 'jobs');
    await until(async () => (await get('batch/v1', 'jobs', name)).status?.[outcome] === 1);
  });

  it('keeps a pod waiting whose image does not exist, and says why in an event', async () => {
    await pod('pull', 'registry.example/does-not-exist:1');
    await waitingFor('pull', 'ImagePullBackOff');
    const events = await cluster.api.expect(
      'GET',
      `${collectionPath('v1', 'events', namespace)}?fieldSelector=involvedObject.name=pull`,
    );
    expect(JSON.stringify(events)).toContain('Failed to pull image \\"registry.example/does-not-exist:1\\"');
  });

  it('restarts a crashing container again and again', async () => {
    await pod('crash', 'crash-loop');
    await waitingFor('crash', 'CrashLoopBackOff');
    expect((await get('v1', 'pods', 'crash')).status?.containerStatuses?.[0]?.restartCount).toBeGreaterThan(0);
  });

  it('makes a slow pod ready after its 3 seconds', async () => {
    await pod('slow', 'slow:1');
    await until(async () => (await get('v1', 'pods', 'slow')).status?.phase === 'Running');
  });

  it('binds a claim to a disk', async () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const claim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data', namespace }, spec };
    await cluster.api.apply(claim, 'persistentvolumeclaims');
    await until(async () => (await get('v1', 'persistentvolumeclaims', 'data')).status?.phase === 'Bound');
  });

  it('has logs of pods', async () => {
    await pod('talks', 'talks');
    await until(async () => (await get('v1', 'pods', 'talks')).status?.phase === 'Running');
    const log = await cluster.api.expect('GET', `${collectionPath('v1', 'pods', namespace)}/talks/log`);
    expect(log).toContain('listening on port 8080');
  });

  describe('its users', () => {
    const as = (user: ClusterUser): ClusterApi =>
      new ClusterApi({ server: cluster.server, ca: cluster.ca, token: cluster.token(user) });
    const configMaps = collectionPath('v1', 'configmaps', 'shop');
    const configMap = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });

    it('may do what their role says', async () => {
      expect(await as('dev').request('POST', configMaps, configMap('by-dev'))).toMatchObject({ status: 201 });
      expect(await as('viewer').request('GET', configMaps)).toMatchObject({ status: 200 });
      expect(await as('viewer').request('POST', configMaps, configMap('by-viewer'))).toMatchObject({ status: 403 });
      expect(await as('dev').request('GET', collectionPath('v1', 'configmaps', namespace))).toMatchObject({ status: 403 });
    });

    it('are not let in with a wrong token', async () => {
      const stranger = new ClusterApi({ server: cluster.server, ca: cluster.ca, token: 'wrong' });
      expect(await stranger.request('GET', configMaps)).toMatchObject({ status: 401 });
    });

    it('are the only ones Chandlery can do something as', async () => {
      expect(await as('chandlery').request('GET', collectionPath('v1', 'secrets', 'shop'))).toMatchObject({ status: 403 });
      const status = await new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${cluster.token('chandlery')}`, 'impersonate-user': 'anna' };
        const url = `${cluster.server}${collectionPath('v1', 'secrets', namespace)}`;
        request(url, { ca: cluster.ca, headers }, (response) => resolve(response.resume().statusCode))
          .once('error', reject)
          .end();
      });
      expect(status).toBe(200);
    });

    it('stand in the audit log, Chandlery beside whom it acted as', async () => {
      const lines = (await readFile(cluster.auditLog, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines).toContainEqual(
        expect.objectContaining({
          user: expect.objectContaining({ username: 'chandlery' }),
          impersonatedUser: expect.objectContaining({ username: 'anna' }),
          objectRef: expect.objectContaining({ resource: 'secrets', namespace }),
        }),
      );
      expect(lines).toContainEqual(
        expect.objectContaining({
          verb: 'create',
          requestObject: expect.objectContaining({ metadata: expect.objectContaining({ name: 'by-dev' }) }),
        }),
      );
    });
  });
});
