import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { OperationView } from '../../src/domain/operation.ts';
import type { Answer } from './support/fake-api.ts';
import { FakeApi, json, problem } from './support/fake-api.ts';
import { at, operation } from './support/operations.ts';
import { runCli, startCli } from './support/run-cli.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OP = 'deployment.local.team-a.web.00000000-0000-4000-8000-000000000001';
const ID = 'local.team-a.web';
const DEPLOYMENT = `/api/v1/deployments/${ID}`;
const ACCEPTED = json({ operation: OP, joined: false, links: {}, deployment: ID }, 202);
const PIN = { registry: 'main', name: 'plain', version: '1.0.0', digest: DIGEST };
const SCHEMA = {
  type: 'object',
  properties: { version: { type: 'string' }, replicas: { type: 'integer' }, password: { type: 'string' } },
};
const TEMPLATE = json({
  name: 'plain',
  version: '1.0.0',
  versions: ['1.1.0', '1.0.0'],
  manifest: { spec: { parameters: SCHEMA } },
});
const PLAN = {
  digest: DIGEST,
  kind: 'deploy',
  namespace: 'team-a',
  name: 'web',
  template: PIN,
  parameters: {},
  secretParameters: [],
  generated: [],
  base: 0,
  objects: [
    {
      ref: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team-a', name: 'web' },
      wave: 3,
      action: 'create',
      checked: 'cluster',
      changes: [],
    },
  ],
  summary: { create: 1, update: 0, unchanged: 0, delete: 0 },
  images: [],
  permissions: [],
  capacity: { requests: { cpu: '0', memory: '0', pods: 0 }, quotas: [] },
  dependencies: [],
  warnings: [],
};

let api: FakeApi;
let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'chandlery-deploy-'));
  writeFileSync(join(dir, 'secret'), 'hunter2-hunter2\n');
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
afterEach(async () => await api?.stop());

async function serve(answers: Record<string, Answer>): Promise<FakeApi> {
  const ended: OperationView = {
    ...operation({ state: 'succeeded', endedAt: at(500) }),
    id: OP,
    kind: 'deploy',
    target: 'deployment/local/team-a/web',
    steps: [],
  };
  api = await new FakeApi({
    'GET /api/v1/templates/plain': TEMPLATE,
    [`GET /api/v1/operations/${OP}/events`]: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`event: operation\ndata: ${JSON.stringify(ended)}\n\nevent: end\ndata: {}\n\n`);
    },
    [`GET ${DEPLOYMENT}/outputs`]: json({
      outputs: [
        { name: 'address', secret: false, value: 'http://web.team-a.svc' },
        { name: 'password', secret: true, note: 'secret, and not asked for' },
      ],
    }),
    [`GET ${DEPLOYMENT}`]: json({
      id: ID,
      namespace: 'team-a',
      name: 'web',
      template: PIN,
      state: 'ready',
      revision: 2,
      source: 'marketplace',
      dependencies: [],
      requester: 'dev',
      operation: OP,
      createdAt: at(0),
      updatedAt: at(0),
    }),
    ...answers,
  }).start();
  return api;
}

const bodyOf = (method: string, path: string) =>
  JSON.parse(api.seen.find((seen) => seen.method === method && seen.path.split('?')[0] === path)?.body ?? 'null');

describe('deploy', () => {
  it("types -p by the template's schema, waits, and ends with the connection details", async () => {
    await serve({ 'POST /api/v1/deployments': ACCEPTED });
    const words = [
      'deploy',
      'plain',
      '-n',
      'team-a',
      '--name',
      'web',
      '-p',
      'version=1.10',
      '-p',
      'replicas=3',
      '--ready-timeout',
      '2m',
      '--force',
    ];
    const { code, stdout, stderr } = await runCli(words, api.env);
    expect([code, stderr]).toEqual([0, '']);
    expect(bodyOf('POST', '/api/v1/deployments')).toEqual({
      namespace: 'team-a',
      ref: 'plain',
      name: 'web',
      force: true,
      readySeconds: 120,
      parameters: { version: '1.10', replicas: 3 },
    });
    expect(stdout.split('\n')).toEqual([
      `operation  ${OP}`,
      'deploy web in team-a  succeeded  0.5s',
      '',
      'address   http://web.team-a.svc',
      `password  (secret: chandlery deployments outputs ${ID})`,
      '',
    ]);
  });

  it('reads secrets from files, stdin and variables, never from the command line', async () => {
    await serve({ 'POST /api/v1/deployments': ACCEPTED });
    const running = startCli(['deploy', 'plain', '--set-secret', 'password=-', '--detach'], api.env);
    running.child.stdin.end('from-stdin\n');
    expect((await running.ended).code).toBe(0);
    expect(bodyOf('POST', '/api/v1/deployments')).toMatchObject({ parameters: { password: 'from-stdin' } });
    api.seen.length = 0;
    await runCli(['deploy', 'plain', '--set-secret', `password=@${join(dir, 'secret')}`, '--detach'], api.env);
    expect(bodyOf('POST', '/api/v1/deployments')).toMatchObject({ parameters: { password: 'hunter2-hunter2' } });
    api.seen.length = 0;
    await runCli(['deploy', 'plain', '--set-secret', 'password=env:DB_PASSWORD', '--detach'], {
      ...api.env,
      DB_PASSWORD: 'from-env',
    });
    expect(bodyOf('POST', '/api/v1/deployments')).toMatchObject({ parameters: { password: 'from-env' } });
    const refused = await runCli(['deploy', 'plain', '--set-secret', 'password=plain-text'], api.env);
    expect(refused.code).toBe(2);
    expect(refused.stderr).not.toContain('plain-text');
  });

  it('carries out a plan, with the values of its secrets', async () => {
    await serve({ 'POST /api/v1/deployments': ACCEPTED, [`GET /api/v1/plans/${encodeURIComponent(DIGEST)}`]: json(PLAN) });
    const words = ['deploy', '--plan', DIGEST, '--set-secret', `password=@${join(dir, 'secret')}`, '--detach'];
    expect((await runCli(words, api.env)).code).toBe(0);
    expect(bodyOf('POST', '/api/v1/deployments')).toEqual({ plan: DIGEST, secrets: { password: 'hunter2-hunter2' } });
    const twice = await runCli(['deploy', '--plan', DIGEST, '-p', 'a=1'], api.env);
    expect([twice.code, twice.stderr]).toEqual([2, expect.stringContaining('-p is in the plan already')]);
  });

  it('carries a plan out in its own namespace alone: -n may say the same, and nothing else', async () => {
    await serve({ 'POST /api/v1/deployments': ACCEPTED, [`GET /api/v1/plans/${encodeURIComponent(DIGEST)}`]: json(PLAN) });
    const other = await runCli(['deploy', '--plan', DIGEST, '-n', 'other', '--detach'], api.env);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining('the plan is for namespace team-a, not for other')]);
    expect(api.seen.map(({ method }) => method)).not.toContain('POST');
    expect((await runCli(['deploy', '--plan', DIGEST, '-n', 'team-a', '--detach'], api.env)).code).toBe(0);
    expect(bodyOf('POST', '/api/v1/deployments')).toEqual({ plan: DIGEST });
  });

  it('deploys an image', async () => {
    await serve({ 'POST /api/v1/deployments': ACCEPTED });
    await runCli(['deploy', '--image', 'ghcr.io/acme/podinfo:6.7.0', '--size', 'L', '--detach'], api.env);
    expect(bodyOf('POST', '/api/v1/deployments')).toEqual({
      namespace: 'default',
      image: 'ghcr.io/acme/podinfo:6.7.0',
      size: 'L',
    });
  });

  it.each([
    [['deploy'], 'name exactly one of'],
    [['deploy', 'plain', '--image', 'x'], 'name exactly one of'],
    [['deploy', 'plain', '--ready-timeout', 'soon'], 'a time such as'],
    [['deploy', 'plain', '-p', 'oops'], 'NAME=VALUE'],
    [['launch', 'plain'], 'missing required argument'],
  ])('exits 2 for %j', async (words, said) => {
    await serve({});
    const { code, stderr } = await runCli(words, api.env);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  });

  it.each([
    [422, 'parameter_invalid', 2],
    [404, 'plan_not_found', 3],
    [403, 'forbidden', 4],
    [409, 'deployment_exists', 5],
    [409, 'plan_stale', 5],
    [409, 'not_owned', 5],
    [422, 'namespace_missing', 1],
    [503, 'cluster_unavailable', 7],
  ])('%i %s exits %s.%i', async (status, code, exit) => {
    await serve({ 'POST /api/v1/deployments': problem(status, code) });
    const ended = await runCli(['deploy', 'plain'], api.env);
    expect(ended.code).toBe(exit);
    expect(ended.stderr).toContain(`error: said ${code}`);
  });
});

describe('launch and marketplace deploy', () => {
  it('are the same pipeline', async () => {
    await serve({ 'POST /api/v1/deployments': ACCEPTED });
    await runCli(['launch', 'plain', 'lab', '--size', 'L', '--spot', '--research-user', 'ann', '--detach'], api.env);
    expect(bodyOf('POST', '/api/v1/deployments')).toEqual({
      namespace: 'default',
      ref: 'plain',
      name: 'lab',
      size: 'L',
      spot: true,
      owner: 'ann',
    });
    api.seen.length = 0;
    await runCli(['marketplace', 'deploy', 'plain', '-n', 'team-a', '--detach'], api.env);
    expect(bodyOf('POST', '/api/v1/deployments')).toEqual({ namespace: 'team-a', ref: 'plain' });
  });
});

describe('plan', () => {
  it('prints what would be done, and how to do it', async () => {
    await serve({ 'POST /api/v1/plans': json(PLAN, 201) });
    const { code, stdout, stderr } = await runCli(['plan', 'plain', 'web', '-n', 'team-a', '-p', 'replicas=2'], api.env);
    expect(code).toBe(0);
    expect(stdout).toContain('+ create ConfigMap team-a/web');
    expect(stdout).toContain('Plan: 1 to create');
    expect(stderr).toContain(`chandlery deploy --plan ${DIGEST}`);
    expect(bodyOf('POST', '/api/v1/plans')).toEqual({
      ref: 'plain',
      name: 'web',
      namespace: 'team-a',
      parameters: { replicas: 2 },
    });
  });

  it("plans for an image, with parameters as the built-in web-app's schema types them", async () => {
    await serve({ 'POST /api/v1/plans': json(PLAN, 201), 'GET /api/v1/templates/web-app': TEMPLATE });
    const words = ['plan', '--image', 'ghcr.io/acme/podinfo:6.7.0', '--name', 'web', '-n', 'team-a', '-p', 'version=1.10'];
    const { code, stdout } = await runCli(words, api.env);
    expect([code, stdout]).toEqual([0, expect.stringContaining('Plan: 1 to create')]);
    expect(bodyOf('POST', '/api/v1/plans')).toEqual({
      image: 'ghcr.io/acme/podinfo:6.7.0',
      name: 'web',
      namespace: 'team-a',
      parameters: { version: '1.10' },
    });
    expect(api.seen.map(({ path }) => path)).toContain('/api/v1/templates/web-app?registry=local');
  });

  it.each([
    [['plan'], 'name exactly one of a template and --image'],
    [['plan', 'plain', '--image', 'x'], 'name exactly one of a template and --image'],
    [['plan', 'plain', 'web', '--name', 'shop'], 'give the name of the deployment once'],
  ])('exits 2 for %j', async (words, said) => {
    await serve({});
    const { code, stderr } = await runCli(words, api.env);
    expect([code, stderr]).toEqual([2, expect.stringContaining(said)]);
  });

  it('prints the plan unchanged with -o json, and its digest with -o name', async () => {
    await serve({ 'POST /api/v1/plans': json(PLAN, 201) });
    expect(JSON.parse((await runCli(['plan', 'plain', '-o', 'json'], api.env)).stdout)).toEqual(PLAN);
    expect((await runCli(['plan', 'plain', '-o', 'name'], api.env)).stdout).toBe(`${DIGEST}\n`);
  });

  it('waits for one that takes longer than a request', async () => {
    const done = { ...operation({ state: 'succeeded', endedAt: at(1), result: { plan: DIGEST } }), id: OP };
    await serve({
      'POST /api/v1/plans': json({ operation: OP, joined: false, links: {} }, 202),
      [`GET /api/v1/operations/${OP}/events`]: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(`event: operation\ndata: ${JSON.stringify(done)}\n\nevent: end\ndata: {}\n\n`);
      },
      [`GET /api/v1/plans/${encodeURIComponent(DIGEST)}`]: json(PLAN),
    });
    const { code, stdout } = await runCli(['plan', 'plain', '-o', 'json'], api.env);
    expect([code, JSON.parse(stdout)]).toEqual([0, PLAN]);
  });
});

describe('deployments', () => {
  it('lists a namespace, or all', async () => {
    const deployments = [
      {
        id: ID,
        namespace: 'team-a',
        name: 'web',
        template: PIN,
        state: 'ready',
        revision: 2,
        source: 'marketplace',
        updatedAt: at(0),
        requester: 'dev',
      },
    ];
    await serve({ 'GET /api/v1/deployments': json({ deployments }) });
    const { stdout } = await runCli(['deployments', '-n', 'team-a'], api.env);
    expect(stdout).toMatch(/^NAME +TEMPLATE +STATE +REVISION +SOURCE +CHANGED +BY\nweb +plain@1\.0\.0 +ready +2 +marketplace/);
    expect((await runCli(['deployments', 'list', '-A', '-o', 'name'], api.env)).stdout).toBe(`${ID}\n`);
    expect(api.seen.map(({ path }) => path)).toEqual(['/api/v1/deployments?namespace=team-a', '/api/v1/deployments']);
  });

  it('takes a name with -n, or an id', async () => {
    await serve({});
    expect((await runCli(['deployments', 'show', 'web', '-n', 'team-a'], api.env)).stdout).toContain('main/plain@1.0.0');
    expect((await runCli(['deployments', 'show', ID, '-o', 'name'], api.env)).stdout).toBe(`${ID}\n`);
  });

  it('tells resources, events, outputs, revisions and operations', async () => {
    await serve({
      [`GET ${DEPLOYMENT}/resources`]: json({
        revision: 2,
        resources: [
          {
            apiVersion: 'apps/v1',
            kind: 'Deployment',
            namespace: 'team-a',
            name: 'web',
            status: 'progressing',
            message: '1 of 2 ready',
          },
        ],
        pods: [{ apiVersion: 'v1', kind: 'Pod', namespace: 'team-a', name: 'web-1', status: 'ready' }],
        truncated: false,
      }),
      [`GET ${DEPLOYMENT}/events`]: json({
        events: [{ type: 'Warning', reason: 'Failed', message: 'no image', count: 3, about: { kind: 'Pod', name: 'web-1' } }],
        truncated: true,
      }),
      [`GET ${DEPLOYMENT}/revisions`]: json({
        revisions: [
          {
            number: 2,
            state: 'current',
            kind: 'upgrade',
            template: PIN,
            summary: PLAN.summary,
            requester: 'dev',
            startedAt: at(0),
          },
        ],
      }),
      [`GET ${DEPLOYMENT}/operations`]: json({
        operations: [{ id: OP, kind: 'deploy', state: 'succeeded', createdAt: at(0), requester: 'dev' }],
      }),
    });
    const words = (what: string, ...more: string[]) => runCli(['deployments', what, ID, ...more], api.env);
    expect((await words('resources')).stdout).toMatch(
      /Deployment +team-a\/web +progressing +- +1 of 2 ready\nPod +team-a\/web-1 +ready/,
    );
    const events = await words('events');
    expect(events.stdout).toMatch(/Warning +Failed +Pod\/web-1 +no image \(3 times\)/);
    expect(events.stderr).toContain('more events');
    expect((await words('events', '-o', 'name')).stdout).toBe('pod/web-1\n');
    expect((await words('outputs')).stdout).toContain('address   http://web.team-a.svc');
    expect((await words('revisions')).stdout).toMatch(/2 +current +upgrade +plain@1\.0\.0 +\+1 ~0 -0/);
    expect((await words('operations')).stdout).toContain(OP);
  });

  it('upgrades with typed parameters, and shows the plan with --dry-run', async () => {
    await serve({ [`PATCH ${DEPLOYMENT}`]: ACCEPTED, 'POST /api/v1/plans': json(PLAN, 201) });
    const words = [
      'deployments',
      'upgrade',
      'web',
      '-n',
      'team-a',
      '--version',
      '1.1.0',
      '-p',
      'version=1.10',
      '--unset',
      'replicas',
    ];
    await runCli([...words, '--keep-failed', '--detach'], api.env);
    const change = { version: '1.1.0', parameters: { version: '1.10', replicas: null } };
    expect(bodyOf('PATCH', DEPLOYMENT)).toEqual({ ...change, keepFailed: true });
    const dry = await runCli([...words, '--dry-run'], api.env);
    expect(dry.stdout).toContain('Plan: 1 to create');
    expect(bodyOf('POST', '/api/v1/plans')).toEqual({ deployment: ID, ...change });
  });

  it('rolls back, and destroys', async () => {
    await serve({ [`POST ${DEPLOYMENT}/rollback`]: ACCEPTED, [`DELETE ${DEPLOYMENT}`]: ACCEPTED });
    await runCli(['deployments', 'rollback', ID, '--revision', '1', '--detach'], api.env);
    expect(bodyOf('POST', `${DEPLOYMENT}/rollback`)).toEqual({ revision: 1 });
    await runCli(['deployments', 'destroy', ID, '--delete-volumes', '--detach'], api.env);
    expect(api.seen.at(-1)).toMatchObject({ method: 'DELETE', path: `${DEPLOYMENT}?deleteVolumes=true` });
  });

  it('shows the plan of a rollback with --dry-run, to the revision that was current before where none is named', async () => {
    const revisions = [
      { number: 4, state: 'current' },
      { number: 3, state: 'undone' },
      { number: 2, state: 'superseded' },
      { number: 1, state: 'superseded' },
    ];
    await serve({ 'POST /api/v1/plans': json(PLAN, 201), [`GET ${DEPLOYMENT}/revisions`]: json({ revisions }) });
    const words = ['deployments', 'rollback', 'web', '-n', 'team-a', '--dry-run'];
    expect((await runCli(words, api.env)).stdout).toContain('Plan: 1 to create');
    expect(bodyOf('POST', '/api/v1/plans')).toEqual({ deployment: ID, revision: 2 });
    api.seen.length = 0;
    expect((await runCli([...words, '--revision', '1', '--force', '-o', 'name'], api.env)).stdout).toBe(`${DIGEST}\n`);
    expect(bodyOf('POST', '/api/v1/plans')).toEqual({ deployment: ID, revision: 1, force: true });
    expect(api.seen.map(({ path }) => path)).toEqual(['/api/v1/plans']);
  });

  it('exits 3 for the plan of a rollback where there is nothing to go back to', async () => {
    await serve({ [`GET ${DEPLOYMENT}/revisions`]: json({ revisions: [{ number: 1, state: 'current' }] }) });
    const { code, stderr } = await runCli(['deployments', 'rollback', ID, '--dry-run'], api.env);
    expect([code, stderr]).toEqual([3, expect.stringContaining('revision_not_found')]);
  });

  it('exits 3 for one that is not there', async () => {
    await serve({});
    await api.stop();
    await serve({ [`GET ${DEPLOYMENT}`]: problem(404, 'deployment_not_found') });
    const { code, stderr } = await runCli(['deployments', 'show', ID], api.env);
    expect([code, stderr]).toEqual([3, expect.stringContaining('chandlery deployments -A')]);
  });
});

describe('tokens', () => {
  it('prints a new token alone on stdout', async () => {
    const roles = [
      { role: 'operator', namespace: 'shop' },
      { role: 'viewer', namespace: '*' },
    ];
    const made = { id: 'id-1', token: 'chy_new', name: 'dev', user: 'dev', groups: ['a', 'b'], roles, scopes: ['plans:read'] };
    await serve({ 'POST /api/v1/tokens': json(made, 201) });
    const words = ['tokens', 'create', '--user', 'dev', '--group', 'a', '--group', 'b', '--expires', '30d'];
    words.push('--role', 'operator@shop', '--role', 'viewer', '--scope', 'plans:read');
    const { code, stdout, stderr } = await runCli(words, api.env);
    expect([code, stdout]).toEqual([0, 'chy_new\n']);
    expect(stderr).toContain('acts as dev (a, b)');
    expect(stderr).toContain('roles operator@shop, viewer; scopes plans:read; id id-1');
    const groups = ['a', 'b'];
    const body = { user: 'dev', groups, roles, scopes: ['plans:read'], expiresInSeconds: 2_592_000 };
    expect(bodyOf('POST', '/api/v1/tokens')).toEqual(body);
  });

  it('lists tokens', async () => {
    const ci = { id: 'id-1', name: 'ci', user: 'robot', groups: ['a'], createdAt: at(0), state: 'active' };
    const tokens = [
      { ...ci, roles: [{ role: 'viewer', namespace: '*' }] },
      { ...ci, roles: [], scopes: ['metrics:read'], state: 'revoked', lastUsedAt: at(0) },
    ];
    await serve({ 'GET /api/v1/tokens': json({ tokens }) });
    const [head, first, second] = (await runCli(['tokens', 'list'], api.env)).stdout.split('\n');
    expect(head).toMatch(/^ID +NAME +USER +GROUPS +ROLES +SCOPES +AGE +USED +EXPIRES$/);
    expect(first).toMatch(/^id-1 +ci +robot +a +viewer +all +\w+ +never +never$/);
    expect(second).toMatch(/metrics:read +\w+ +\w+ +revoked$/);
  });

  it('revokes a token by its id', async () => {
    await serve({ 'DELETE /api/v1/tokens/id-1': (_seen, response) => void response.writeHead(204).end() });
    expect(await runCli(['tokens', 'revoke', 'id-1'], api.env)).toMatchObject({ code: 0, stderr: 'revoked  id-1\n' });
  });

  it.each(['root', 'operator@', 'operator@a@b'])('takes no role that is called %s', async (role) => {
    expect((await runCli(['tokens', 'create', '--user', 'dev', '--role', role])).code).toBe(2);
  });
});

describe('whoami', () => {
  it('tells what the server takes one for', async () => {
    const roles = [{ role: 'operator', namespace: 'shop' }];
    await serve({ 'GET /api/v1/whoami': json({ user: 'system:x', groups: ['g'], via: 'cluster', roles }) });
    const { stdout } = await runCli(['whoami'], api.env);
    expect(stdout).toBe('user      system:x\ngroups    g\nroles     operator@shop\nknown by  the cluster\n');
  });
});

describe('ops replay', () => {
  it('corrects typed parameters of a deploy', async () => {
    await serve({
      [`GET /api/v1/operations/${OP}`]: json({
        ...operation(),
        id: OP,
        kind: 'deploy',
        input: { name: 'plain', registry: 'main', range: '1.0.0' },
      }),
      [`POST /api/v1/operations/${OP}/replay`]: json({ operation: OP, joined: false, from: 'resolve', keeps: [] }, 202),
    });
    await runCli(['ops', 'replay', OP, '-p', 'version=1.10', '--ready-timeout', '90s', '--detach'], api.env);
    expect(bodyOf('POST', `/api/v1/operations/${OP}/replay`)).toEqual({
      from: 'auto',
      input: { readySeconds: 90, parameters: { version: '1.10' } },
    });
  });
});
