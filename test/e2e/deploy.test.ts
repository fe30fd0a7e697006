import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab, TESTER } from '../support/deploy-lab.ts';
import {
  actionsOf,
  auditEvents,
  deploymentOf,
  deploymentPath,
  outputsOf,
  planned,
  plannedObject,
  revisionsOf,
  secretNames,
  stepOf,
} from '../support/deploy-reads.ts';
import { NOTES, SHOP_AND_BLOG } from '../support/deploy-templates.ts';

const DIGEST = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
const TOKEN = 'a-token-given-by-the-user';

describeCluster('a deploy', () => {
  let lab: DeployLab;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: [...NOTES, ...SHOP_AND_BLOG] });
    await lab.startWorker();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  /** `resource/name` of what the API server carried out, without what only concerns secret values. */
  async function applied(namespace: string): Promise<string[]> {
    const entries = await lab.audit(namespace);
    return entries.filter(({ apply }) => apply).map(({ resource, name }) => `${resource}/${name}`);
  }

  it.concurrent('is shown in a plan first, which changes nothing', async () => {
    const namespace = await lab.namespace();
    const body = { namespace, ref: 'notes@1.0.0', parameters: { token: TOKEN, replicas: 2 } };
    const answer = await lab.api.call('POST', '/api/v1/plans', body);
    const plan = answer.body;
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`/api/v1/plans/${plan.digest}`);
    const { objects, permissions, ...rest } = plan;
    expect(rest).toEqual({
      digest: DIGEST,
      kind: 'deploy',
      cluster: 'local',
      namespace,
      name: 'notes',
      template: { registry: 'local', name: 'notes', version: '1.0.0', digest: DIGEST },
      parameters: { replicas: 2 },
      secretParameters: ['token'],
      generated: ['password'],
      base: 0,
      rendered: DIGEST,
      summary: { create: 6, update: 0, unchanged: 0, delete: 0 },
      images: ['example.org/notes:1'],
      capacity: { requests: { cpu: '200m', memory: '128Mi', pods: 2 }, quotas: [] },
      dependencies: [],
      warnings: [],
      createdAt: TIME,
    });
    const kinds = objects.map(({ ref, wave, action, checked, changes }: (typeof objects)[number]) => {
      expect({ namespace: ref.namespace, action, checked, changes }).toEqual({
        ...{ namespace, action: 'create', checked: 'cluster', changes: [] },
      });
      return `${wave} ${ref.kind}/${ref.name}`;
    });
    expect(kinds).toEqual([
      '3 ConfigMap/notes',
      '3 ConfigMap/notes-old',
      '3 Secret/notes',
      '4 PersistentVolumeClaim/notes-data',
      '5 Deployment/notes',
      '5 Service/notes',
    ]);
    expect(permissions).toContainEqual({ verb: 'patch', group: 'apps', resource: 'deployments', namespace, allowed: true });
    expect(permissions.every(({ allowed }: { allowed: boolean }) => allowed)).toBe(true);

    expect((await lab.api.get(`/api/v1/plans/${plan.digest}`)).body).toEqual(plan);
    expect((await lab.audit(namespace)).filter(({ dryRun, user }) => !dryRun && user === TESTER.user)).toEqual([]);
    expect((await lab.api.get(`/api/v1/installs?namespace=${namespace}`)).body.installs).toEqual([]);
    expect((await lab.api.get(`/api/v1/deployments?namespace=${namespace}`)).body.deployments).toEqual([]);
    // Asked again, it is the same plan.
    expect((await planned(lab.api, body)).digest).toBe(plan.digest);
  });

  it.concurrent('by the digest of a plan carries out exactly it', async () => {
    const namespace = await lab.namespace();
    const plan = await planned(lab.api, { namespace, ref: 'notes@1.0.0', name: 'notes', parameters: { token: TOKEN } });
    const answer = await lab.api.call('POST', '/api/v1/deployments', { plan: plan.digest, secrets: { token: TOKEN } });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('location')).toBe(`/api/v1/operations/${answer.body.operation}`);
    expect(answer.body).toMatchObject({ deployment: `local.${namespace}.notes`, joined: false });
    const operation = await lab.succeeded(answer.body.operation);
    expect(operation).toMatchObject({
      kind: 'deploy',
      target: `deployment/local/${namespace}/notes`,
      requester: TESTER.user,
      percent: 100,
      warnings: [],
      result: { deployment: `local.${namespace}.notes`, changed: true, revision: 1, plan: plan.digest, summary: plan.summary },
    });
    expect((await applied(namespace)).sort()).toEqual([
      'configmaps/notes',
      'configmaps/notes-old',
      'deployments/notes',
      'persistentvolumeclaims/notes-data',
      'secrets/notes',
      'services/notes',
    ]);
    const present = Object.keys(await lab.clusterState(namespace)).filter((key) => key !== 'RoleBinding/test-user');
    expect(present).toEqual([...plan.objects.map(({ ref }) => `${ref.kind}/${ref.name}`), 'Secret/chandlery.notes.v1'].sort());
    for (const { changes, action } of plan.objects) expect({ changes, action }).toEqual({ changes: [], action: 'create' });
  });

  it.concurrent('of a template that is not installed installs it first, through the same gates', async () => {
    const namespace = await lab.namespace();
    const operation = await lab.succeeded(lab.deploy(namespace, 'notes', { parameters: { token: TOKEN } }));
    expect(operation.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'resolve succeeded',
      'install succeeded',
      'render succeeded',
      'plan succeeded',
      'dependencies skipped',
      'apply succeeded',
      'wait-ready succeeded',
      'prune skipped',
      'record succeeded',
    ]);
    const { operations } = (await lab.api.get(`/api/v1/operations?namespace=${namespace}&kind=install`)).body;
    expect(operations).toMatchObject([
      { target: `install/local/${namespace}/notes`, state: 'succeeded', requester: TESTER.user },
    ]);
    const { installs } = (await lab.api.get(`/api/v1/installs?namespace=${namespace}`)).body;
    expect(installs).toMatchObject([{ name: 'notes', version: '1.1.0' }]);
    const refused = await lab.api.ended(await lab.api.uninstall(namespace, 'notes'));
    expect(refused.failure).toMatchObject({ code: 'in_use', message: expect.stringContaining('notes') });
  });

  it.concurrent('shows resources, events, outputs and revisions', async () => {
    const namespace = await lab.namespace();
    const operation = await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0', { parameters: { token: TOKEN, message: 'hi' } }));
    const path = deploymentPath(namespace, 'notes');
    expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({
      ...{ id: `local.${namespace}.notes`, state: 'ready', revision: 1, source: 'builtin', requester: TESTER.user },
      ...{ operation: operation.id, dependencies: [], dependents: [], template: { name: 'notes', version: '1.0.0' } },
    });
    const { resources, pods, revision } = (await lab.api.get(`${path}/resources`)).body;
    expect(revision).toBe(1);
    expect(resources.map(({ kind, name, status }: Record<string, string>) => `${kind}/${name} ${status}`)).toEqual([
      'ConfigMap/notes ready',
      'ConfigMap/notes-old ready',
      'Secret/notes ready',
      'PersistentVolumeClaim/notes-data ready',
      'Deployment/notes ready',
      'Service/notes ready',
    ]);
    expect(pods).toMatchObject([{ kind: 'Pod', status: 'ready' }]);
    const { events } = (await lab.api.get(`${path}/events`)).body;
    expect(events.map(({ reason }: { reason: string }) => reason)).toEqual(
      expect.arrayContaining(['Scheduled', 'SuccessfulCreate', 'ScalingReplicaSet']),
    );
    expect(await outputsOf(lab.api, namespace, 'notes')).toEqual({
      address: `http://notes.${namespace}.svc`,
      greeting: 'says hi',
      password: expect.stringMatching(/^.{12,}$/),
    });
    expect(await revisionsOf(lab.api, namespace, 'notes')).toMatchObject([
      { number: 1, state: 'current', kind: 'deploy', operation: operation.id, summary: { create: 6 }, requester: TESTER.user },
    ]);
    const detail = (await lab.api.get(`${path}/revisions/1`)).body;
    expect(detail.parameters).toEqual({ message: 'hi' });
    expect(detail.objects).toContainEqual(expect.objectContaining({ kind: 'Deployment', name: 'notes', uid: resources[4].uid }));
    const { operations } = (await lab.api.get(`${path}/operations`)).body;
    expect(operations).toMatchObject([{ id: operation.id, kind: 'deploy' }]);
  });

  it.concurrent('deploys what it needs first, for itself, and shares what is there', async () => {
    const namespace = await lab.namespace();
    const plan = await planned(lab.api, { namespace, ref: 'shop' });
    expect(plan.dependencies).toEqual([
      {
        ...{ template: 'cache', range: '^1.0.0', namespace, name: 'cache', action: 'deploy', direct: true, plan: DIGEST },
        ...{ pin: { registry: 'local', name: 'cache', version: '1.0.0', digest: DIGEST }, parameters: {} },
      },
    ]);
    const operation = await lab.succeeded(lab.api.call('POST', '/api/v1/deployments', { plan: plan.digest }).then(idOf));
    expect(stepOf(operation, 'dependencies')).toMatchObject({ state: 'succeeded' });
    const order = (await applied(namespace)).filter((object) => object.startsWith('deployments/'));
    expect(order).toEqual(['deployments/cache', 'deployments/shop']);
    expect(await deploymentOf(lab.api, namespace, 'cache')).toMatchObject({
      ...{ state: 'ready', owner: 'shop', dependents: [{ namespace, name: 'shop', owned: true }] },
    });
    expect(await deploymentOf(lab.api, namespace, 'shop')).toMatchObject({
      dependencies: [{ namespace, name: 'cache', template: 'cache', range: '^1.0.0', owned: true }],
    });

    const shared = await planned(lab.api, { namespace, ref: 'blog' });
    expect(shared.dependencies).toMatchObject([{ name: 'cache', action: 'shared', direct: true }]);
    await lab.succeeded(lab.deploy(namespace, 'blog'));
    expect(await deploymentOf(lab.api, namespace, 'blog')).toMatchObject({ dependencies: [{ name: 'cache', owned: false }] });
    expect((await applied(namespace)).filter((object) => object === 'deployments/cache')).toHaveLength(1);
  });

  it.concurrent('that is sent twice is one deploy, and a third one is refused', async () => {
    const namespace = await lab.namespace();
    const hold = await lab.holds.hold(namespace, 'apply', 'before');
    const request = { namespace, ref: 'notes', parameters: { token: TOKEN, replicas: 2 } };
    const post = (body: Record<string, unknown>) => lab.api.call('POST', '/api/v1/deployments', body);
    const first = (await post(request)).body;
    await hold.reached();
    expect((await post(request)).body).toMatchObject({ operation: first.operation, joined: true });
    const other = await post({ ...request, parameters: { token: TOKEN, replicas: 3 } });
    expect(other).toMatchObject({ status: 409, body: { code: 'target_busy', operation: first.operation } });
    // With another secret value it is another request, of which the running operation would do nothing.
    const another = await post({ ...request, parameters: { ...request.parameters, token: `${TOKEN}2` } });
    expect(another).toMatchObject({ status: 409, body: { code: 'target_busy', operation: first.operation } });
    const early = await lab.api.call('PATCH', deploymentPath(namespace, 'notes'), { parameters: { replicas: 3 } });
    expect(early).toMatchObject({ status: 404, body: { code: 'deployment_not_found' } });
    await hold.release();
    await lab.succeeded(first.operation);
    expect(await post(request)).toMatchObject({ status: 409, body: { code: 'deployment_exists' } });
    expect(await lab.api.call('POST', '/api/v1/plans', request)).toMatchObject({
      status: 409,
      body: { code: 'deployment_exists' },
    });
    // Of the requests that started nothing no secret is left.
    expect((await secretNames(lab, namespace)).filter((name) => name.startsWith('chandlery-inputs'))).toEqual([]);
  });

  it.concurrent('writes as the user who asked for it, with all his groups, and as nobody else', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0', { parameters: { token: TOKEN } }));
    await lab.succeeded(lab.upgrade(namespace, 'notes', { version: '1.1.0' }));
    await lab.succeeded(lab.destroy(namespace, 'notes'));
    const ours = (await auditEvents(lab, namespace)).filter(({ user }) => user.username === 'chandlery');
    expect(ours.length).toBeGreaterThan(30);
    for (const { impersonatedUser } of ours) {
      expect(impersonatedUser?.username).toBe(TESTER.user);
      expect(impersonatedUser?.groups).toEqual(expect.arrayContaining([...TESTER.groups, 'system:authenticated']));
    }
  });

  it.concurrent('under another name has objects of its own only where the template gives it names', async () => {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'cache', { name: 'sessions' }));
    const plan = await planned(lab.api, { namespace, ref: 'cache', name: 'pages' });
    expect(actionsOf(plan)).toEqual(['create Deployment/pages', 'create Service/pages', 'create ServiceAccount/pages']);
    expect(plannedObject(plan, 'Deployment', 'pages')).toBeDefined();
    await lab.succeeded(lab.deploy(namespace, 'cache', { name: 'pages' }));
    const { deployments } = (await lab.api.get(`/api/v1/deployments?namespace=${namespace}&template=cache`)).body;
    expect(deployments.map(({ name }: { name: string }) => name)).toEqual(['pages', 'sessions']);
  });
});

function idOf({ status, body }: { status: number; body: { operation: string } }): string {
  expect(status).toBe(202);
  return body.operation;
}
