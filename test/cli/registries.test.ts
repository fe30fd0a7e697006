import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, FakeApi, json, problem } from './support/fake-api.ts';
import { type Ended, runCli, startCli } from './support/run-cli.ts';

let api: FakeApi;
let dir: string;

async function serve(answers: Record<string, Answer>): Promise<void> {
  api = await new FakeApi(answers).start();
}
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'chandlery-cli-registries-'));
});
afterEach(() => api?.stop());
afterAll(() => rm(dir, { recursive: true, force: true }));

const PATH = '/api/v1/registries';
const view = {
  ...{ name: 'charts', kind: 'helm', type: 'community', url: 'https://charts.example', origin: 'api', revision: '7' },
  ...{ default: false, credential: 'token', status: 'unknown', templates: 3, problemCount: 0, problems: [] },
};
const ADD = ['registries', 'add', 'charts', '--kind', 'helm', '--type', 'community', '--url', 'https://charts.example'];

async function withInput(words: string[], input: string): Promise<Ended> {
  const running = startCli(words, api.env);
  running.child.stdin.end(input);
  return await running.ended;
}

describe('registries add', () => {
  it('sends what every option says, and a token from stdin', async () => {
    await serve({ [`POST ${PATH}`]: json(view, 201) });
    await writeFile(join(dir, 'ca.pem'), 'the authorities');
    const options = ['--token-stdin', '--ca-file', join(dir, 'ca.pem'), '--default', '--allow-http', '--test'];
    const { code, stdout } = await withInput([...ADD, ...options], 't-0-k-e-n\n');
    expect(code).toBe(0);
    expect(api.seen[0]?.path).toBe(`${PATH}?test=true`);
    expect(JSON.parse(api.seen[0]?.body ?? '')).toEqual({
      ...{ name: 'charts', kind: 'helm', type: 'community', url: 'https://charts.example' },
      ...{ default: true, allowHttp: true, ca: 'the authorities' },
      credentials: { type: 'token', token: 't-0-k-e-n' },
    });
    expect(stdout).toMatch(/^from +API$/m);
    expect(stdout).not.toContain('t-0-k-e-n');
  });

  it('takes a password from stdin, and a key and host keys from files', async () => {
    await serve({ [`POST ${PATH}`]: json(view, 201) });
    await withInput([...ADD, '--username', 'ann', '--password-stdin'], 'p w\r\n');
    expect(JSON.parse(api.seen[0]?.body ?? '').credentials).toEqual({ type: 'basic', username: 'ann', password: 'p w' });
    await writeFile(join(dir, 'key'), 'the key\n');
    await writeFile(join(dir, 'hosts'), 'the hosts\n');
    const files = ['--ssh-key-file', join(dir, 'key'), '--known-hosts-file', join(dir, 'hosts')];
    await runCli([...ADD, ...files, '--repository', 'a', '--repository', 'b/c', '--ref', 'main', '--path', 'x'], api.env);
    expect(JSON.parse(api.seen[1]?.body ?? '')).toMatchObject({
      credentials: { type: 'ssh_key', ssh_key: 'the key\n', known_hosts: 'the hosts\n' },
      ...{ repositories: ['a', 'b/c'], ref: 'main', path: 'x' },
    });
  });

  it.each([
    ['a token on the command line', ['--token', 'x']],
    ['a password on the command line', ['--password', 'x']],
    ['two credentials', ['--token-stdin', '--username', 'u']],
    ['a user without a password', ['--username', 'u']],
    ['a key without host keys', ['--ssh-key-file', '/dev/null']],
    ['a file that is not there', ['--ca-file', '/no/such/file']],
    ['stdin without a token', ['--token-stdin']],
    ['another kind', ['--kind', 'plugin']],
  ])('refuses %s', async (_what, options) => {
    await serve({});
    const { code, stderr } = await withInput([...ADD, ...options], '');
    expect([code, api.seen.length]).toEqual([2, 0]);
    expect(stderr).not.toBe('');
  });

  it.each([
    ['registry_test_failed', 422, 7],
    ['registry_exists', 409, 5],
    ['registry_from_file', 409, 5],
    ['forbidden', 403, 4],
  ])('ends with the code of %s', async (code, status, exit) => {
    await serve({ [`POST ${PATH}`]: problem(status, code) });
    const ended = await runCli(ADD, api.env);
    expect(ended.code).toBe(exit);
    expect(ended.stderr).toContain(`said ${code}`);
  });
});

describe('registries update', () => {
  it('changes what was read, and only that', async () => {
    await serve({ [`GET ${PATH}/charts`]: json(view), [`PATCH ${PATH}/charts`]: json(view) });
    const { code } = await runCli(
      ['registries', 'update', 'charts', '--type', 'official', '--no-credentials', '--no-ca'],
      api.env,
    );
    expect(code).toBe(0);
    expect(api.seen[1]?.headers['if-match']).toBe('"7"');
    expect(JSON.parse(api.seen[1]?.body ?? '')).toEqual({ type: 'official', credentials: null, ca: null });
  });

  it.each([
    ['--no-credentials', '--token-stdin'],
    ['--no-ca', '--ca-file=/dev/null'],
  ])('takes %s or %s, not both', async (one, other) => {
    await serve({});
    expect((await withInput(['registries', 'update', 'charts', one, other], 'x')).code).toBe(2);
    expect(api.seen).toEqual([]);
  });

  it('takes back what was allowed', async () => {
    await serve({ [`GET ${PATH}/charts`]: json(view), [`PATCH ${PATH}/charts`]: json(view) });
    await runCli(['registries', 'update', 'charts', '--no-default', '--no-allow-http'], api.env);
    expect(JSON.parse(api.seen[1]?.body ?? '')).toEqual({ default: false, allowHttp: false });
  });

  it('says when somebody was faster, and when nothing is to be changed', async () => {
    await serve({ [`GET ${PATH}/charts`]: json(view), [`PATCH ${PATH}/charts`]: problem(412, 'registry_changed') });
    expect((await runCli(['registries', 'update', 'charts'], api.env)).code).toBe(2);
    const late = await runCli(['registries', 'update', 'charts', '--type', 'private'], api.env);
    expect(late.code).toBe(5);
    expect(late.stderr).toContain('chandlery registries show NAME');
  });
});

describe('registries remove', () => {
  it('removes the state that was read, and asks before it does', async () => {
    const removed: Answer = (_request, response) => void response.writeHead(204).end();
    await serve({ [`GET ${PATH}/charts`]: json(view), [`DELETE ${PATH}/charts`]: removed });
    const asked = await runCli(['registries', 'remove', 'charts'], api.env);
    expect([asked.code, api.seen.length]).toEqual([2, 1]);
    expect(asked.stderr).toContain('--yes');
    const done = await runCli(['registries', 'remove', 'charts', '--yes'], api.env);
    expect([done.code, done.stderr]).toEqual([0, 'removed  charts\n']);
    expect(api.seen.at(-1)).toMatchObject({ method: 'DELETE', headers: { 'if-match': '"7"' } });
  });
});
