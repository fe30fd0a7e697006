import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeployLab } from './support/deploy-lab.ts';
import { openDeployLab } from './support/deploy-lab.ts';

let lab: DeployLab;

beforeAll(async () => {
  lab = await openDeployLab([]);
}, 120_000);

afterAll(async () => await lab?.close(), 60_000);

const ID = expect.stringMatching(/^[0-9a-f-]{36}$/);
const VIEWER = [{ role: 'viewer', namespace: '*' }];
const make = async (body: Record<string, unknown>) => (await lab.admin.call('POST', '/api/v1/tokens', body)).body;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const whoami = (token: string) => lab.dev.call('GET', '/api/v1/whoami', undefined, bearer(token));

describe('POST /tokens', () => {
  it('makes a token that acts as the user with the groups, and shows it once', async () => {
    const body = { name: 'ci', user: 'robot', groups: ['shop-devs', 'more'], expiresInSeconds: 3_600 };
    const answer = await lab.admin.call('POST', '/api/v1/tokens', body);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const { token, id, expiresAt } = answer.body;
    expect(answer.headers.get('location')).toBe(`/api/v1/tokens/${id}`);
    expect(token).toMatch(/^chy_[\w-]{43}$/);
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(3_500_000);
    expect(await lab.store.tokens.authenticate(token)).toMatchObject({
      identity: { user: 'robot', groups: ['shop-devs', 'more'] },
    });
    expect(lab.audited).toMatchObject([{ actor: 'ada', action: 'create-token', object: 'token/ci', outcome: 'allowed' }]);
    const list = await lab.admin.get('/api/v1/tokens');
    const shown = { id: ID, name: 'ci', user: 'robot', groups: ['shop-devs', 'more'], roles: VIEWER, state: 'active' };
    expect(list.body.tokens).toContainEqual(expect.objectContaining({ ...shown, createdBy: 'ada', expiresAt }));
    const hash = createHash('sha256').update(token).digest('hex');
    for (const text of [JSON.stringify(list.body), JSON.stringify(lab.audited), ...lab.logged])
      for (const secret of [token, hash]) expect(text).not.toContain(secret);
  });

  it('gives it the roles and scopes that are asked for', async () => {
    const roles = [{ role: 'operator', namespace: 'team-a' }];
    const scopes = ['deployments:read', 'templates:publish/acme'];
    const { token } = await make({ user: 'robot', roles, scopes });
    expect(await whoami(token)).toMatchObject({
      status: 200,
      body: { user: 'robot', groups: [], via: 'token', roles, scopes, token: { id: ID, name: 'robot' } },
    });
    const read = (path: string) => lab.dev.call('GET', `/api/v1/${path}`, undefined, bearer(token));
    expect(await read('deployments?namespace=team-a')).toMatchObject({ status: 200 });
    expect(await read('deployments')).toMatchObject({ status: 403, body: { missing: [{ role: 'viewer', namespace: '*' }] } });
    expect(await read('installs?namespace=team-a')).toMatchObject({
      status: 403,
      body: { missing: [{ scope: 'installs:read' }] },
    });
  });

  it('ends with its time, to the moment', async () => {
    const body = await make({ user: 'brief', expiresInSeconds: 1 });
    expect(body).toMatchObject({ name: 'brief', groups: [] });
    expect(await whoami(body.token)).toMatchObject({ status: 200 });
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    expect(await whoami(body.token)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect((await lab.admin.get(`/api/v1/tokens/${body.id}`)).body).toMatchObject({ state: 'expired' });
  });

  it.each([
    ['POST', { user: 'x' }],
    ['GET', undefined],
  ])('is for administrators of everything only: %s', async (method, body) => {
    expect(await lab.dev.call(method, '/api/v1/tokens', body)).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: 'dev needs role admin everywhere (namespace *)' },
    });
    expect(lab.audited.at(-1)).toMatchObject({ actor: 'dev', outcome: 'denied', code: 'forbidden' });
  });

  it('makes none that has more than its maker', async () => {
    const maker = await make({
      user: 'maker',
      roles: [{ role: 'admin', namespace: '*' }],
      scopes: ['tokens:write', 'plans:read'],
    });
    const ask = (body: unknown) => lab.dev.call('POST', '/api/v1/tokens', body, bearer(maker.token));
    expect(await ask({ user: 'x', scopes: ['plans:read'] })).toMatchObject({ status: 201 });
    for (const [scopes, missing] of [
      [undefined, 'all scopes'],
      [['plans:read', 'plans:write'], 'plans:write'],
    ] as const)
      expect(await ask({ user: 'x', ...(scopes && { scopes }) })).toMatchObject({
        status: 403,
        body: { code: 'forbidden', detail: expect.stringContaining(`maker has not ${missing}`) },
      });
    expect(lab.audited.at(-1)).toMatchObject({ actor: 'maker', action: 'create-token', outcome: 'denied', object: 'token/x' });
  });

  it.each([
    ['no user', {}],
    ['a line break in a group', { user: 'a', groups: ['b\nImpersonate-User: c'] }],
    ['a user of blanks', { user: '  ' }],
    ['no time at all', { user: 'a', expiresInSeconds: 0 }],
    ['a role that there is not', { user: 'a', roles: [{ role: 'root', namespace: '*' }] }],
    ['a role in a pattern', { user: 'a', roles: [{ role: 'viewer', namespace: 'team-*' }] }],
    ['a scope that there is not', { user: 'a', scopes: ['everything'] }],
    ['an empty list of scopes', { user: 'a', scopes: [] }],
  ])('refuses %s', async (_what, body) => {
    expect(await lab.admin.call('POST', '/api/v1/tokens', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });
});

describe('DELETE /tokens/{id}', () => {
  it('revokes at once, also on another server, and can be asked again', async () => {
    const { id, token } = await make({ user: 'leaver', name: 'old laptop' });
    const elsewhere = () => lab.clusterless.call('GET', '/api/v1/whoami', undefined, bearer(token));
    expect([(await whoami(token)).status, (await elsewhere()).status]).toEqual([200, 200]);
    expect((await lab.admin.call('DELETE', `/api/v1/tokens/${id}`)).status).toBe(204);
    expect(lab.audited.at(-1)).toMatchObject({
      actor: 'ada',
      action: 'revoke-token',
      object: 'token/old laptop',
      detail: { id },
    });
    expect(await whoami(token)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    // The other server is told; without that it would believe for five seconds.
    const told = Date.now() + 2_000;
    while ((await elsewhere()).status !== 401 && Date.now() < told) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await elsewhere()).status).toBe(401);
    const { body } = await lab.admin.get(`/api/v1/tokens/${id}`);
    expect(body).toMatchObject({ id, state: 'revoked', revokedAt: expect.any(String), lastUsedAt: expect.any(String) });
    expect((await lab.admin.call('DELETE', `/api/v1/tokens/${id}`)).status).toBe(204);
    expect((await lab.admin.get(`/api/v1/tokens/${id}`)).body.revokedAt).toBe(body.revokedAt);
  });

  it.each(['GET', 'DELETE'])('knows no other: %s', async (method) => {
    for (const id of ['nothing', '00000000-0000-4000-8000-000000000000'])
      expect(await lab.admin.call(method, `/api/v1/tokens/${id}`)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});
