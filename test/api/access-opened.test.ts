import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACCESS_TABLE } from '../../src/domain/access-table.ts';
import { ChandleryError } from '../../src/domain/errors.ts';
import { samplesOf } from './support/access-samples.ts';
import { type DeployLab, openDeployLab, TEMPLATES } from './support/deploy-lab.ts';

/** A server that opens what can be opened, gives roles by bindings, and has the cluster review tokens. */

const BOT = { user: 'system:serviceaccount:ci:bot', groups: ['system:serviceaccounts', 'system:serviceaccounts:ci'] };

let lab: DeployLab;
let away = false;

beforeAll(async () => {
  lab = await openDeployLab(TEMPLATES, {
    registryRead: 'open',
    metricsOpen: true,
    roleBindings: [
      { role: 'operator', namespaces: ['team-a'], users: [], groups: ['system:serviceaccounts:ci'] },
      { role: 'installer', namespaces: ['*'], users: ['bob'], groups: [] },
    ],
    tokenReview: async (token) => {
      if (away) throw new ChandleryError('cluster_unavailable', 'the cluster is away');
      return token === 'token-of-a-pod' ? BOT : undefined;
    },
  });
}, 120_000);
afterAll(async () => await lab?.close(), 60_000);

const statusOf = async (path: string, init: RequestInit = {}) => (await fetch(`${lab.dev.url}${path}`, init)).status;
const as = (token: string, method: string, path: string, body?: unknown) =>
  lab.dev.call(method, path, body, { authorization: `Bearer ${token}` });

describe('without a token', () => {
  it.each(ACCESS_TABLE.map((rule) => [`${rule.method} ${rule.path}`, rule] as const))(
    '%s answers no more than the table opens',
    async (_route, rule) => {
      const [path = ''] = samplesOf(rule, 'sha256:none')[0]?.path.split('?') ?? [];
      const { method } = rule;
      const open = rule.access === 'public' || rule.open === 'always' || rule.open === 'metrics';
      expect((await statusOf(path, { method })) !== 401).toBe(open);
      expect((await statusOf(`${path}?scope=local`, { method })) !== 401).toBe(open || rule.open === 'local');
    },
  );

  it.each(['?scope=global', '?scope=local&scope=local', '?SCOPE=local', ''])(
    'a search %s is not of this server alone',
    async (query) => {
      expect(await statusOf(`/api/v1/search${query}`)).toBe(401);
    },
  );

  it('an archive is sent, and who asked for it is written down as nobody', async () => {
    const response = await fetch(`${lab.dev.url}/api/v1/templates/redis`);
    expect(response.status).toBe(401);
    const { versions } = (await (await fetch(`${lab.dev.url}/api/v1/templates/redis/versions?scope=local`)).json()) as {
      versions: Array<{ version: string }>;
    };
    expect(await statusOf(`/api/v1/templates/redis/archive?version=${versions[0]?.version}`)).toBe(200);
    expect(lab.audited.at(-1)).toMatchObject({ actor: 'anonymous', action: 'read-archive', outcome: 'allowed' });
    expect(await statusOf(`/api/v1/templates/redis/archive?version=${versions[0]?.version}`, { method: 'HEAD' })).toBe(200);
    expect(await statusOf('/api/v1/templates/redis', { method: 'HEAD' })).toBe(401);
  });
});

describe('a role binding', () => {
  it('adds to what a token has', async () => {
    await lab.store.tokens.add('bobs-token', 'bob', { user: 'bob', groups: [] }, { roles: [] });
    const started = await as('bobs-token', 'POST', '/api/v1/installs', { namespace: 'team-b', ref: 'plain' });
    expect(started.status).not.toBe(403);
    const deploy = { namespace: 'team-b', ref: 'plain' };
    expect(await as('bobs-token', 'POST', '/api/v1/deployments', deploy)).toMatchObject({ status: 403 });
  });
});

describe('a token of the cluster', () => {
  it('starts operations as its user, with all groups, where a binding lets it', async () => {
    const body = { namespace: 'team-a', ref: 'plain' };
    expect(await as('token-of-a-pod', 'POST', '/api/v1/deployments', body)).toMatchObject({ status: 202 });
    expect(lab.started.at(-1)?.input.requester).toEqual(BOT);
    expect(await as('token-of-a-pod', 'POST', '/api/v1/deployments', { ...body, namespace: 'team-b' })).toMatchObject({
      status: 403,
      body: { detail: `${BOT.user} needs role operator in namespace team-b` },
    });
    expect(lab.audited.at(-1)).toMatchObject({ actor: BOT.user, action: 'deploy', outcome: 'denied' });
  });

  it('that nobody has is refused; while the cluster is away nobody can tell', async () => {
    expect(await as('somebody-elses', 'GET', '/api/v1/whoami')).toMatchObject({ status: 401 });
    away = true;
    expect(await as('another-one', 'GET', '/api/v1/whoami')).toMatchObject({
      status: 503,
      body: { code: 'cluster_unavailable' },
    });
    // What is ours needs no cluster.
    expect((await lab.admin.get('/api/v1/whoami')).status).toBe(200);
    away = false;
  });

  it('is in no log', () => {
    for (const text of [...lab.logged, JSON.stringify(lab.audited)]) expect(text).not.toMatch(/token-of-a-pod|bobs-token/);
  });
});
