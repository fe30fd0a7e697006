import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sourceManager } from '../../../src/domain/sources/config-map.ts';
import type { AuditEntry } from '../../../src/domain/store.ts';
import { type ArkLab, openArkLab } from '../../support/ark-lab.ts';
import { CLUSTER_TIMEOUT_MS, describeCluster } from '../../support/cluster.ts';
import type { CheckedClient } from '../../support/openapi-check.ts';

const URL_A = 'https://a.example/marketplace.json';
const URL_B = 'https://b.example/x.json?token=s3cret#part';

describeCluster('namespace sources', () => {
  let lab: ArkLab;
  let ann: CheckedClient;
  let bob: CheckedClient;
  let namespace: string;
  const path = (below = '') => `/api/v1/namespaces/${namespace}/marketplace-sources${below}`;

  beforeAll(async () => {
    lab = await openArkLab();
    // Ann edits; Bob, by a role of his own, may read that one ConfigMap and nothing else.
    ann = await lab.as({ user: 'ann', groups: ['devs', 'more'] });
    bob = await lab.as({ user: 'bob', groups: [] });
    await fresh();
  }, CLUSTER_TIMEOUT_MS);

  afterAll(async () => await lab?.close(), 60_000);

  async function fresh(): Promise<string> {
    namespace = await lab.cluster.namespace('ann');
    await bindSourceRole('bob', ['get']);
    return namespace;
  }

  async function bindSourceRole(user: string, verbs: string[]): Promise<void> {
    const group = 'rbac.authorization.k8s.io';
    const metadata = { name: `sources-${user}`, namespace };
    const rule = { apiGroups: [''], resources: ['configmaps'], resourceNames: ['marketplace-sources'], verbs };
    const role = { apiVersion: `${group}/v1`, kind: 'Role', metadata, rules: [rule] };
    const subjects = [{ apiGroup: group, kind: 'User', name: user }];
    const roleRef = { apiGroup: group, kind: 'Role', name: metadata.name };
    await lab.cluster.api.apply(role, 'roles');
    await lab.cluster.api.apply({ ...role, kind: 'RoleBinding', rules: undefined, subjects, roleRef }, 'rolebindings');
    const access = { apiVersion: `authorization.k8s.io/v1`, kind: 'SubjectAccessReview' };
    for (let tries = 0; tries < 100; tries += 1) {
      const resourceAttributes = { namespace, verb: verbs[0], resource: 'configmaps', name: 'marketplace-sources' };
      const review = { ...access, spec: { user, resourceAttributes } };
      const answer = await lab.cluster.api.expect('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review);
      if ((answer as { status: { allowed: boolean } }).status.allowed) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${user} never got his role`);
  }

  describe('reading', () => {
    it('is an empty list where there is no ConfigMap, and where there is no namespace', async () => {
      await fresh();
      expect(await ann.get(path())).toMatchObject({ status: 200, body: [] });
      const nowhere = '/api/v1/namespaces/no-such-namespace/marketplace';
      const cluster = await lab.as({ user: 'root', groups: ['chandlery:admins'] });
      expect(await cluster.get(`${nowhere}-sources`)).toMatchObject({ status: 200, body: [] });
      expect(await cluster.get(`${nowhere}-items`)).toMatchObject({ status: 200, body: [] });
    });

    it('lists what people wrote by hand, with line breaks and other members', async () => {
      await fresh();
      await lab.byHand(namespace, { m: `{"displayName":"M","url":"${URL_A}","more":1}\n`, 'a.b': `{"url":"${URL_B}"}` });
      expect((await bob.get(path())).body).toEqual([
        { name: 'a.b', url: URL_B, displayName: null },
        { name: 'm', url: URL_A, displayName: 'M' },
      ]);
      expect((await bob.get(path('/a.b'))).body).toEqual({ name: 'a.b', url: URL_B, displayName: null });
    });

    it('leaves out a key that cannot be read, says so, and tells the key that was asked for', async () => {
      await fresh();
      await lab.byHand(namespace, { bad: '{"url": ', good: `{"url":"${URL_A}"}`, list: '[]', none: '{"displayName":"x"}' });
      const { status, body, headers } = await ann.get(path());
      expect([status, body]).toEqual([200, [{ name: 'good', url: URL_A, displayName: null }]]);
      expect(headers.get('warnings')).toBe(
        'left out of ConfigMap marketplace-sources: bad is not JSON; list is not a JSON object; none has no url',
      );
      expect(await ann.get(path('/bad'))).toMatchObject({
        status: 422,
        body: { code: 'source_invalid', detail: expect.stringContaining('"bad"') },
      });
      // It can be mended and removed like any other.
      expect(await ann.call('PATCH', path('/bad'), { url: URL_B })).toMatchObject({ status: 200 });
      expect(await ann.call('DELETE', path('/list'))).toMatchObject({ status: 204 });
      expect((await ann.get(path())).body.map(({ name }: { name: string }) => name)).toEqual(['bad', 'good']);
    });

    it('is 404 for a source that is not there', async () => {
      for (const name of ['nope', 'toString', '__proto__'])
        expect(await ann.get(path(`/${name}`))).toMatchObject({ status: 404, body: { code: 'source_not_found' } });
    });
  });

  describe('writing', () => {
    it('creates the ConfigMap with the first source, and gives each key an owner of its own', async () => {
      await fresh();
      const first = await ann.call('POST', path(), { name: 'one', url: URL_B, displayName: 'One', other: 1 });
      expect([first.status, first.body]).toEqual([201, { name: 'one', url: URL_B, displayName: 'One' }]);
      const second = await ann.call('POST', path(), { name: 'two', url: URL_A, displayName: '' });
      expect([second.status, second.body]).toEqual([201, { name: 'two', url: URL_A, displayName: null }]);
      expect(await lab.data(namespace)).toEqual({ one: `{"url":"${URL_B}","displayName":"One"}`, two: `{"url":"${URL_A}"}` });
      expect(await lab.owners(namespace)).toEqual({
        'chandlery-source-one/Apply': ['one'],
        'chandlery-source-two/Apply': ['two'],
      });
    });

    it('refuses a name that exists, and changes nothing', async () => {
      const before = await lab.data(namespace);
      expect(await ann.call('POST', path(), { name: 'one', url: URL_A })).toMatchObject({
        status: 409,
        body: { code: 'source_exists', detail: expect.stringContaining('one') },
      });
      expect(await lab.data(namespace)).toEqual(before);
    });

    it('replaces the whole value with a PATCH, and needs its url', async () => {
      const answer = await ann.call('PATCH', path('/one'), { name: 'ignored', url: URL_A });
      expect([answer.status, answer.body]).toEqual([200, { name: 'one', url: URL_A, displayName: null }]);
      expect((await lab.data(namespace))?.one).toBe(`{"url":"${URL_A}"}`);
      const refused = await ann.call('PATCH', path('/one'), { displayName: 'x' });
      expect(refused).toMatchObject({
        status: 422,
        body: { detail: 'url is missing', errors: [{ loc: ['body', 'url'], msg: 'is missing', type: 'missing' }] },
      });
    });

    it('takes over a key that somebody else owns', async () => {
      await lab.byHand(namespace, { hand: `{"url":"${URL_A}"}` });
      expect(await ann.call('PATCH', path('/hand'), { url: URL_B })).toMatchObject({ status: 200 });
      expect(await lab.owners(namespace)).toMatchObject({ 'chandlery-source-hand/Apply': ['hand'] });
      expect((await lab.owners(namespace))['kubectl-edit/Update']).toBeUndefined();
    });

    it('removes whoever owns it, leaves the ConfigMap, and lets the name be used again', async () => {
      for (const name of ['hand', 'one', 'two']) {
        const gone = await ann.call('DELETE', path(`/${name}`));
        expect([gone.status, gone.body]).toEqual([204, '']);
      }
      expect(await lab.data(namespace)).toEqual({});
      expect(await ann.call('DELETE', path('/one'))).toMatchObject({ status: 404, body: { code: 'source_not_found' } });
      expect(await ann.call('PATCH', path('/one'), { url: URL_A })).toMatchObject({ status: 404 });
      expect(await ann.call('POST', path(), { name: 'one', url: URL_A })).toMatchObject({ status: 201 });
    });

    it('is 404 in a namespace that does not exist', async () => {
      const cluster = await lab.as({ user: 'root', groups: ['chandlery:admins'] });
      const nowhere = '/api/v1/namespaces/no-such-namespace/marketplace-sources';
      expect(await cluster.call('POST', nowhere, { name: 'x', url: URL_A })).toMatchObject({ status: 404 });
      expect(await cluster.call('PATCH', `${nowhere}/x`, { url: URL_A })).toMatchObject({ status: 404 });
      expect(await cluster.call('DELETE', `${nowhere}/x`)).toMatchObject({ status: 404 });
    });

    it.each(['permissions', '__proto__', '.hidden', '-', `long.${'n'.repeat(248)}`])('takes the name %s', async (name) => {
      expect(await ann.call('POST', path(), { name, url: URL_A })).toMatchObject({ status: 201, body: { name } });
      expect(Object.keys((await lab.data(namespace)) ?? {})).toContain(name);
      expect(Object.keys(await lab.owners(namespace))).toContain(`${sourceManager(name)}/Apply`);
      expect(await ann.call('PATCH', path(`/${name}`), { url: URL_B })).toMatchObject({ status: 200 });
      expect(await ann.call('DELETE', path(`/${name}`))).toMatchObject({ status: 204 });
    });
  });

  describe('two at the same time', () => {
    it.each([1, 2, 3])('for one name: one is told 201, the other 409 (%i)', async (at) => {
      // The first time the ConfigMap does not exist either.
      if (at === 1) await fresh();
      const body = (url: string) => ({ name: `same-${at}`, url });
      const answers = await Promise.all([URL_A, URL_B].map((url) => ann.call('POST', path(), body(url))));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409]);
      const won = answers.find(({ status }) => status === 201);
      expect((await ann.get(path(`/same-${at}`))).body).toEqual(won?.body);
    });

    it('for other names: all survive', async () => {
      await fresh();
      const names = Array.from({ length: 8 }, (_, at) => `source-${at}`);
      const answers = await Promise.all(names.map((name) => ann.call('POST', path(), { name, url: URL_A })));
      expect(answers.map(({ status }) => status)).toEqual(names.map(() => 201));
      expect(Object.keys((await lab.data(namespace)) ?? {})).toEqual(names);
      const changes = names.map((name, at) =>
        at % 2 === 0 ? ann.call('DELETE', path(`/${name}`)) : ann.call('PATCH', path(`/${name}`), { url: URL_B }),
      );
      expect((await Promise.all(changes)).map(({ status }) => status)).toEqual(names.map((_, at) => (at % 2 === 0 ? 204 : 200)));
      expect(Object.keys((await lab.data(namespace)) ?? {})).toEqual(names.filter((_, at) => at % 2 === 1));
    });

    it('a change and a removal end as if one had come after the other', async () => {
      const [changed, removed] = await Promise.all([
        ann.call('PATCH', path('/source-1'), { url: URL_A }),
        ann.call('DELETE', path('/source-1')),
      ]);
      expect(removed.status).toBe(204);
      expect([200, 404]).toContain(changed.status);
      expect((await ann.get(path('/source-1'))).status).toBe(404);
    });
  });

  describe('what is not valid', () => {
    it.each([
      ['http', 'http://a.example/m.json'],
      ['no host', 'https://'],
      ['a host left out', 'https:///m.json'],
      ['no slashes', 'https:a.example/m.json'],
      ['no scheme', '//a.example/m.json'],
      ['only a path', 'a.example/m.json'],
      ['nothing', ''],
      ['a user', 'https://user:hunter2@a.example/m.json'],
      ['a line break', 'https://a.example/\nm.json'],
      ['a blank before', ' https://a.example/m.json'],
      ['a backslash', 'https://a.example\\m.json'],
      ['a number', 5],
      ['null', null],
      ['an object', { a: 'hunter2' }],
    ])('a url: %s', async (_what, url) => {
      for (const [method, below] of [
        ['POST', ''],
        ['PATCH', '/source-3'],
      ] as const) {
        const { status, body, headers } = await ann.call(method, path(below), { name: 'x', url });
        expect(status).toBe(422);
        expect(headers.get('content-type')).toContain('application/problem+json');
        expect(body).toMatchObject({ code: 'source_invalid', detail: expect.stringMatching(/^url /) });
        expect(body.errors).toEqual([
          expect.objectContaining({ loc: ['body', 'url'], msg: expect.any(String), type: expect.any(String) }),
        ]);
        expect(JSON.stringify(body)).not.toContain('hunter2');
        expect(JSON.stringify(body)).not.toContain('"input"');
      }
    });

    it.each(['', 'a b', 'a/b', 'ä', 'a\n', '.', '..', '..a', 'n'.repeat(254), 7, undefined])('a name: %j', async (name) => {
      const { status, body } = await ann.call('POST', path(), { name, url: URL_A });
      expect([status, body.code]).toEqual([422, 'source_invalid']);
      expect(body.errors[0].loc).toEqual(['body', 'name']);
    });

    it('a name in the path, a namespace, a label', async () => {
      expect(await ann.get(path('/a%20b'))).toMatchObject({ status: 422, body: { errors: [{ loc: ['path', 'name'] }] } });
      expect(await ann.get('/api/v1/namespaces/Not_One/marketplace-sources')).toMatchObject({ status: 422 });
      const label = await ann.call('POST', path(), { name: 'x', url: URL_A, displayName: 4 });
      expect(label).toMatchObject({ status: 422, body: { detail: 'displayName must be a string' } });
    });

    it('both members at once, each in its place', async () => {
      const { body } = await ann.call('POST', path(), {});
      expect(body.detail).toBe('name is missing; url is missing');
      expect(body.errors.map(({ loc }: { loc: string[] }) => loc)).toEqual([
        ['body', 'name'],
        ['body', 'url'],
      ]);
    });

    it.each(['{"url": "hunter2', '"text"', '[]', 'null'])('a body that is no object: %s', async (text) => {
      const response = await fetch(`${ann.url}${path()}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ann.token}`, 'content-type': 'application/json' },
        body: text,
      });
      const body = await response.text();
      expect([response.status, JSON.parse(body).errors[0].loc]).toEqual([422, ['body']]);
      expect(body).not.toContain('hunter2');
    });
  });

  describe('rights', () => {
    it('reads for who may read, and refuses what he may not do, as the cluster says it', async () => {
      await fresh();
      await ann.call('POST', path(), { name: 'one', url: URL_A });
      expect(await bob.get(path())).toMatchObject({ status: 200, body: [{ name: 'one' }] });
      for (const [method, below, body, action] of [
        ['POST', '', { name: 'two', url: URL_A }, 'patch'],
        ['PATCH', '/one', { url: URL_B }, 'patch'],
        ['DELETE', '/one', undefined, 'patch'],
      ] as const)
        expect(await bob.call(method, path(below), body)).toMatchObject({
          status: 403,
          body: {
            code: 'forbidden',
            error: 'impersonation_forbidden',
            detail: expect.stringContaining('bob'),
            user: 'bob',
            resource: 'configmaps',
            namespace,
            action,
          },
        });
      expect(await lab.data(namespace)).toEqual({ one: `{"url":"${URL_A}"}` });
    });

    it('refuses a stranger everything, items too, even those that are cached', async () => {
      const eve = await lab.as({ user: 'eve', groups: [] });
      for (const below of ['marketplace-sources', 'marketplace-sources/one', 'marketplace-items'])
        expect(await eve.get(`/api/v1/namespaces/${namespace}/${below}`)).toMatchObject({
          status: 403,
          body: { user: 'eve', action: 'get' },
        });
    });

    it('lets an editor of that one ConfigMap change it, but not make it', async () => {
      await bindSourceRole('cleo', ['get', 'update', 'patch']);
      const cleo = await lab.as({ user: 'cleo', groups: [] });
      expect((await cleo.get(path('/permissions'))).body).toEqual({ canEdit: true });
      expect(await cleo.call('POST', path(), { name: 'two', url: URL_A })).toMatchObject({ status: 201 });
      expect(await cleo.call('PATCH', path('/two'), { url: URL_B })).toMatchObject({ status: 200 });
      expect(await cleo.call('DELETE', path('/two'))).toMatchObject({ status: 204 });
      await fresh();
      await bindSourceRole('cleo', ['get', 'update', 'patch']);
      expect((await cleo.get(path('/permissions'))).body).toEqual({ canEdit: true });
      expect(await cleo.call('POST', path(), { name: 'two', url: URL_A })).toMatchObject({
        status: 403,
        body: { user: 'cleo', action: 'create' },
      });
      expect(await lab.data(namespace)).toBeUndefined();
    });

    it('does not let a client choose whom it acts as', async () => {
      const headers = { 'impersonate-user': 'ann', 'impersonate-group': 'system:masters' };
      expect(await bob.call('POST', path(), { name: 'x', url: URL_A }, headers)).toMatchObject({
        status: 403,
        body: { user: 'bob' },
      });
    });

    it('needs a token, also for the question about rights', async () => {
      for (const below of ['marketplace-sources', 'marketplace-sources/permissions', 'marketplace-items'])
        expect((await fetch(`${ann.url}/api/v1/namespaces/${namespace}/${below}`)).status).toBe(401);
    });
  });

  describe('permissions', () => {
    it('tells who may edit, also in a namespace that does not exist', async () => {
      expect((await ann.get(path('/permissions'))).body).toEqual({ canEdit: true });
      expect((await bob.get(path('/permissions'))).body).toEqual({ canEdit: false });
      const nowhere = '/api/v1/namespaces/no-such-namespace/marketplace-sources/permissions';
      expect(await ann.get(nowhere)).toMatchObject({ status: 200, body: { canEdit: false } });
    });

    it('is no for a token that is narrowed to reading, and yes for one that needs no role', async () => {
      const user = { user: 'ann', groups: ['devs', 'more'] };
      const reader = await lab.as(user, { scopes: ['sources:read'] });
      expect((await reader.get(path('/permissions'))).body).toEqual({ canEdit: false });
      const body = { name: 'narrow', url: URL_A };
      expect(await reader.call('POST', path(), body)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
      const editor = await lab.as(user, { roles: [], scopes: ['sources:read', 'sources:write'] });
      expect((await editor.get(path('/permissions'))).body).toEqual({ canEdit: true });
    });

    it('is no, and never an error, when the question cannot be put', async () => {
      const away = await lab.clusterless({ user: 'ann', groups: [] });
      expect(await away.get(path('/permissions'))).toMatchObject({ status: 200, body: { canEdit: false } });
      const unnameable = await lab.as({ user: ' ', groups: [] });
      expect(await unnameable.get(path('/permissions'))).toMatchObject({ status: 200, body: { canEdit: false } });
      expect(await ann.get('/api/v1/namespaces/Not_One/marketplace-sources/permissions')).toMatchObject({
        status: 200,
        body: { canEdit: false },
      });
      expect(lab.logged.filter((line) => line.includes('cannot be told')).length).toBeGreaterThanOrEqual(3);
    });
  });

  it('is 503 everywhere else without a cluster', async () => {
    const away = await lab.clusterless({ user: 'dan', groups: [] });
    for (const below of ['marketplace-sources', 'marketplace-sources/one', 'marketplace-items'])
      expect(await away.get(`/api/v1/namespaces/${namespace}/${below}`)).toMatchObject({
        status: 503,
        body: { code: 'cluster_unavailable' },
      });
  });

  it('writes down who changed what, and who was not allowed to', () => {
    const of = (wanted: { [Member in keyof AuditEntry]?: unknown }) =>
      expect(lab.audited).toContainEqual(expect.objectContaining(wanted));
    of({ actor: 'ann', action: 'create-source', object: expect.stringMatching(/^source\/.+\/one$/), outcome: 'allowed' });
    of({ actor: 'ann', action: 'change-source', outcome: 'allowed' });
    of({ actor: 'ann', action: 'remove-source', outcome: 'allowed' });
    of({ actor: 'bob', action: 'remove-source', outcome: 'denied', code: 'forbidden' });
    expect(JSON.stringify(lab.audited)).not.toContain('example');
  });

  it('never writes a url into the log', () => {
    expect(lab.logged.filter((line) => /a\.example|b\.example|s3cret|hunter2/.test(line))).toEqual([]);
  });
});
