import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '../../src/domain/errors.ts';
import { ERROR_CATALOGUE } from '../../src/domain/errors.ts';
import type { ApiAnswer, ApiClient } from '../../tools/lab/api-client.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../support/cluster.ts';
import type { DeployLab } from '../support/deploy-lab.ts';
import { openDeployLab, TESTER } from '../support/deploy-lab.ts';
import { clusterPath, deploymentOf, deploymentPath, objectOf, planned, secretNames } from '../support/deploy-reads.ts';
import { configMap, deploymentOf as deploymentObject, manifestFiles, NOTES } from '../support/deploy-templates.ts';
import type { TemplateFixture } from '../support/registry-folder.ts';

const TOKEN = 'a-token-given-by-the-user';

/** Templates that no cluster takes, or not this one. */
const UNFIT: TemplateFixture[] = [
  {
    ...{ name: 'unknown-kind', version: '1.0.0' },
    files: manifestFiles(configMap('a', {}), { apiVersion: 'nowhere.example/v1', kind: 'Widget', metadata: { name: 'w' } }),
  },
  {
    ...{ name: 'invalid-object', version: '1.0.0' },
    files: manifestFiles(configMap('a', {}), {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'bad' } },
      spec: { ports: [{ name: 'http', port: 99_999 }] },
    }),
  },
  { name: 'other-type', version: '1.0.0', spec: { type: 'helm', content: { chart: 'chart' } } },
  { name: 'newer-cluster', version: '1.0.0', spec: { requires: { kubernetes: '>=99.0.0' } } },
  {
    ...{
      name: 'two-pods',
      version: '1.0.0',
      spec: { parameters: { type: 'object', properties: { message: { type: 'string' } } } },
    },
    files: manifestFiles(deploymentObject('two-pods', 'example.org/two:1', { replicas: 2 })),
  },
];

describeCluster('a change that cannot be made', () => {
  let lab: DeployLab;
  /** May do everything in the cluster. */
  let admin: ApiClient;

  beforeAll(async () => {
    lab = await openDeployLab({ templates: [...NOTES, ...UNFIT] });
    const env = {
      ...{ CHANDLERY_ADMIN_TOKEN_FILE: join(lab.lab.dir, 'second-token') },
      ...{ CHANDLERY_ADMIN_USER: 'root', CHANDLERY_ADMIN_GROUPS: 'chandlery:admins' },
    };
    const [second] = await Promise.all([lab.lab.startApi({ env }), lab.startWorker()]);
    admin = second.client;
  }, CLUSTER_TIMEOUT_MS);

  afterAll(() => lab?.close(), 60_000);

  const plan = (body: Record<string, unknown>, api = lab.api) => api.call('POST', '/api/v1/plans', body);
  const deploy = (body: Record<string, unknown>, api = lab.api) => api.call('POST', '/api/v1/deployments', body);
  const patch = (namespace: string, body: Record<string, unknown>) =>
    lab.api.call('PATCH', deploymentPath(namespace, 'notes'), body);

  async function notes(): Promise<string> {
    const namespace = await lab.namespace();
    await lab.succeeded(lab.deploy(namespace, 'notes@1.0.0', { parameters: { token: TOKEN } }));
    return namespace;
  }

  /** A problem as the catalogue has it. */
  function expectProblem({ status, body }: ApiAnswer, code: ErrorCode, more: Record<string, unknown> = {}): void {
    const entry = ERROR_CATALOGUE[code];
    expect({ status, body }).toMatchObject({ status: entry.status, body: { code, guidance: entry.guidance, ...more } });
  }

  /** Nothing was begun: no operation on the deployment, nothing in the cluster. */
  async function expectNothing(namespace: string, name = 'notes'): Promise<void> {
    const { operations } = (await lab.api.get(`${deploymentPath(namespace, name)}/operations`)).body;
    expect(operations).toEqual([]);
    expect(Object.keys(await lab.clusterState(namespace)).filter((key) => !key.startsWith('R'))).toEqual([]);
    expect(
      (await lab.audit(namespace)).filter(({ user, dryRun, code }) => user === TESTER.user && !dryRun && code < 300),
    ).toEqual([]);
  }

  /** The plan is refused with the code, and so is the deploy, by its operation at this step; then nothing is left. */
  async function expectBothRefused(ref: string, step: string, code: ErrorCode, more: Record<string, unknown> = {}) {
    const namespace = await lab.namespace();
    expectProblem(await plan({ namespace, ref }), code, more);
    const operation = await lab.ended(lab.deploy(namespace, ref));
    expect(operation).toMatchObject({ state: 'failed', step, failure: { code, guidance: ERROR_CATALOGUE[code].guidance } });
    expect(Object.keys(await lab.clusterState(namespace))).toEqual(['RoleBinding/test-user']);
    expect((await lab.api.get(`/api/v1/deployments?namespace=${namespace}`)).body.deployments).toEqual([]);
    return operation;
  }

  describe('by its parameters', () => {
    it.concurrent.each<[string, Record<string, unknown>, string, RegExp]>([
      ['of the wrong type', { replicas: 'many' }, '/replicas', /whole number/],
      ['out of bounds', { replicas: 6 }, '/replicas', /5/],
      ['not in the list', { zone: 'c' }, '/zone', /"?a"?.*"?b"?/],
      ['that is not known', { replica: 2 }, '/replica', /replicas/],
      ['that is secret, and too short', { token: 'hush-7!' }, '/token', /8/],
    ])('%s is refused with its place and the reason, before anything starts', async (_what, parameters, path, message) => {
      const namespace = await lab.namespace();
      const body = { namespace, ref: 'notes', parameters: { token: TOKEN, ...parameters } };
      for (const answer of [await deploy(body), await plan(body)]) {
        expectProblem(answer, 'parameter_invalid', { errors: [{ path, message: expect.stringMatching(message) }] });
        expect(JSON.stringify(answer.body)).not.toContain('hush-7!');
      }
      await expectNothing(namespace);
    });

    it.concurrent('in an upgrade is refused too, and nothing is changed', async () => {
      const namespace = await notes();
      const [before, secrets] = [await lab.clusterState(namespace), await secretNames(lab, namespace)];
      expectProblem(await patch(namespace, { parameters: { replicas: -1 } }), 'parameter_invalid', {
        errors: [{ path: '/replicas' }],
      });
      expectProblem(await patch(namespace, { parameters: { token: null } }), 'parameter_invalid', {
        errors: [{ path: '/token' }],
      });
      const immutable = { errors: [{ path: '/zone' }] };
      expectProblem(
        await plan({ deployment: `local.${namespace}.notes`, parameters: { zone: 'b' } }),
        'parameter_immutable',
        immutable,
      );
      const answer = await patch(namespace, { parameters: { zone: 'b' } });
      const operation = await lab.ended(answer.body.operation);
      expect(operation).toMatchObject({ state: 'failed', step: 'render', failure: { code: 'parameter_immutable' } });
      expect(await lab.clusterState(namespace)).toEqual(before);
      expect(await secretNames(lab, namespace)).toEqual(secrets);
    });

    it.concurrent.each([
      ['another document', 'x\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: evil}\n'],
      ['another member', 'x\n  evil: "true"\nmetadata:\n  labels: {evil: "true"}'],
      ['the end of a quote', '"}, "evil": {"a": "b"}'],
      ['an anchor, an alias and a tag', '&a !!binary *a # no comment: evil'],
      ['a parameter', '$' + '{password} $token $$'],
      ['a variable of the container', '$(PATH)'],
      ['a template', '{{ .Values.password }}<% evil %>'],
      ['numbers and truth', 'true'],
    ])('with a value that looks like %s is put in as text, and adds nothing', async (_what, message) => {
      const namespace = await lab.namespace();
      await lab.succeeded(lab.deploy(namespace, 'notes', { parameters: { token: TOKEN, message } }));
      const state = await lab.clusterState(namespace);
      expect(Object.keys(state)).toEqual([
        'ConfigMap/notes',
        'ConfigMap/notes-new',
        'Deployment/notes',
        'RoleBinding/test-user',
        'Secret/chandlery.notes.v1',
        'Secret/notes',
        'Service/notes',
      ]);
      expect(state['ConfigMap/notes']?.data).toEqual({ message, zone: 'a' });
      const { template } = (await objectOf(lab, 'Deployment', namespace, 'notes')).spec;
      // Kubernetes expands $(NAME) in it, and makes one dollar sign of two: what the container gets is what was given.
      const [{ name, value }] = template.spec.containers[0].env;
      expect({ name, value: value.replaceAll('$$', () => '$') }).toEqual({ name: 'MESSAGE', value: message });
      expect(value).not.toMatch(/(?<!\$)\$\(/);
      expect(Object.keys(state['ConfigMap/notes']?.metadata.labels ?? {})).not.toContain('evil');
    });
  });

  describe('by the cluster', () => {
    it.concurrent('because the user may only look: forbidden, with every right that is missing', async () => {
      const namespace = await lab.cluster.namespace(TESTER.user, 'view');
      const missing = expect.arrayContaining([
        { verb: 'patch', group: 'apps', resource: 'deployments', namespace },
        { verb: 'create', group: '', resource: 'secrets', namespace },
      ]);
      const detail = expect.stringContaining(`tester may not`);
      expectProblem(await plan({ namespace, ref: 'notes' }), 'forbidden', { missing, detail });
      expectProblem(await deploy({ namespace, ref: 'notes', parameters: { token: TOKEN } }), 'forbidden', {
        missing: [expect.objectContaining({ verb: 'create', group: '', resource: 'secrets', namespace })],
      });
      await expectNothing(namespace);
      const operation = await lab.ended(lab.deploy(namespace, 'notes'));
      expect(operation).toMatchObject({ state: 'failed', step: 'plan', failure: { code: 'forbidden', details: { missing } } });
      expect(stepsTried(operation.steps, 'plan')).toBe(1);
    });

    it.concurrent('because the namespace does not exist: namespace_missing', async () => {
      const body = { namespace: 'there-is-no-such-namespace', ref: 'notes' };
      expectProblem(await plan(body, admin), 'namespace_missing', { detail: expect.stringContaining(body.namespace) });
      expectProblem(await deploy({ ...body, parameters: { token: TOKEN } }, admin), 'namespace_missing');
      // Who may not even know is told of his rights.
      expectProblem(await plan(body), 'forbidden');
    });

    it.concurrent('because it does not know the kind: api_unknown', async () => {
      const operation = await expectBothRefused('unknown-kind', 'plan', 'api_unknown');
      expect(operation.failure?.message).toContain('nowhere.example/v1 Widget');
    });

    it.concurrent('because an object is invalid: object_invalid, with the field', async () => {
      const errors = expect.arrayContaining([{ path: '/spec/ports/0/port', message: expect.stringContaining('65535') }]);
      const operation = await expectBothRefused('invalid-object', 'plan', 'object_invalid', { errors });
      expect(operation.failure?.message).toMatch(/Service .*bad/);
    });

    it.concurrent('because the template asks for another cluster: cluster_unfit', async () => {
      const operation = await expectBothRefused('newer-cluster', 'render', 'cluster_unfit');
      expect(operation.failure?.message).toMatch(/>=99\.0\.0/);
    });

    it.concurrent('because templates of its type are not deployed yet: type_unsupported', async () => {
      await expectBothRefused('other-type', 'render', 'type_unsupported');
      const namespace = await lab.namespace();
      const installed = await lab.api.ended(await lab.api.install(namespace, 'other-type'));
      expect(installed.state).toBe('succeeded');
    });

    it.concurrent('because a quota has no room for an object: quota_exceeded', async () => {
      const namespace = await lab.namespace();
      // kube-root-ca.crt is one of them.
      await quota(namespace, { 'count/configmaps': '1' });
      const answer = await plan({ namespace, ref: 'notes', parameters: { token: TOKEN } });
      expectProblem(answer, 'quota_exceeded', { detail: expect.stringMatching(/configmaps/) });
      const operation = await lab.ended(lab.deploy(namespace, 'notes', { parameters: { token: TOKEN } }));
      expect(operation).toMatchObject({ state: 'failed', step: 'plan', failure: { code: 'quota_exceeded' } });
      expect(await secretNames(lab, namespace)).toEqual([]);
    });

    it.concurrent('because a quota has no room for the pods: quota_exceeded, and what was made is gone', async () => {
      const namespace = await lab.namespace();
      await quota(namespace, { pods: '1' });
      const before = await lab.clusterState(namespace);
      const seen = await planned(lab.api, { namespace, ref: 'two-pods', parameters: { message: 'x' } });
      expect(seen.capacity.quotas).toEqual([{ quota: 'small', resource: 'pods', hard: '1', used: '0', adds: '2', fits: false }]);
      expect(seen.warnings).toEqual(['quota small: pods needs 2 more; 0 of 1 are used']);
      const operation = await lab.ended(lab.deploy(namespace, 'two-pods', { parameters: { message: 'x' }, readySeconds: 3 }));
      expect(operation).toMatchObject({ state: 'failed', step: 'wait-ready', failure: { code: 'quota_exceeded' } });
      expect(operation.failure?.message).toMatch(/Deployment .*two-pods.*exceeded quota: small/);
      expect(await lab.clusterState(namespace)).toEqual(before);
    });
  });

  describe('by what is there', () => {
    it.concurrent('because another manager owns a field: field_conflict, unless forced', async () => {
      const namespace = await notes();
      const scaled = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'notes' }, spec: { replicas: 3 } };
      const path = `${clusterPath('Deployment', namespace, 'notes')}?fieldManager=kubectl&force=true`;
      await lab.cluster.api.expect('PATCH', path, scaled, 'application/apply-patch+yaml');
      const conflicts = [{ field: '.spec.replicas', manager: 'kubectl' }];
      const body = { parameters: { replicas: 2 } };
      const answer = await plan({ deployment: `local.${namespace}.notes`, ...body });
      expectProblem(answer, 'field_conflict', { conflicts, detail: expect.stringContaining('Deployment') });
      const refused = await lab.ended(lab.upgrade(namespace, 'notes', body));
      expect(refused).toMatchObject({
        state: 'failed',
        step: 'plan',
        failure: { code: 'field_conflict', details: { conflicts } },
      });
      const forced = await planned(lab.api, { deployment: `local.${namespace}.notes`, ...body, force: true });
      expect(forced.objects.flatMap(({ changes }) => changes)).toEqual([{ path: '/spec/replicas', before: 3, after: 2 }]);
      await lab.succeeded(lab.upgrade(namespace, 'notes', { ...body, force: true }));
      const { spec, metadata } = await objectOf(lab, 'Deployment', namespace, 'notes');
      expect(spec.replicas).toBe(2);
      expect(metadata.managedFields.filter(ownsReplicas).map(({ manager }: { manager: string }) => manager)).toEqual([
        'chandlery',
      ]);
    });

    it.concurrent('because an object belongs to another deployment, or to nobody we know: not_owned, with whose it is', async () => {
      const namespace = await notes();
      const before = await lab.clusterState(namespace);
      const body = { namespace, ref: 'notes', name: 'second', parameters: { token: TOKEN } };
      const objects = expect.arrayContaining([
        expect.objectContaining({ kind: 'Deployment', name: 'notes', owner: expect.stringContaining('notes') }),
      ]);
      expectProblem(await plan(body), 'not_owned', { objects });
      const { body: accepted } = await deploy(body);
      const operation = await lab.ended(accepted.operation);
      expect(operation).toMatchObject({ state: 'failed', step: 'plan', failure: { code: 'not_owned', details: { objects } } });
      expect(await lab.clusterState(namespace)).toEqual(before);
      expect((await lab.api.get(deploymentPath(namespace, 'second'))).status).toBe(404);

      const elsewhere = await lab.namespace();
      await lab.cluster.api.expect('POST', clusterPath('ConfigMap', elsewhere), configMap('notes', { by: 'hand' }));
      const unmanaged = await plan({ namespace: elsewhere, ref: 'notes' });
      expectProblem(unmanaged, 'not_owned', { objects: [expect.objectContaining({ kind: 'ConfigMap', name: 'notes' })] });
      const refused = await lab.ended(lab.deploy(elsewhere, 'notes', { force: true }));
      expect(refused).toMatchObject({ state: 'failed', failure: { code: 'not_owned' } });
      expect((await objectOf(lab, 'ConfigMap', elsewhere, 'notes')).data).toEqual({ by: 'hand' });
    });

    it.concurrent('because things have changed since the plan: plan_stale, with what', async () => {
      const namespace = await notes();
      const deployment = `local.${namespace}.notes`;
      const old = await planned(lab.api, { deployment, parameters: { message: 'bye' } });
      await lab.cluster.api.expect('DELETE', clusterPath('ConfigMap', namespace, 'notes'));
      const gone = await lab.ended((await deploy({ plan: old.digest })).body.operation);
      const what = `ConfigMap ${namespace}/notes`;
      const failure = { code: 'plan_stale', details: { changes: [{ what, was: 'update', is: 'create' }] } };
      expect(gone).toMatchObject({ state: 'failed', step: 'plan', failure });
      expect(gone.failure?.message).toContain(`${what} was update and is create`);
      expect(await objectOf(lab, 'ConfigMap', namespace, 'notes')).toBeUndefined();

      await lab.succeeded(lab.upgrade(namespace, 'notes', { parameters: { message: 'other' } }));
      const late = await deploy({ plan: old.digest });
      expectProblem(late, 'plan_stale', { changes: [{ what: 'revision', was: '1', is: '2' }] });
      expect(await deploymentOf(lab.api, namespace, 'notes')).toMatchObject({ state: 'ready', revision: 2 });
    });

    it.concurrent('because somebody changed a field that it would take over: plan_stale with both values', async () => {
      const namespace = await notes();
      const edit = (message: string) =>
        lab.cluster.api.expect(
          'PATCH',
          `${clusterPath('ConfigMap', namespace, 'notes')}?fieldManager=kubectl-edit`,
          { data: { message } },
          'application/merge-patch+json',
        );
      await edit('by hand');
      const seen = await planned(lab.api, { deployment: `local.${namespace}.notes`, force: true });
      await edit('again');
      const operation = await lab.ended((await deploy({ plan: seen.digest, force: true })).body.operation);
      const change = { was: expect.stringContaining('by hand'), is: expect.stringContaining('again') };
      const failure = { code: 'plan_stale', details: { changes: [change] } };
      expect(operation).toMatchObject({ state: 'failed', step: 'plan', failure });
      expect((await objectOf(lab, 'ConfigMap', namespace, 'notes')).data.message).toBe('again');
    });

    it.concurrent('because there is no such plan, template, version or deployment', async () => {
      const namespace = await lab.namespace();
      for (const digest of [`sha256:${'0'.repeat(64)}`, 'latest', '../../etc/passwd'])
        expectProblem(await deploy({ plan: digest }), 'plan_not_found');
      expectProblem(await plan({ namespace, ref: 'ntoes' }), 'template_not_found', { alternatives: ['notes'] });
      expectProblem(await deploy({ namespace, ref: 'notes@^9.0.0' }), 'version_not_found');
      expectProblem(await patch(namespace, {}), 'deployment_not_found');
      expectProblem(await plan({ deployment: `local.${namespace}.notes` }), 'deployment_not_found');
    });
  });

  it.concurrent('without a cluster: cluster_unavailable with what to do; installs go on', async () => {
    const env = { KUBECONFIG: '', CHANDLERY_TASK_QUEUE: 'without-a-cluster' };
    const [{ client }] = await Promise.all([lab.lab.startApi({ env }), lab.startWorker({ env })]);
    const namespace = 'without-a-cluster';
    const guidance = expect.stringContaining('KUBECONFIG');
    expectProblem(await deploy({ namespace, ref: 'notes' }, client), 'cluster_unavailable', { guidance });
    expectProblem(await plan({ namespace, ref: 'notes' }, client), 'cluster_unavailable', { guidance });
    const installed = await client.ended(await client.install(namespace, 'notes'));
    expect(installed.state).toBe('succeeded');
    expect(installed.steps[0]?.detail).toContain('there is no cluster: cluster checks skipped');
  });

  async function quota(namespace: string, hard: Record<string, string>): Promise<void> {
    const object = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'small' }, spec: { hard } };
    await lab.cluster.api.expect('POST', clusterPath('ResourceQuota', namespace), object);
    // Its use is counted by a controller; until then everything is refused.
    for (;;) {
      const { status } = await objectOf(lab, 'ResourceQuota', namespace, 'small');
      if (status.used) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});

function stepsTried(steps: Array<{ name: string; attempt: number }>, name: string): number {
  return steps.find((step) => step.name === name)?.attempt ?? 0;
}

function ownsReplicas({ fieldsV1 }: { fieldsV1?: Record<string, Record<string, unknown>> }): boolean {
  return Object.hasOwn(fieldsV1?.['f:spec'] ?? {}, 'f:replicas');
}
