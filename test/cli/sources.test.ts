import { afterEach, describe, expect, it } from '@jest/globals';
import { type Answer, FakeApi, json, problem } from './support/fake-api.ts';
import { runCli } from './support/run-cli.ts';

const BASE = '/api/v1/namespaces/team-a';
const ONE = { name: 'one', url: 'https://a.example/m.json', displayName: 'One' };
const TWO = { name: 'two', url: 'https://b.example/m.json', displayName: null };

let api: FakeApi | undefined;
afterEach(async () => await api?.stop());

async function cli(answers: Record<string, Answer>, ...words: string[]) {
  await api?.stop();
  api = await new FakeApi(answers).start();
  return await runCli(['sources', ...words, '-n', 'team-a'], api.env);
}

describe('sources', () => {
  it('lists them, in a table, as names and as the body', async () => {
    const answers = { [`GET ${BASE}/marketplace-sources`]: json([ONE, TWO]) };
    expect((await cli(answers)).stdout).toBe(
      ['NAME   LABEL   URL', 'one    One     https://a.example/m.json', 'two    two     https://b.example/m.json', ''].join('\n'),
    );
    expect((await cli(answers, 'list', '-o', 'name')).stdout).toBe('one\ntwo\n');
    expect(JSON.parse((await cli(answers, 'list', '-o', 'json')).stdout)).toEqual([ONE, TWO]);
  });

  it('says that there is none', async () => {
    const { code, stdout, stderr } = await cli({ [`GET ${BASE}/marketplace-sources`]: json([]) });
    expect([code, stdout, stderr]).toEqual([0, '', 'there is no source\n']);
  });

  it('adds one', async () => {
    const { code, stdout } = await cli(
      { [`POST ${BASE}/marketplace-sources`]: json(ONE, 201) },
      ...['add', 'one', ONE.url, '--label', 'One', '-o', 'name'],
    );
    expect([code, stdout]).toEqual([0, 'one\n']);
    expect(JSON.parse(api?.seen[0]?.body ?? '')).toEqual(ONE);
  });

  it('sends what is not changed again, as a change replaces everything', async () => {
    const path = `${BASE}/marketplace-sources/one`;
    const answers = { [`GET ${path}`]: json(ONE), [`PATCH ${path}`]: json(ONE) };
    await cli(answers, 'edit', 'one', '--url', TWO.url);
    expect(JSON.parse(api?.seen[1]?.body ?? '')).toEqual({ url: TWO.url, displayName: 'One' });
    await cli(answers, 'edit', 'one', '--label', '');
    expect(JSON.parse(api?.seen[1]?.body ?? '')).toEqual({ url: ONE.url, displayName: '' });
    expect((await cli(answers, 'edit', 'one')).code).toBe(2);
  });

  it('removes one', async () => {
    const gone: Answer = (_request, response) => response.writeHead(204).end();
    const { code, stderr } = await cli({ [`DELETE ${BASE}/marketplace-sources/one`]: gone }, 'remove', 'one');
    expect([code, stderr]).toEqual([0, 'removed  one\n']);
  });

  it.each([
    [true, 'yes: you may change the sources of team-a\n', 'yes\n'],
    [false, 'no: you may not change the sources of team-a\n', 'no\n'],
  ])('tells whether they may be changed: %s', async (canEdit, said, name) => {
    const answers = { [`GET ${BASE}/marketplace-sources/permissions`]: json({ canEdit }) };
    expect(await cli(answers, 'permissions')).toEqual({ code: 0, stdout: said, stderr: '' });
    expect((await cli(answers, 'permissions', '-o', 'name')).stdout).toBe(name);
    expect(JSON.parse((await cli(answers, 'permissions', '-o', 'json')).stdout)).toEqual({ canEdit });
  });

  it.each([
    ['source_not_found', 404, 3],
    ['source_invalid', 422, 2],
    ['forbidden', 403, 4],
    ['cluster_unavailable', 503, 7],
  ])('ends with %s as %i and exit code %i', async (code, status, exit) => {
    const answer = await cli({ [`GET ${BASE}/marketplace-sources/one`]: problem(status, code) }, 'show', 'one');
    expect([answer.code, answer.stderr]).toEqual([exit, expect.stringContaining(`code: ${code}`)]);
  });

  it('lists items, and tells what could not be read', async () => {
    const items = [
      {
        source: 'one',
        displayName: 'One',
        items: [{ name: 'phoenix', type: 'service', version: '1.0.0', description: 'a\u001b[2Jb' }, {}],
      },
      { source: 'two', displayName: 'two', items: null, error: { code: 'http_error', message: 'source returned HTTP 503' } },
    ];
    const answers = { [`GET ${BASE}/marketplace-items`]: json(items) };
    const { code, stdout, stderr } = await cli(answers, 'items', '--refresh');
    expect([code, stdout.split('\n')[1]]).toEqual([0, 'one      phoenix   service   1.0.0     a [2Jb']);
    expect(stderr).toBe('two: source returned HTTP 503 (http_error)\n');
    expect(api?.seen[0]?.path).toBe(`${BASE}/marketplace-items?refresh=true`);
    expect((await cli({ [`GET ${BASE}/marketplace-items`]: json(items.slice(1)) }, 'items')).code).toBe(7);
  });
});
