import { afterEach, describe, expect, it } from '@jest/globals';
import type { Answer } from './support/fake-api.ts';
import { FakeApi, json, problem } from './support/fake-api.ts';
import { ID } from './support/operations.ts';
import { runCli } from './support/run-cli.ts';

let api: FakeApi;

async function serve(answers: Record<string, Answer>): Promise<FakeApi> {
  api = await new FakeApi(answers).start();
  return api;
}

afterEach(async () => await api?.stop());

describe('a refused request', () => {
  it.each([
    [400, 'invalid_reference', 2],
    [401, 'unauthenticated', 4],
    [403, 'forbidden', 4],
    [404, 'template_not_found', 3],
    [409, 'target_busy', 5],
    [422, 'template_invalid', 1],
    [500, 'internal', 1],
    [502, 'registry_unavailable', 7],
    [503, 'engine_unavailable', 7],
    [503, 'store_unavailable', 7],
    [409, 'a_code_of_tomorrow', 5],
  ])('%i %s exits %s.%i', async (status, code, exit) => {
    await serve({ 'POST /api/v1/installs': problem(status, code) });
    const ended = await runCli(['install', 'shop'], api.env);
    expect(ended.code).toBe(exit);
    expect(ended.stdout).toBe('');
    expect(ended.stderr).toContain(`error: said ${code}`);
    expect(ended.stderr).toContain(`code: ${code}`);
    expect(ended.stderr).toContain('what to do: ');
  });

  it('names the operation in the way and how to watch it', async () => {
    await serve({ 'POST /api/v1/installs': problem(409, 'target_busy', { operation: ID }) });
    const { stderr } = await runCli(['install', 'shop'], api.env);
    expect(stderr).toContain(`chandlery ops watch ${ID}`);
  });

  it('tells every place and what was probably meant', async () => {
    const errors = [
      { path: 'body/ref', message: 'is too long' },
      { path: 'body/namespace', message: 'is not a name' },
    ];
    await serve({ 'POST /api/v1/installs': problem(400, 'invalid_request', { errors, alternatives: ['redis', 'reddit'] }) });
    const { stderr } = await runCli(['install', 'shop'], api.env);
    expect(stderr).toContain('at body/ref: is too long');
    expect(stderr).toContain('at body/namespace: is not a name');
    expect(stderr).toContain('did you mean redis, reddit?');
  });

  it('lets no escape sequence of the server reach the terminal', async () => {
    await serve({ 'POST /api/v1/installs': problem(404, 'template_not_found', { detail: 'no \u001b[2Jtemplate\u202e' }) });
    const { stderr } = await runCli(['install', 'shop'], api.env);
    for (const character of ['\u001b', '\u202e']) expect(stderr).not.toContain(character);
  });

  it('tells where the refused token came from, and not the token', async () => {
    await serve({ 'GET /api/v1/search': problem(401, 'unauthenticated') });
    const { stderr } = await runCli(['search'], api.env);
    expect(stderr).toContain('(token: CHANDLERY_TOKEN)');
    expect(stderr).not.toContain('chy_test');
  });
});

describe('a server that is not there, or not ours', () => {
  it('says how to start it and exits 7', async () => {
    await serve({});
    await api.stop();
    const { code, stderr } = await runCli(['search'], api.env);
    expect(code).toBe(7);
    expect(stderr).toContain('no server answers at');
    expect(stderr).toContain('npm start');
  });

  it('exits 7 for a page that is no answer of the API', async () => {
    await serve({ 'GET /api/v1/search': (_request, response) => void response.end('<html>') });
    const { code, stderr } = await runCli(['search'], api.env);
    expect(code).toBe(7);
    expect(stderr).toContain('does not answer like a Chandlery server');
  });

  it('follows no redirect: the token stays here', async () => {
    await serve({
      'GET /api/v1/search': (_request, response) => void response.writeHead(302, { location: `${api.url}/elsewhere` }).end(),
    });
    const { code, stderr } = await runCli(['search'], api.env);
    expect(code).toBe(7);
    expect(stderr).toContain('a redirect to');
    expect(api.seen.map(({ path }) => path)).toEqual(['/api/v1/search']);
  });

  it('exits 7 when a body breaks off', async () => {
    await serve({
      'GET /api/v1/search': (_request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"templates"');
        setTimeout(() => response.destroy(), 50);
      },
    });
    expect((await runCli(['search'], api.env)).code).toBe(7);
  });
});

describe('search', () => {
  const found = {
    name: 'redis',
    version: '7.2.5',
    description: 'A key-value store',
    tags: [],
    type: 'workload',
    registry: 'local',
    registryType: 'private',
    digest: '',
  };

  it('asks what the options say', async () => {
    await serve({ 'GET /api/v1/search': json({ templates: [found], total: 1, partial: false, errors: [] }) });
    const words = [
      'search',
      'key',
      'value',
      '--category',
      'a',
      '--category',
      'b',
      '--tag',
      'c',
      '--type',
      'helm',
      '--registry',
      'r',
      '--limit',
      '5',
      '-n',
      'team-a',
    ];
    const { code, stdout } = await runCli([...words, '-o', 'name'], api.env);
    expect([code, stdout]).toEqual([0, 'redis\n']);
    expect(api.seen[0]?.path).toBe(
      '/api/v1/search?category=a&category=b&tag=c&type=helm&registry=r&namespace=team-a&q=key+value&limit=5',
    );
    expect(api.seen[0]?.headers.authorization).toBe('Bearer chy_test');
  });

  it('prints plain columns, and the body unchanged with -o json', async () => {
    const body = { templates: [found], total: 1, partial: false, errors: [] };
    await serve({ 'GET /api/v1/search': json(body) });
    expect((await runCli(['marketplace', 'search'], api.env)).stdout).toMatch(
      /^NAME +VERSION +TYPE +CATEGORY +RATING +REGISTRY +DESCRIPTION\nredis +7\.2\.5 +workload +- +- +local +A key-value store\n$/,
    );
    expect(JSON.parse((await runCli(['search', '-o', 'json'], api.env)).stdout)).toEqual(body);
  });

  it('warns of a registry that did not answer, and exits 7 only when that left nothing', async () => {
    const errors = [{ registry: 'far', code: 'registry_unavailable', message: 'no answer' }];
    await serve({ 'GET /api/v1/search': json({ templates: [found], total: 1, partial: true, errors }) });
    const some = await runCli(['search'], api.env);
    expect([some.code, some.stderr]).toEqual([0, 'warning: registry far did not answer: no answer\n']);
    await api.stop();
    await serve({ 'GET /api/v1/search': json({ templates: [], total: 0, partial: true, errors }) });
    expect((await runCli(['search'], api.env)).code).toBe(7);
  });
});
