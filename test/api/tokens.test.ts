import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DeployLab } from './support/deploy-lab.ts';
import { openDeployLab } from './support/deploy-lab.ts';

let lab: DeployLab;

beforeAll(async () => {
  lab = await openDeployLab([]);
}, 120_000);

afterAll(async () => await lab?.close(), 60_000);

describe('POST /tokens', () => {
  it('makes a token that acts as the user with the groups, and shows it once', async () => {
    const body = { name: 'ci', user: 'robot', groups: ['shop-devs', 'more'], expiresInSeconds: 3_600 };
    const answer = await lab.admin.call('POST', '/api/v1/tokens', body);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const { token, expiresAt } = answer.body;
    expect(token).toMatch(/^chy_[\w-]{43}$/);
    expect(Date.parse(expiresAt) - Date.now()).toBeGreaterThan(3_500_000);
    expect(await lab.store.tokens.authenticate(token)).toEqual({ user: 'robot', groups: ['shop-devs', 'more'] });
    expect(lab.audited).toMatchObject([{ actor: 'ada', action: 'create-token', object: 'token/ci', outcome: 'allowed' }]);
    const list = await lab.admin.get('/api/v1/tokens');
    expect(list.body.tokens).toContainEqual(
      expect.objectContaining({ name: 'ci', user: 'robot', groups: ['shop-devs', 'more'], expiresAt }),
    );
    for (const text of [JSON.stringify(list.body), JSON.stringify(lab.audited), ...lab.logged]) expect(text).not.toContain(token);
  });

  it('ends with its time', async () => {
    const { body } = await lab.admin.call('POST', '/api/v1/tokens', { user: 'brief', expiresInSeconds: 1 });
    expect(body).toMatchObject({ name: 'brief', groups: [] });
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await lab.store.tokens.authenticate(body.token)).toBeUndefined();
  });

  it.each([
    ['POST', { user: 'x' }],
    ['GET', undefined],
  ])('is for members of chandlery:admins only: %s', async (method, body) => {
    expect(await lab.dev.call(method, '/api/v1/tokens', body)).toMatchObject({
      status: 403,
      body: { code: 'forbidden', detail: expect.stringContaining('chandlery:admins') },
    });
    expect(lab.audited.at(-1)).toMatchObject({ actor: 'dev', outcome: 'denied', code: 'forbidden' });
  });

  it.each([
    ['no user', {}],
    ['a line break in a group', { user: 'a', groups: ['b\nImpersonate-User: c'] }],
    ['a user of blanks', { user: '  ' }],
    ['no time at all', { user: 'a', expiresInSeconds: 0 }],
  ])('refuses %s', async (_what, body) => {
    expect(await lab.admin.call('POST', '/api/v1/tokens', body)).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  });
});
