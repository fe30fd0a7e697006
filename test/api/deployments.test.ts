import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../../src/domain/cluster.ts';
import { DEPLOYMENT_ID_ANNOTATION, DEPLOYMENT_LABEL } from '../../src/domain/cluster.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import type { DeployLab } from './support/deploy-lab.ts';
import { DEV, openDeployLab, TEMPLATES } from './support/deploy-lab.ts';
import { deployed, UID } from './support/deployed.ts';
import { forbidden } from './support/fake-cluster.ts';

let lab: DeployLab;
const SECRET_VALUE = 'hunter2-hunter2';

beforeAll(async () => {
  lab = await openDeployLab(TEMPLATES);
  await deployed(lab, { name: 'shop', template: 'plain', version: '1.0.0', parameters: { replicas: 3 } });
  await deployed(lab, { name: 'safe', template: 'vault', version: '2.0.0', secrets: ['password'] });
}, 120_000);

afterAll(async () => await lab?.close(), 60_000);

beforeEach(() => {
  lab.next = Object.assign(lab.next, {
    ...{ joined: false, inputs: undefined, failure: undefined, settled: undefined, operation: undefined },
  });
  lab.started.length = 0;
  lab.audited.length = 0;
  lab.cluster.failures.clear();
});

const secretsLeft = () =>
  [...lab.cluster.objects.values()].filter(({ metadata }) => metadata.name.startsWith('chandlery-inputs-'));

/** The Secret with the inputs of an operation that runs. */
function runningWith(name: string, password: string): void {
  const data = { password: Buffer.from(JSON.stringify(password)).toString('base64') };
  lab.cluster.add({ apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'team-a' }, data });
}

describe('POST /deployments', () => {
  it('starts a deploy of exactly the version that the reference means', async () => {
    const body = {
      namespace: 'team-b',
      ref: 'plain@^1.0.0',
      name: 'web',
      parameters: { replicas: 2 },
      keepFailed: true,
      readySeconds: 60,
    };
    const answer = await lab.dev.call('POST', '/api/v1/deployments', body);
    const [operation] = lab.started;
    expect([answer.status, answer.headers.get('location')]).toEqual([202, `/api/v1/operations/${operation?.id}`]);
    expect(answer.body).toMatchObject({ operation: operation?.id, joined: false, deployment: 'local.team-b.web' });
    expect(operation).toMatchObject({
      kind: 'deploy',
      input: {
        target: { kind: 'deployment', cluster: 'local', namespace: 'team-b', name: 'web' },
        requester: DEV,
        limits: { operationMs: 2_000 },
        request: {
          registry: 'main',
          name: 'plain',
          range: '1.1.0',
          parameters: { replicas: 2 },
          keepFailed: true,
          readySeconds: 60,
        },
      },
    });
  });

  it('means what is installed in the namespace before anything newer', async () => {
    await lab.dev.call('POST', '/api/v1/deployments', { namespace: 'team-a', ref: 'plain' });
    expect(lab.started[0]?.input.request).toMatchObject({ registry: 'main', range: '1.0.0' });
  });

  it("takes the template's name and the namespace default", async () => {
    expect((await lab.dev.call('POST', '/api/v1/deployments', { ref: 'main/plain' })).body.deployment).toBe(
      'local.default.plain',
    );
  });

  it('deploys an image as the built-in web-app, and maps size, spot and owner', async () => {
    const answer = await lab.dev.call('POST', '/api/v1/deployments', {
      image: 'ghcr.io/acme/podinfo:6.7.0',
      size: 'L',
      spot: true,
      owner: 'ann',
    });
    expect(answer.body.deployment).toBe('local.default.podinfo');
    expect(lab.started[0]?.input.request).toMatchObject({
      registry: 'local',
      name: 'web-app',
      parameters: { image: 'ghcr.io/acme/podinfo:6.7.0', size: 'L', spot: true, owner: 'ann' },
    });
  });

  it.each([
    ['a value of another type', { ref: 'plain', parameters: { replicas: 'many' } }, 422, 'parameter_invalid', '/replicas'],
    ['a name that is no parameter', { ref: 'plain', parameters: { replica: 2 } }, 422, 'parameter_invalid', '/replica'],
    ['a secret that is missing', { ref: 'vault' }, 422, 'parameter_invalid', '/password'],
    ['a size that the template does not have', { ref: 'local/static-site', size: 'L' }, 422, 'parameter_invalid', '/size'],
    [
      'a shorthand beside its parameter',
      { ref: 'plain', size: 'S', parameters: { size: 'M' } },
      422,
      'parameter_invalid',
      '/size',
    ],
    ['neither template nor plan', { namespace: 'a' }, 400, 'invalid_request', 'body/ref'],
    ['two of them', { ref: 'plain', image: 'a' }, 400, 'invalid_request', 'body/image'],
    ['a name that is none', { ref: 'plain', name: 'A_b' }, 400, 'invalid_request', 'body/name'],
  ])('refuses %s before anything starts', async (_what, body, status, code, path) => {
    const answer = await lab.dev.call('POST', '/api/v1/deployments', body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.errors[0]).toMatchObject({ path });
    expect(lab.started).toEqual([]);
    expect(secretsLeft()).toEqual([]);
  });

  it.each([
    ['a template', { ref: 'nothing' }, 404, 'template_not_found'],
    ['a version', { ref: 'plain@^7' }, 404, 'version_not_found'],
    ['a registry', { ref: 'elsewhere/plain' }, 404, 'registry_not_found'],
    ['a plan', { plan: `sha256:${'0'.repeat(64)}` }, 404, 'plan_not_found'],
    ['a text that is no plan', { plan: 'yesterday' }, 404, 'plan_not_found'],
  ])('answers %s that is not there', async (_what, body, status, code) => {
    const answer = await lab.dev.call('POST', '/api/v1/deployments', body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('refuses a name that is taken', async () => {
    const answer = await lab.dev.call('POST', '/api/v1/deployments', { namespace: 'team-a', ref: 'plain', name: 'shop' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'deployment_exists' } });
    expect(answer.body.guidance).toContain('upgrade');
  });
});

describe('secret parameters', () => {
  const body = { namespace: 'team-a', ref: 'vault', name: 'box', parameters: { replicas: 2, password: SECRET_VALUE } };

  it('go as the user into a Secret, and the operation gets only its name', async () => {
    expect((await lab.dev.call('POST', '/api/v1/deployments', body)).status).toBe(202);
    const [secret] = secretsLeft();
    const name = secret?.metadata.name ?? '';
    expect(name).toMatch(/^chandlery-inputs-[0-9a-f]{12}$/);
    expect(secret?.metadata).toMatchObject({
      namespace: 'team-a',
      labels: { 'app.kubernetes.io/managed-by': 'chandlery', [DEPLOYMENT_LABEL]: 'box', 'chandlery.dev/inputs': 'true' },
      annotations: { [DEPLOYMENT_ID_ANNOTATION]: 'local.team-a.box' },
    });
    expect(secret?.data).toEqual({ password: Buffer.from(JSON.stringify(SECRET_VALUE)).toString('base64') });
    expect(lab.cluster.calls).toContain(`dev create Secret team-a/${name}`);
    expect(lab.started[0]?.input.request).toMatchObject({
      parameters: { replicas: 2 },
      secrets: { name, parameters: ['password'] },
    });
    if (secret) lab.cluster.objects.clear();
  });

  it.each([
    ['an equal request is running', { joined: true, inputs: 'chandlery-inputs-running' }, 202],
    ['one with another value is running', { joined: true, inputs: 'chandlery-inputs-other' }, 409],
    ['the values of the running one are gone', { joined: true, inputs: 'chandlery-inputs-gone' }, 409],
    ['one that tells no values is running', { joined: true }, 409],
    ['nothing could be started', { failure: new ChandleryError('target_busy', 'busy') }, 409],
    ['the engine is away', { failure: new ChandleryError('engine_unavailable', 'away') }, 503],
    ['something unforeseen happens', { failure: new Error('boom') }, 500],
  ])('are removed again when %s', async (_what, next, status) => {
    runningWith('chandlery-inputs-running', SECRET_VALUE);
    runningWith('chandlery-inputs-other', `${SECRET_VALUE}2`);
    Object.assign(lab.next, next);
    const made = lab.cluster.madeSecrets.length;
    expect((await lab.dev.call('POST', '/api/v1/deployments', body)).status).toBe(status);
    expect(lab.cluster.madeSecrets).toHaveLength(made + 1);
    expect(secretsLeft().map(({ metadata }) => metadata.name)).toEqual(['chandlery-inputs-running', 'chandlery-inputs-other']);
    lab.cluster.objects.clear();
  });

  it('are compared as the user: who may not read those of the running one does not join it, and learns nothing', async () => {
    Object.assign(lab.next, { joined: true, inputs: 'chandlery-inputs-running' });
    const answers: unknown[] = [];
    for (const value of [SECRET_VALUE, `${SECRET_VALUE}2`]) {
      runningWith('chandlery-inputs-running', value);
      lab.cluster.failures.set('get Secret', forbidden('secrets'));
      const answer = await lab.dev.call('POST', '/api/v1/deployments', body);
      answers.push({ ...answer.body, requestId: '' });
      expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      lab.cluster.objects.clear();
    }
    expect(answers[1]).toEqual(answers[0]);
  });

  it('start nothing when they cannot be put away', async () => {
    lab.cluster.failures.set('create Secret', forbidden('secrets'));
    const answer = await lab.dev.call('POST', '/api/v1/deployments', body);
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden', missing: [{ resource: 'secrets' }] } });
    expect(lab.started).toEqual([]);
  });

  it('tell the log, and not the caller, when one is left behind', async () => {
    runningWith('chandlery-inputs-running', SECRET_VALUE);
    Object.assign(lab.next, { joined: true, inputs: 'chandlery-inputs-running' });
    lab.cluster.failures.set('delete Secret', new ChandleryError('cluster_unavailable', 'away'));
    expect((await lab.dev.call('POST', '/api/v1/deployments', body)).status).toBe(202);
    expect(lab.logged.at(-2) ?? '').toMatch(/could not be removed.*chandlery-inputs-/);
    lab.cluster.objects.clear();
  });

  it('are in no answer, no log, no audit entry and no operation, whatever goes wrong', async () => {
    const answers: string[] = [];
    const send = async (method: string, path: string, sent: unknown) => {
      const { body: answer } = await lab.dev.call(method, path, sent);
      answers.push(JSON.stringify(answer));
    };
    await send('POST', '/api/v1/deployments', body);
    await send('POST', '/api/v1/plans', body);
    await send('POST', '/api/v1/deployments', { ...body, parameters: { password: SECRET_VALUE.repeat(9) } });
    await send('POST', '/api/v1/deployments', { ...body, parameters: { password: [SECRET_VALUE] } });
    await send('POST', '/api/v1/deployments', { ...body, parameters: { password: SECRET_VALUE, replicas: 99 } });
    await send('PATCH', '/api/v1/deployments/local.team-a.safe', { parameters: { password: SECRET_VALUE } });
    lab.next.failure = new Error('boom');
    await send('POST', '/api/v1/deployments', body);
    lab.cluster.objects.clear();
    const audit = JSON.stringify(lab.audited);
    for (const text of [...answers, ...lab.logged, JSON.stringify(lab.started), audit]) expect(text).not.toContain(SECRET_VALUE);
  });
});

describe('PATCH /deployments/{id}', () => {
  it('starts an upgrade with what was given, checked together with what is there', async () => {
    const body = { version: '^1.1.0', parameters: { version: '1.10', replicas: null }, force: true };
    const answer = await lab.dev.call('PATCH', '/api/v1/deployments/local.team-a.shop', body);
    expect(answer).toMatchObject({ status: 202, body: { deployment: 'local.team-a.shop' } });
    expect(lab.started).toMatchObject([
      { kind: 'upgrade', input: { request: { range: '1.1.0', parameters: { version: '1.10', replicas: null }, force: true } } },
    ]);
  });

  it('keeps the secret values that are there, and puts new ones away', async () => {
    expect((await lab.dev.call('PATCH', '/api/v1/deployments/local.team-a.safe', { parameters: { replicas: 4 } })).status).toBe(
      202,
    );
    expect(lab.started[0]?.input.request).toEqual({ parameters: { replicas: 4 } });
    await lab.dev.call('PATCH', '/api/v1/deployments/local.team-a.safe', { parameters: { password: SECRET_VALUE } });
    expect(lab.started[1]?.input.request).toMatchObject({ secrets: { parameters: ['password'] } });
    lab.cluster.objects.clear();
  });

  it.each([
    ['a value that does not fit', { parameters: { replicas: 99 } }, 422, 'parameter_invalid'],
    ['a secret to be taken away', { parameters: { password: null } }, 422, 'parameter_invalid'],
    ['a version that is not there', { version: '9' }, 404, 'version_not_found'],
    ['a key that is not known', { replicas: 2 }, 400, 'invalid_request'],
  ])('refuses %s', async (_what, body, status, code) => {
    const answer = await lab.dev.call('PATCH', '/api/v1/deployments/local.team-a.safe', body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(lab.started).toEqual([]);
  });
});

describe('rollback and destroy', () => {
  it('go back to the revision that is named, or the one before', async () => {
    await lab.dev.call('POST', '/api/v1/deployments/local.team-a.shop/rollback', { revision: 1, readySeconds: 5 });
    await lab.dev.call('POST', '/api/v1/deployments/local.team-a.shop/rollback');
    expect(lab.started.map(({ kind, input }) => [kind, input.request])).toEqual([
      ['rollback', { revision: 1, readySeconds: 5 }],
      ['rollback', {}],
    ]);
    const answer = await lab.dev.call('POST', '/api/v1/deployments/local.team-a.shop/rollback', { revision: 9 });
    expect(answer).toMatchObject({ status: 404, body: { code: 'revision_not_found' } });
  });

  it('destroy, with the volumes only when asked', async () => {
    await lab.dev.call('DELETE', '/api/v1/deployments/local.team-a.shop');
    await lab.dev.call('DELETE', '/api/v1/deployments/local.team-a.shop?deleteVolumes=true');
    expect(lab.started.map(({ input }) => input.request)).toEqual([{}, { deleteVolumes: true }]);
  });
});

describe('a deployment that is not there', () => {
  it.each([
    ['GET', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['POST', '/rollback'],
    ['GET', '/resources'],
    ['GET', '/events'],
    ['GET', '/outputs'],
    ['GET', '/revisions'],
    ['GET', '/revisions/1'],
  ])('is told: %s %s', async (method, below) => {
    for (const id of ['local.team-a.none', 'nonsense'])
      expect(await lab.dev.call(method, `/api/v1/deployments/${id}${below}`)).toMatchObject({
        status: 404,
        body: { code: 'deployment_not_found' },
      });
  });
});

describe('a server without a cluster', () => {
  it.each([
    ['POST', '/api/v1/deployments', { ref: 'plain' }],
    ['POST', '/api/v1/plans', { ref: 'plain' }],
    ['PATCH', '/api/v1/deployments/local.team-a.shop', {}],
    ['DELETE', '/api/v1/deployments/local.team-a.shop', undefined],
    ['POST', '/api/v1/deployments/local.team-a.shop/rollback', {}],
    ['GET', '/api/v1/deployments/local.team-a.shop/resources', undefined],
    ['GET', '/api/v1/deployments/local.team-a.shop/events', undefined],
    ['GET', '/api/v1/deployments/local.team-a.shop/outputs', undefined],
  ])('answers %s %s with 503 and what to do', async (method, path, body) => {
    const answer = await lab.clusterless.call(method, path, body);
    expect(answer).toMatchObject({ status: 503, body: { code: 'cluster_unavailable' } });
    expect(answer.body.guidance).toContain('KUBECONFIG');
  });

  it('still lists deployments and revisions', async () => {
    expect((await lab.clusterless.get('/api/v1/deployments')).status).toBe(200);
    expect((await lab.clusterless.get('/api/v1/deployments/local.team-a.shop/revisions')).status).toBe(200);
  });
});

describe('GET /deployments', () => {
  it('lists them in pages, and tells their source', async () => {
    const first = await lab.dev.get('/api/v1/deployments?namespace=team-a&limit=1');
    expect(first.body.deployments).toMatchObject([
      { id: 'local.team-a.safe', source: 'marketplace', state: 'ready', revision: 1 },
    ]);
    const second = await lab.dev.get(`/api/v1/deployments?namespace=team-a&limit=1&cursor=${first.body.nextCursor}`);
    expect(second.body.deployments).toMatchObject([{ id: 'local.team-a.shop', template: { name: 'plain' } }]);
    expect(second.body.nextCursor).toBeUndefined();
    expect((await lab.dev.get('/api/v1/deployments?template=vault')).body.deployments).toHaveLength(1);
    expect(await lab.dev.get('/api/v1/deployments?cursor=bm90LW91cnM')).toMatchObject({ status: 400 });
  });

  it('tells one, its revisions and its operations', async () => {
    expect((await lab.dev.get('/api/v1/deployments/local.team-a.shop')).body).toMatchObject({
      source: 'marketplace',
      requester: 'dev',
      dependents: [],
      links: { outputs: '/api/v1/deployments/local.team-a.shop/outputs' },
    });
    const { body } = await lab.dev.get('/api/v1/deployments/local.team-a.shop/revisions');
    expect(body.revisions).toMatchObject([{ number: 1, state: 'current', kind: 'deploy', summary: { create: 1 } }]);
    expect((await lab.dev.get('/api/v1/deployments/local.team-a.shop/revisions/1')).body).toMatchObject({
      parameters: { replicas: 3 },
      objects: [{ kind: 'ConfigMap', name: 'shop' }],
    });
    expect(await lab.dev.get('/api/v1/deployments/local.team-a.shop/revisions/2')).toMatchObject({ status: 404 });
    await lab.dev.get('/api/v1/deployments/local.team-a.shop/operations?limit=5');
    expect(lab.started[0]?.input).toEqual({ target: 'deployment/local/team-a/shop', limit: 5 });
  });
});

describe('what is in the cluster', () => {
  const pod = (name: string, ready: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'team-a', labels: { [DEPLOYMENT_LABEL]: 'shop' } },
    status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready }] },
  });

  it('is read as the user: objects with their readiness, and pods', async () => {
    const answer = await lab.dev.get('/api/v1/deployments/local.team-a.shop/resources');
    expect(answer.body).toMatchObject({
      revision: 1,
      resources: [{ kind: 'ConfigMap', name: 'shop', status: 'missing' }],
      pods: [],
    });
    lab.cluster.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop', namespace: 'team-a', uid: UID } });
    lab.cluster.add(pod('shop-1', 'True'));
    const { body } = await lab.dev.get('/api/v1/deployments/local.team-a.shop/resources');
    expect(body).toMatchObject({ resources: [{ status: 'ready', uid: UID }], pods: [{ name: 'shop-1', status: 'ready' }] });
    expect(lab.cluster.calls.every((call) => call.startsWith('dev '))).toBe(true);
  });

  it('is missing when another object has its name now', async () => {
    lab.cluster.add({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shop', namespace: 'team-a', uid: 'another' } });
    const { body } = await lab.dev.get('/api/v1/deployments/local.team-a.shop/resources');
    expect(body.resources).toMatchObject([{ status: 'missing', message: expect.stringContaining('another object') }]);
  });

  it('answers 403 with the right that is missing when nothing of it may be read', async () => {
    lab.cluster.failures.set('get ConfigMap', forbidden('configmaps'));
    expect(await lab.dev.get('/api/v1/deployments/local.team-a.shop/resources')).toMatchObject({
      status: 403,
      body: { code: 'forbidden', missing: [{ resource: 'configmaps' }] },
    });
  });

  it('tells the events of its objects and pods, newest first, and no others', async () => {
    const event = (name: string, about: object, at: string): KubeObject => ({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name, namespace: 'team-a' },
      ...{ type: 'Warning', reason: name, message: 'why', count: 2, lastTimestamp: at, involvedObject: about },
    });
    lab.cluster.add(
      event('old', { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team-a', name: 'shop' }, '2026-01-01T00:00:00Z'),
    );
    lab.cluster.add(event('new', { apiVersion: 'v1', kind: 'Pod', namespace: 'team-a', name: 'shop-1' }, '2026-01-02T00:00:00Z'));
    lab.cluster.add(event('other', { apiVersion: 'v1', kind: 'Pod', namespace: 'team-a', name: 'x' }, '2026-01-03T00:00:00Z'));
    const { body } = await lab.dev.get('/api/v1/deployments/local.team-a.shop/events');
    expect(body.events.map(({ reason }: { reason: string }) => reason)).toEqual(['new', 'old']);
    expect(body).toMatchObject({ truncated: false, events: [{ count: 2, type: 'Warning', about: { kind: 'Pod' } }, {}] });
  });

  it('gives outputs with secret values only when they are asked for, and writes that down', async () => {
    lab.cluster.add({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'safe', namespace: 'team-a' },
      data: { password: Buffer.from('from-the-cluster').toString('base64') },
    });
    const quiet = await lab.dev.get('/api/v1/deployments/local.team-a.safe/outputs?secrets=false');
    expect(quiet.body.outputs).toEqual([
      { name: 'user', secret: false, value: 'root' },
      { name: 'password', secret: true, note: expect.any(String) },
    ]);
    expect(lab.audited).toEqual([]);
    const asked = await lab.dev.get('/api/v1/deployments/local.team-a.safe/outputs');
    expect(asked.body.outputs[1]).toMatchObject({ name: 'password', secret: true, value: 'from-the-cluster' });
    expect(asked.headers.get('cache-control')).toBe('no-store');
    expect(lab.audited).toMatchObject([
      { actor: 'dev', action: 'read-secret-outputs', object: 'deployment/local/team-a/safe', detail: { outputs: ['password'] } },
    ]);
  });
});
