import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PACKAGE_ROOT } from '../../src/config.ts';
import { ApiClient } from '../../tools/lab/api-client.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab } from '../support/deploy-lab.ts';
import { auditEvents, clusterPath, deploymentOf, deploymentPath, outputsOf } from '../support/deploy-reads.ts';
import { NOTES } from '../support/deploy-templates.ts';
import type { RegistryFolder } from '../support/registry-folder.ts';
import { createRegistryFolder } from '../support/registry-folder.ts';

/** Each built-in, with nothing given but what it asks for. */
const BUILT_INS: Array<[string, { parameters?: Record<string, unknown>; kinds: string[]; outputs: Record<string, unknown> }]> = [
  [
    'web-app',
    {
      parameters: { image: 'example.org/app:1.2.3' },
      kinds: ['ServiceAccount', 'Deployment', 'Service'],
      outputs: { address: expect.stringMatching(/^http:\/\/web-app\./), url: undefined },
    },
  ],
  [
    'redis',
    {
      kinds: ['ServiceAccount', 'Secret', 'Service', 'Service', 'StatefulSet'],
      outputs: {
        host: expect.stringMatching(/^redis\..*:6379$/),
        url: expect.stringMatching(/^redis:\/\/redis\./),
        password: expect.stringMatching(/^\S{12,}$/),
      },
    },
  ],
  [
    'static-site',
    {
      kinds: ['ServiceAccount', 'Deployment', 'Service'],
      outputs: { address: expect.stringMatching(/^http:\/\/static-site\./), url: undefined },
    },
  ],
  [
    'cron-job',
    {
      parameters: { image: 'example.org/job:1', schedule: '@daily' },
      kinds: ['ServiceAccount', 'CronJob'],
      outputs: { schedule: '@daily (Etc/UTC)' },
    },
  ],
];

describeCluster('built-in templates and people', () => {
  let lab: DeployLab;
  let main: RegistryFolder;
  /** Of the group that makes tokens, and that may do everything in the cluster. */
  let admin: ApiClient;

  beforeAll(async () => {
    main = await createRegistryFolder(NOTES);
    const registries = join(main.dir, 'registries.yaml');
    const entry = { name: 'main', type: 'community', url: `file://${main.dir}`, default: true };
    await writeFile(registries, JSON.stringify({ registries: [entry] }));
    const env = { CHANDLERY_TEMPLATES_DIR: join(PACKAGE_ROOT, 'templates'), CHANDLERY_REGISTRIES: registries };
    lab = await openDeployLab({ env });
    const [, second] = await Promise.all([
      lab.startWorker(),
      lab.lab.startApi({
        env: {
          ...{ CHANDLERY_ADMIN_TOKEN_FILE: join(lab.lab.dir, 'second-token') },
          ...{ CHANDLERY_ADMIN_USER: 'root', CHANDLERY_ADMIN_GROUPS: 'chandlery:admins' },
        },
      }),
    ]);
    admin = second.client;
  }, CLUSTER_TIMEOUT_MS);

  afterAll(async () => {
    await lab?.close();
    await main?.remove();
  }, 60_000);

  it.concurrent.each(BUILT_INS)('%s deploys as it is and gets ready', async (name, { parameters = {}, kinds, outputs }) => {
    const namespace = await lab.namespace();
    const operation = await lab.succeeded(lab.deploy(namespace, name, { parameters }));
    expect(operation.warnings).toEqual([]);
    expect(await deploymentOf(lab.api, namespace, name)).toMatchObject({ state: 'ready', source: 'builtin' });
    const { resources } = (await lab.api.get(`${deploymentPath(namespace, name)}/resources`)).body;
    expect(resources.map(({ kind }: { kind: string }) => kind).sort()).toEqual([...kinds].sort());
    for (const resource of resources) expect(resource).toMatchObject({ status: 'ready' });
    expect(await outputsOf(lab.api, namespace, name)).toEqual(outputs);
    const upgraded = await lab.succeeded(lab.upgrade(namespace, name, {}));
    expect(upgraded.result).toMatchObject({ changed: false });
    await lab.succeeded(lab.destroy(namespace, name, { deleteVolumes: true }));
    expect(Object.keys(await lab.clusterState(namespace))).toEqual(['RoleBinding/test-user']);
  });

  it.concurrent.each(BUILT_INS)('%s is launched for somebody, on spot nodes', async (name, { parameters = {} }) => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, name, { parameters, spot: true, owner: 'Ann <ann@example.org>' }));
    const objects = Object.values(await lab.clusterState(namespace));
    const controller = objects.find(({ kind }) => ['Deployment', 'StatefulSet', 'CronJob'].includes(kind));
    const account = objects.find(({ kind }) => kind === 'ServiceAccount');
    for (const object of [controller, account])
      expect(object?.metadata).toMatchObject({
        labels: { 'chandlery.dev/owner': expect.stringMatching(/^Ann__ann_example\.org-[0-9a-f]{8}$/) },
        annotations: { 'chandlery.dev/owner': 'Ann <ann@example.org>' },
      });
    expect(JSON.stringify(controller?.spec)).toContain('"key":"chandlery.dev/spot"');
  });

  it.concurrent('the size of the volume of redis is not changed by an upgrade, and nothing is tried', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'redis'));
    const before = await lab.clusterState(namespace);
    const refused = await lab.ended(lab.upgrade(namespace, 'redis', { parameters: { storage: '10Gi' } }));
    expect(refused).toMatchObject({
      ...{
        state: 'failed',
        step: 'render',
        failure: { code: 'parameter_immutable', message: expect.stringContaining('storage') },
      },
    });
    expect(await lab.clusterState(namespace)).toEqual(before);
  });

  it.concurrent('an image alone is deployed by the built-in web-app, under its own name', async () => {
    const namespace = await lab.namespace();
    const body = { namespace, image: 'registry.example.org/team/hello:2', size: 'M' };
    const answer = await lab.api.call('POST', '/api/v1/deployments', body);
    expect(answer.body.deployment).toBe(`local.${namespace}.hello`);
    await lab.succeeded(answer.body.operation);
    expect(await deploymentOf(lab.api, namespace, 'hello')).toMatchObject({ template: { registry: 'local', name: 'web-app' } });
  });

  it.concurrent('what a registry offers is source: marketplace', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'main/notes@1.0.0'));
    expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({
      ...{ source: 'marketplace', template: { registry: 'main', name: 'notes', version: '1.0.0' } },
    });
  });

  describe('the bearer of a token that was made', () => {
    async function token(user: string, groups: string[]): Promise<ApiClient> {
      const roles = [{ role: 'operator', namespace: '*' }];
      const { status, body } = await admin.call('POST', '/api/v1/tokens', { name: `${user}'s`, user, groups, roles });
      expect({ status, body }).toMatchObject({ status: 201, body: { user, groups } });
      return new ApiClient(admin.url, body.token);
    }

    /** A right that a group has, and nobody else. */
    async function bind(namespace: string, name: string, role: string, group: string): Promise<void> {
      const apiGroup = 'rbac.authorization.k8s.io';
      await lab.cluster.api.expect('POST', clusterPath('RoleBinding', namespace), {
        ...{ apiVersion: `${apiGroup}/v1`, kind: 'RoleBinding', metadata: { name } },
        roleRef: { apiGroup, kind: 'ClusterRole', name: role },
        subjects: [{ apiGroup, kind: 'Group', name: group }],
      });
    }

    it.concurrent('acts in the cluster with all of his groups', async () => {
      const namespace = await lab.namespace();
      await bind(namespace, 'by-the-second-group', 'edit', 'team-b');
      const ann = await token('ann', ['team-a', 'team-b', 'group with, comma']);
      const operation = await ann.ended(
        (await ann.call('POST', '/api/v1/deployments', { namespace, ref: 'static-site' })).body.operation,
      );
      expect(operation).toMatchObject({ state: 'succeeded', requester: 'ann' });
      const ours = (await auditEvents(lab, namespace)).filter(({ user }) => user.username === 'chandlery');
      expect(ours.length).toBeGreaterThan(5);
      for (const { impersonatedUser } of ours)
        expect(impersonatedUser).toMatchObject({
          ...{ username: 'ann', groups: ['team-a', 'team-b', 'group with, comma', 'system:authenticated'] },
        });
    });

    it.concurrent('reads secret outputs only where the cluster lets him read Secrets', async () => {
      const namespace = await lab.namespace();
      await lab.succeeded(lab.deploy(namespace, 'redis'));
      await bind(namespace, 'by-view', 'view', 'on-lookers');
      const looker = await token('carl', ['on-lookers']);
      const path = `${deploymentPath(namespace, 'redis')}/outputs`;
      const { outputs } = (await looker.get(path)).body;
      expect(outputs).toContainEqual(expect.objectContaining({ name: 'host', value: expect.stringContaining(':6379') }));
      const hidden = outputs.find(({ name }: { name: string }) => name === 'password');
      expect(hidden).toMatchObject({ secret: true, note: expect.stringMatching(/may not/) });
      expect(hidden).not.toHaveProperty('value');
      expect((await lab.api.get(`${path}?secrets=false`)).body.outputs).toContainEqual(
        expect.objectContaining({ name: 'password', note: 'secret, and not asked for' }),
      );
    });

    it.concurrent('is listed, without the token, and makes none himself', async () => {
      const bob = await token('bob', ['team-c']);
      const { tokens } = (await admin.get('/api/v1/tokens')).body;
      expect(tokens).toContainEqual(expect.objectContaining({ name: "bob's", user: 'bob', groups: ['team-c'], state: 'active' }));
      expect(JSON.stringify(tokens)).not.toContain(bob.token);
      for (const answer of [await bob.call('POST', '/api/v1/tokens', { user: 'root' }), await bob.get('/api/v1/tokens')])
        expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden', missing: [{ role: 'admin', namespace: '*' }] } });
    });
  });
});
