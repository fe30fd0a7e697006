import { EventEmitter, once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { openAccess } from '../../../src/adapters/git/access.ts';
import { localEnvironment } from '../../../src/adapters/git/environment.ts';
import { createAddressPolicy } from '../../../src/adapters/http/address-policy.ts';
import { TestGitHttps } from '../../support/git/https-server.ts';
import { openGitLab, readArchive } from '../../support/git/lab.ts';
import { TestRepository, templateFiles } from '../../support/git/repository.ts';

const TOKEN = 'tok-3f9a7c51e2';
const lab = openGitLab();
let repository: TestRepository;
let server: TestGitHttps;
beforeAll(async () => {
  repository = new TestRepository();
  repository.commit(templateFiles('redis', 'redis', '1.0.0'), 'v1.0.0');
  server = new TestGitHttps(repository.root);
  await server.start();
});
afterEach(() => {
  server.instead = undefined;
  server.authorization = undefined;
  server.authorizations.length = 0;
});
afterAll(async () => {
  await lab.close();
  await server.stop();
  repository.remove();
});

const open = (config = {}) => lab.open({ url: `https://localhost:${server.port}/bare.git`, ca: server.ca, ...config });
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('a git registry over https', () => {
  it('reads a public repository without a credential', async () => {
    expect((await readArchive(open(), 'redis', '1.0.0')).bytes.length).toBeGreaterThan(1024);
    expect(new Set(server.authorizations)).toEqual(new Set([undefined]));
  });

  it('sends a token as git hosts take it, and a user name with password', async () => {
    server.authorization = basic(`x-access-token:${TOKEN}`);
    expect(await open({ credentials: { type: 'token', token: TOKEN } }).listVersions('redis')).toHaveLength(1);
    server.authorization = basic('robot:word');
    const credentials = { type: 'basic', username: 'robot', password: 'word' };
    expect(await open({ credentials }).connect()).toEqual({ credential: 'basic' });
  });

  it('fails with authentication for a wrong or missing token, and shows none', async () => {
    server.authorization = basic('x-access-token:right');
    await expect(open().connect()).toFailWith('authentication');
    const wrong = open({ credentials: { type: 'token', token: TOKEN } }).connect();
    await expect(wrong).toFailWith('authentication');
    await expect(wrong).rejects.not.toThrow(TOKEN);
  });

  it.each([
    [403, 'authorization'],
    [404, 'registry_invalid'],
    [429, 'rate_limit'],
    [503, 'registry_unavailable'],
  ] as const)('understands %s', async (status, code) => {
    server.instead = (_request, response) => Boolean(response.writeHead(status).end());
    await expect(open().connect()).toFailWith(code);
  });

  it('follows no redirect', async () => {
    server.instead = (request, response) => {
      if (request.url?.startsWith('/moved')) return false;
      response.writeHead(302, { location: `/moved${request.url}` }).end();
      return true;
    };
    await expect(open().connect()).toFailWith('registry_invalid');
    expect(server.authorizations).toHaveLength(1);
  });

  it('trusts only authorities it knows', async () => {
    await expect(lab.open({ url: `https://localhost:${server.port}/bare.git` }).connect()).toFailWith('registry_unavailable');
    expect(server.authorizations).toEqual([]);
  });

  it('asks the address policy', async () => {
    const strict = openGitLab({ development: false });
    const plugin = strict.open({ url: `https://localhost:${server.port}/bare.git`, ca: server.ca });
    await expect(plugin.connect()).toFailWith('outbound_denied');
    await expect(strict.open({ url: 'https://169.254.169.254/x.git' }).connect()).toFailWith('outbound_denied');
    await strict.close();
  });
});

describe('when it is aborted', () => {
  it('ends git and all it started, whose arguments never held the token', async () => {
    const events = new EventEmitter();
    const asked = once(events, 'asked');
    const closed = once(events, 'closed');
    server.instead = (_request, response) => {
      response.on('close', () => events.emit('closed'));
      return events.emit('asked');
    };
    const aborter = new AbortController();
    const running = open({ credentials: { type: 'token', token: TOKEN } }).connect(aborter.signal);
    const ended = expect(running).rejects.toThrow('enough');
    await asked;
    const commands = commandLines();
    expect(commands.some((line) => line.includes(`localhost:${server.port}/bare.git`))).toBe(process.platform === 'linux');
    expect(commands.filter((line) => line.includes(TOKEN) || line.includes(basic(`x-access-token:${TOKEN}`)))).toEqual([]);
    aborter.abort(new Error('enough'));
    await ended;
    await closed;
    expect(commandLines().filter((line) => line.includes(`localhost:${server.port}/bare.git`))).toEqual([]);
  });
});

describe('openAccess', () => {
  const policy = createAddressPolicy({ development: true, allow: [] });
  const settings = (env: Record<string, string>) =>
    Array.from(
      { length: Number(env.GIT_CONFIG_COUNT) },
      (_, at) => `${env[`GIT_CONFIG_KEY_${at}`]}=${env[`GIT_CONFIG_VALUE_${at}`]}`,
    );

  it('binds git to the addresses that were checked, and to its protocol', async () => {
    const remote = { registry: 'repo', url: `https://localhost:${server.port}/bare.git` };
    const access = await openAccess(remote, policy, server.dir);
    const found = settings(access.env);
    expect(found).toContainEqual(expect.stringMatching(`^http.curloptResolve=localhost:${server.port}:127\\.0\\.0\\.1`));
    expect(found).toEqual(
      expect.arrayContaining(['protocol.allow=never', 'protocol.https.allow=always', 'http.followRedirects=false']),
    );
    await access.release();
    expect(readdirSync(server.dir).filter((name) => name.startsWith('access-'))).toEqual([]);
  });

  it('does not resolve what does not exist', async () => {
    const remote = { registry: 'repo', url: 'https://nowhere.invalid/x.git' };
    await expect(openAccess(remote, policy, server.dir)).toFailWith('registry_unavailable');
    expect(settings(localEnvironment())).toContain('core.hooksPath=/dev/null');
  });
});

/** Of every process there is; empty where there is no /proc. */
function commandLines(): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        return [readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    });
}
