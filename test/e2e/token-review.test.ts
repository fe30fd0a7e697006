import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ApiClient } from '../../tools/lab/api-client.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster, sharedCluster, type TestCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { clusterPath, deploymentOf } from '../support/deploy-reads.ts';
import { SMALL, smallTemplates } from '../support/small-template.ts';

/** A service account comes with a token of the cluster, and does everything as itself. */

const TEST_TIMEOUT_MS = 90_000;
const AUDIENCE = 'chandlery';
/** The shortest that the API server gives out, seconds. */
const TOKEN_SECONDS = 600;

describeCluster('a service account, with a token of the cluster', () => {
  let lab: DeployLab;
  let cluster: TestCluster;
  let dir: string;
  /** The service account lives in the first; it may do everything in the second, nothing in the cluster in the third. */
  let [home, own, roleOnly] = ['', '', ''];
  const user = () => `system:serviceaccount:${home}:deployer`;
  const source = (namespace: string) => `/api/v1/namespaces/${namespace}/marketplace-sources`;

  beforeAll(async () => {
    cluster = await sharedCluster();
    home = await cluster.namespace();
    own = await cluster.namespace(user(), 'admin');
    roleOnly = await cluster.namespace();
    await cluster.api.expect('POST', `/api/v1/namespaces/${home}/serviceaccounts`, {
      ...{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'deployer' } },
    });
    dir = await mkdtemp(join(tmpdir(), 'chandlery-roles-'));
    const file = join(dir, 'roles.yaml');
    const binding = { role: 'operator', namespaces: [own, roleOnly], groups: [`system:serviceaccounts:${home}`] };
    await writeFile(file, JSON.stringify({ bindings: [binding] }));
    lab = await openDeployLab({
      templates: smallTemplates(),
      env: { CHANDLERY_TOKEN_REVIEW: 'on', CHANDLERY_TOKEN_AUDIENCES: AUDIENCE, CHANDLERY_ROLE_BINDINGS: file },
    });
    await lab.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(async () => {
    await lab?.close();
    if (dir) await rm(dir, { recursive: true });
  }, 60_000);

  async function withToken(audience = AUDIENCE): Promise<ApiClient> {
    const body = await cluster.api.expect('POST', `/api/v1/namespaces/${home}/serviceaccounts/deployer/token`, {
      ...{ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' },
      spec: { audiences: [audience], expirationSeconds: TOKEN_SECONDS },
    });
    return new ApiClient(lab.api.url, (body as { status: { token: string } }).status.token);
  }

  it('is who the cluster says, with the roles that bindings give', async () => {
    const { status, body } = await (await withToken()).get('/api/v1/whoami');
    expect([status, body]).toEqual([
      200,
      {
        ...{ user: user(), via: 'cluster' },
        groups: expect.arrayContaining(['system:serviceaccounts', `system:serviceaccounts:${home}`, 'system:authenticated']),
        roles: [own, roleOnly].map((namespace) => ({ role: 'operator', namespace })),
      },
    ]);
  });

  it('is nobody with a token for somebody else, with a made-up one, or with one of the cluster where it should not go', async () => {
    const refused = [
      await withToken('https://kubernetes.default.svc.cluster.local'),
      new ApiClient(lab.api.url, 'made.up.token'),
    ];
    for (const api of refused)
      expect(await api.get('/api/v1/whoami')).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
  });

  it(
    'deploys as itself, and the cluster sees nobody else',
    async () => {
      const api = await withToken();
      const accepted = await api.call('POST', '/api/v1/deployments', { namespace: own, ref: `${SMALL}@1.0.0` });
      expect(accepted.status).toBe(202);
      expect(await api.ended(accepted.body.operation)).toMatchObject({ state: 'succeeded', requester: user() });
      expect(await deploymentOf(api, own, SMALL)).toMatchObject({ state: 'ready', requester: user() });
      const changes = (await lab.audit(own)).filter(({ apply }) => apply);
      expect(changes.length).toBeGreaterThan(0);
      expect([...new Set(changes.map((change) => change.user))]).toEqual([user()]);
    },
    TEST_TIMEOUT_MS,
  );

  it('edits sources by its rights in the cluster, and by nothing else', async () => {
    const api = await withToken();
    const body = { name: 'mirror', url: 'https://example.org/catalog.json' };
    expect(await api.call('POST', source(own), body)).toMatchObject({ status: 201 });
    const { metadata } = (await cluster.api.expect('GET', clusterPath('ConfigMap', own, 'marketplace-sources'))) as {
      metadata: { name: string };
    };
    expect(metadata.name).toBe('marketplace-sources');
    expect((await lab.audit(own)).filter(({ name }) => name === metadata.name).map((change) => change.user)).toContain(user());
    // A role here is no right there.
    expect(await api.call('POST', source(roleOnly), body)).toMatchObject({
      status: 403,
      body: { error: 'impersonation_forbidden', user: user() },
    });
  });

  it('has no role in its own namespace, where nobody gave it one', async () => {
    const api = await withToken();
    expect(await api.call('POST', '/api/v1/deployments', { namespace: home, ref: SMALL })).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: `${user()} needs role operator in namespace ${home}` },
    });
    expect(await api.get('/api/v1/deployments')).toMatchObject({ status: 403 });
    expect(await api.get(`/api/v1/deployments?namespace=${roleOnly}`)).toMatchObject({ status: 200 });
  });
});
