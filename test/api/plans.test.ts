import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Plan } from '../../src/domain/deployment.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { planDigest } from '../../src/domain/plan/digest.ts';
import { pinOf } from '../support/deployments.ts';
import type { DeployLab } from './support/deploy-lab.ts';
import { openDeployLab, TEMPLATES } from './support/deploy-lab.ts';
import { deployed } from './support/deployed.ts';

let lab: DeployLab;
const SECRET_VALUE = 'hunter2-hunter2';

beforeAll(async () => {
  lab = await openDeployLab(TEMPLATES);
  await deployed(lab, { name: 'shop', template: 'plain', version: '1.0.0', parameters: { replicas: 3, owner: 'ann' } });
}, 120_000);

afterAll(async () => await lab?.close(), 60_000);

beforeEach(() => {
  Object.assign(lab.next, { joined: false, failure: undefined, settled: undefined, operation: undefined });
  lab.started.length = 0;
  lab.cluster.objects.clear();
});

/** A plan as the operation leaves it, in the store. */
async function planned(more: Partial<Plan> = {}): Promise<Plan> {
  const body: Omit<Plan, 'digest'> = {
    kind: 'deploy',
    cluster: 'local',
    namespace: 'team-a',
    name: 'web',
    template: pinOf('plain'),
    parameters: { replicas: 2 },
    secretParameters: [],
    generated: [],
    base: 0,
    rendered: `sha256:${'1'.repeat(64)}`,
    objects: [
      {
        ref: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team-a', name: 'web' },
        wave: 3,
        action: 'create',
        checked: 'cluster',
        changes: [{ path: '/data/a', after: 1 }],
      },
    ],
    summary: { create: 1, update: 0, unchanged: 0, delete: 0 },
    images: [],
    permissions: [{ verb: 'patch', group: '', resource: 'configmaps', namespace: 'team-a', allowed: true }],
    capacity: { requests: { cpu: '0', memory: '0', pods: 0 }, quotas: [] },
    dependencies: [],
    warnings: [],
    createdAt: new Date().toISOString(),
    ...more,
  };
  const plan = { ...body, digest: planDigest(body) };
  await lab.store.documents.put('plan', plan, plan.digest);
  return plan;
}

describe('POST /plans', () => {
  it('answers 201 with the plan, and where it is', async () => {
    const plan = await planned();
    lab.next.settled = { state: 'succeeded', result: { plan: plan.digest } };
    const body = { namespace: 'team-a', ref: 'plain', name: 'web', parameters: { replicas: 2 } };
    const answer = await lab.dev.call('POST', '/api/v1/plans', body);
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ kind: 'deploy', name: 'web', summary: { create: 1 } });
    const again = await lab.dev.get(`/api/v1/plans/${plan.digest}`);
    expect([again.status, again.body]).toEqual([200, answer.body]);
    expect(lab.started[0]).toMatchObject({
      kind: 'plan',
      input: {
        target: { kind: 'plan', namespace: 'team-a', name: expect.stringMatching(/^web\.[0-9a-f]{12}$/) },
        request: {
          change: 'deploy',
          deployment: 'web',
          registry: 'main',
          name: 'plain',
          range: '1.0.0',
          parameters: { replicas: 2 },
        },
      },
    });
  });

  it('answers 202 with the operation when it takes longer', async () => {
    const answer = await lab.dev.call('POST', '/api/v1/plans', { ref: 'plain' });
    expect([answer.status, answer.body.operation]).toEqual([202, lab.started[0]?.id]);
  });

  it('answers as the operation failed', async () => {
    const failure = {
      code: 'forbidden' as const,
      message: 'dev may not patch',
      guidance: '',
      details: { missing: [{ verb: 'patch' }] },
    };
    lab.next.settled = { state: 'failed', failure };
    expect(await lab.dev.call('POST', '/api/v1/plans', { ref: 'plain' })).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: 'dev may not patch', missing: [{ verb: 'patch' }], operation: lab.started[0]?.id },
    });
  });

  it('never joins the plan of another user', async () => {
    await lab.dev.call('POST', '/api/v1/plans', { ref: 'plain' });
    await lab.admin.call('POST', '/api/v1/plans', { ref: 'plain' });
    await lab.dev.call('POST', '/api/v1/plans', { ref: 'plain' });
    const names = lab.started.map(({ input }) => input.target.name);
    expect(names[0]).not.toBe(names[1]);
    expect(names[0]).toBe(names[2]);
  });

  it('knows secret parameters by name, and writes no Secret', async () => {
    await lab.dev.call('POST', '/api/v1/plans', { ref: 'vault', parameters: { password: SECRET_VALUE } });
    expect(lab.started[0]?.input.request.secrets).toEqual({ name: '', parameters: ['password'] });
    expect(JSON.stringify(lab.started)).not.toContain(SECRET_VALUE);
    expect(lab.cluster.madeSecrets).toEqual([]);
  });

  it('plans a change of a deployment, and a rollback', async () => {
    await lab.dev.call('POST', '/api/v1/plans', {
      deployment: 'local.team-a.shop',
      version: '1.1.0',
      parameters: { owner: null },
    });
    await lab.dev.call('POST', '/api/v1/plans', { deployment: 'local.team-a.shop', revision: 1 });
    expect(lab.started.map(({ input }) => input.request)).toEqual([
      { change: 'upgrade', deployment: 'shop', range: '1.1.0', parameters: { owner: null } },
      { change: 'rollback', deployment: 'shop', revision: 1 },
    ]);
  });

  it.each([
    ['a version without a deployment', { ref: 'plain', version: '1.0.0' }, 400, 'invalid_request'],
    ['a name for one that has one', { deployment: 'local.team-a.shop', name: 'x' }, 400, 'invalid_request'],
    ['parameters for a rollback', { deployment: 'local.team-a.shop', revision: 1, parameters: {} }, 400, 'invalid_request'],
    ['another namespace than its own', { deployment: 'local.team-a.shop', namespace: 'b' }, 400, 'invalid_request'],
    ['a deployment that is not there', { deployment: 'local.team-a.none' }, 404, 'deployment_not_found'],
    ['a revision that is not there', { deployment: 'local.team-a.shop', revision: 7 }, 404, 'revision_not_found'],
    ['a name that is taken', { namespace: 'team-a', ref: 'plain', name: 'shop' }, 409, 'deployment_exists'],
    ['a parameter that does not fit', { ref: 'plain', parameters: { replicas: 0 } }, 422, 'parameter_invalid'],
  ])('refuses %s', async (_what, body, status, code) => {
    const answer = await lab.dev.call('POST', '/api/v1/plans', body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(lab.started).toEqual([]);
  });
});

describe('POST /deployments with a plan', () => {
  const carryOut = (body: Record<string, unknown>) => lab.dev.call('POST', '/api/v1/deployments', body);

  it('deploys what was planned', async () => {
    const { digest } = await planned();
    expect((await carryOut({ plan: digest, force: true, acceptUnsigned: true })).body.deployment).toBe('local.team-a.web');
    expect(lab.started).toMatchObject([
      {
        kind: 'deploy',
        input: {
          target: { name: 'web' },
          request: {
            plan: digest,
            registry: 'main',
            name: 'plain',
            range: '1.0.0',
            parameters: { replicas: 2 },
            force: true,
            acceptUnsigned: true,
          },
        },
      },
    ]);
  });

  it('upgrades, and takes away what the plan does not have any more', async () => {
    const { digest } = await planned({ kind: 'upgrade', name: 'shop', base: 1, parameters: { replicas: 5 } });
    await carryOut({ plan: digest });
    expect(lab.started).toMatchObject([
      { kind: 'upgrade', input: { request: { plan: digest, range: '1.0.0', parameters: { replicas: 5, owner: null } } } },
    ]);
  });

  it('rolls back', async () => {
    const { digest } = await planned({ kind: 'rollback', name: 'shop', base: 1, rollbackOf: 1 });
    await carryOut({ plan: digest });
    expect(lab.started).toMatchObject([{ kind: 'rollback', input: { request: { plan: digest, revision: 1 } } }]);
  });

  it('refuses a plan of another revision, with what is different', async () => {
    const { digest } = await planned({ kind: 'upgrade', name: 'shop', base: 4 });
    expect(await carryOut({ plan: digest })).toMatchObject({
      status: 409,
      body: { code: 'plan_stale', changes: [{ what: 'revision', was: '4', is: '1' }] },
    });
  });

  it('wants the values of the secret parameters again, and only those', async () => {
    const { digest } = await planned({ name: 'box', template: pinOf('vault', '2.0.0'), secretParameters: ['password'] });
    expect(await carryOut({ plan: digest })).toMatchObject({
      status: 422,
      body: { code: 'parameter_invalid', errors: [{ path: '/password' }] },
    });
    expect(await carryOut({ plan: digest, secrets: { password: 'short' } })).toMatchObject({ status: 422 });
    const other = await carryOut({ plan: digest, secrets: { password: SECRET_VALUE, token: 'x' } });
    expect(other).toMatchObject({ status: 400, body: { errors: [{ path: 'body/secrets/token' }] } });
    expect((await carryOut({ plan: digest, secrets: { password: SECRET_VALUE } })).status).toBe(202);
    expect(lab.started).toMatchObject([{ input: { request: { plan: digest, secrets: { parameters: ['password'] } } } }]);
  });

  it.each([
    ['parameters', { parameters: {} }],
    ['another name', { name: 'x' }],
    ['a reference', { ref: 'plain' }],
  ])('refuses %s beside it', async (_what, more) => {
    const { digest } = await planned();
    expect(await carryOut({ plan: digest, ...more })).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

describe('POST /operations/{id}/replay of a deploy', () => {
  const ID = 'deployment.local.team-a.web.00000000-0000-4000-8000-000000000001';
  const replay = (input?: Record<string, unknown>) =>
    lab.dev.call('POST', `/api/v1/operations/${ID}/replay`, { from: 'start', ...(input && { input }) });
  const started = { registry: 'main', name: 'vault', range: '2.0.0', parameters: { replicas: 2 } };

  beforeEach(() => {
    lab.next.operation = { kind: 'deploy', input: { ...started, secrets: { name: 'x', parameters: ['password'] } } };
  });

  it('puts corrected secret values away, and checks all parameters together', async () => {
    expect((await replay({ parameters: { password: SECRET_VALUE, replicas: 3 }, readySeconds: 9 })).status).toBe(202);
    const [{ input } = { input: undefined }] = lab.started;
    expect(input.correction).toMatchObject({
      parameters: { replicas: 3 },
      readySeconds: 9,
      secrets: { parameters: ['password'] },
    });
    expect(lab.cluster.objects.size).toBe(1);
    expect(await replay({ parameters: { password: SECRET_VALUE, replicas: 99 } })).toMatchObject({ status: 422 });
    expect(JSON.stringify([lab.started, lab.logged])).not.toContain(SECRET_VALUE);
  });

  it('says when secret values must be given again', async () => {
    lab.next.operation = {
      kind: 'deploy',
      input: { ...started, name: 'plain', range: '1.0.0', secrets: { name: 'x', parameters: ['old'] } },
    };
    expect(await replay({ parameters: { replicas: 3 } })).toMatchObject({ status: 409, body: { code: 'secret_input_gone' } });
  });

  it('removes them again when nothing starts', async () => {
    lab.next.failure = new ChandleryError('superseded', 'later one');
    expect((await replay({ parameters: { password: SECRET_VALUE } })).status).toBe(409);
    expect(lab.cluster.objects.size).toBe(0);
  });

  it('refuses parameters where there are none', async () => {
    lab.next.operation = { kind: 'rollback', input: {} };
    expect(await replay({ parameters: { a: 1 } })).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('passes other corrections on', async () => {
    await replay({ revision: 2, force: true });
    expect(lab.started[0]?.input).toMatchObject({ from: 'start', correction: { revision: 2, force: true } });
  });
});
