import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCheckout } from '../../../src/adapters/git/checkout.ts';
import { buildRegistryConfig, registryEntrySchema } from '../../../src/domain/registry-entry.ts';
import { openGitLab } from '../../support/git/lab.ts';
import { TestRepository, templateFiles } from '../../support/git/repository.ts';

/** What a configuration, a server or a repository could make git do that nobody asked it to. */

const lab = openGitLab();
const checkout = createCheckout(lab.git);
const servers: Server[] = [];
let repository: TestRepository;
let pwned: string;
beforeEach(() => {
  repository = new TestRepository();
  pwned = join(repository.root, 'pwned');
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  repository.remove();
});
afterAll(() => lab.close());

async function serve(handler: RequestListener): Promise<{ url: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    handler(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe('a URL', () => {
  const build = (url: string, more = {}) =>
    buildRegistryConfig(registryEntrySchema.parse({ name: 'r', type: 'private', kind: 'git', url, ...more }), 'r.yaml', {});

  it.each([
    'ext::sh -c "touch pwned"',
    'ext:sh -c "touch pwned"',
    'fd::3',
    'git://127.0.0.1/x.git',
    'ftp://127.0.0.1/x.git',
    '--upload-pack=touch pwned',
    '/etc',
    '../x',
    'file://elsewhere/x.git',
  ])('is none of a repository: %s', (url) => {
    expect(build(url)).toMatch(/^url: /);
  });

  it.each([
    'ssh://-oProxyCommand=touch$IFS$PWNED/x.git',
    'ssh://-oProxyCommand=touch$IFS$PWNED@127.0.0.1/x.git',
    'ssh://%2DoProxyCommand=touch$IFS$PWNED@127.0.0.1/x.git',
    'ssh://git@-oProxyCommand=touch$IFS$PWNED/x.git',
    'ssh://git@127.0.0.1:1/--upload-pack=touch$IFS$PWNED',
    "ssh://git@127.0.0.1:1/x';touch$IFS$PWNED;'.git",
    'ssh://git@127.0.0.1:1/$(touch$IFS$PWNED).git',
    '-oProxyCommand@127.0.0.1:x.git',
  ])('is no option and no command of ssh: %s', async (text) => {
    const url = text.replaceAll('$PWNED', pwned);
    const credentials = { type: 'ssh_key', ssh_key: '-----BEGIN x\n', known_hosts: '127.0.0.1 ssh-ed25519 AAAA\n' };
    const config = build(url, { credentials });
    if (typeof config === 'object') await expect(lab.open(config).connect()).rejects.toMatchObject({ name: 'ChandleryError' });
    expect(readdirSync(repository.root)).not.toContain('pwned');
  });

  it.each(['localhost', '127.0.0.1', '2130706433', '0177.0.0.1', '0x7f.1', '127.1', '[::ffff:127.0.0.1]', '[::1]', '0'])(
    'is not called over ssh at %s',
    async (host) => {
      const strict = openGitLab({ development: false });
      const credentials = { type: 'ssh_key', ssh_key: '-----BEGIN x\n', known_hosts: 'x ssh-ed25519 AAAA\n' };
      const config = build(`ssh://git@${host}/x.git`, { credentials });
      if (typeof config !== 'object') throw new Error(config);
      await expect(strict.open(config).connect()).toFailWith('outbound_denied');
      await strict.close();
    },
  );

  it('is read by git as it is read by the guard', () => {
    // What libraries disagree about (backslashes, user information, spellings of addresses) is settled before either sees it.
    expect(build('https://a.example\\@127.0.0.1/x')).toMatchObject({ url: 'https://a.example/@127.0.0.1/x' });
    expect(build('https://0x7f.1/x')).toMatchObject({ url: 'https://127.0.0.1/x' });
    expect(build('https:a.example/x')).toMatchObject({ url: 'https://a.example/x' });
    expect(build('https://a.example\t.evil.example/x')).toMatch(/^url: /);
    expect(build('https://a.example#@127.0.0.1/x')).toMatch(/^url: /);
    expect(build('https://u@127.0.0.1/x')).toMatch(/^url: /);
  });
});

describe('a branch or tag', () => {
  it('is looked up in the list, and never an option', async () => {
    const id = repository.commit(templateFiles('web', 'web', '1.0.0'));
    for (const ref of ['--upload-pack=touch pwned', '-x', 'main:refs/heads/x', '../main', 'main^{tree}'])
      await expect(lab.open({ url: repository.url, ref }).connect()).toFailWith('registry_invalid');
    repository.run('update-ref', 'refs/heads/--upload-pack=touch', id);
    repository.run('update-ref', 'refs/tags/-v1.0.0', id);
    repository.publish();
    const plugin = lab.open({ url: repository.url, ref: '--upload-pack=touch' });
    expect(await plugin.listVersions('web')).toHaveLength(1);
  });
});

describe('a server', () => {
  it('that offers the old protocol cannot send git elsewhere', async () => {
    const id = repository.commit(templateFiles('web', 'web', '1.0.0'));
    const inner = await serve((_request, response) => response.writeHead(404).end());
    const outer = await serve((request, response) => {
      const path = (request.url ?? '').split('?')[0];
      const texts: Record<string, string> = {
        '/x.git/info/refs': `${id}\trefs/heads/main\n`,
        '/x.git/HEAD': 'ref: refs/heads/main\n',
        '/x.git/objects/info/http-alternates': `${inner.url}/y.git/objects\n`,
        '/x.git/objects/info/alternates': `${inner.url}/y.git/objects\n`,
      };
      const text = texts[path ?? ''];
      response.writeHead(text === undefined ? 404 : 200, { 'content-type': 'text/plain' }).end(text);
    });
    await expect(lab.open({ url: `${outer.url}/x.git` }).listVersions('web')).rejects.toMatchObject({ name: 'ChandleryError' });
    expect(outer.asked.length).toBeGreaterThan(0);
    expect(inner.asked).toEqual([]);
  });

  it.each([
    ['302 to a file', 302, 'file:///etc/passwd'],
    ['301 to another server', 301, 'INNER'],
    ['307 to a command', 307, 'ext::sh -c touch'],
  ])('that answers %s is not followed', async (_what, status, where) => {
    const inner = await serve((_request, response) => response.writeHead(404).end());
    const outer = await serve((_request, response) =>
      response.writeHead(status, { location: where.replace('INNER', `${inner.url}/x.git/info/refs`) }).end(),
    );
    await expect(lab.open({ url: `${outer.url}/x.git` }).connect()).toFailWith('registry_invalid');
    expect([outer.asked.length, inner.asked]).toEqual([1, []]);
  });
});

describe('the environment of the server', () => {
  it('has no say in what git does', async () => {
    repository.commit(templateFiles('web', 'web', '1.0.0'));
    const script = join(repository.root, 'git');
    writeFileSync(script, `#!/bin/sh\ntouch ${pwned}\n`, { mode: 0o755 });
    const evil = {
      PATH: `${repository.root}:${process.env.PATH}`,
      GIT_EXEC_PATH: repository.root,
      GIT_SSH_COMMAND: script,
      GIT_PROXY_COMMAND: script,
      GIT_CONFIG_PARAMETERS: `'core.fsmonitor=${script}'`,
      GIT_TEMPLATE_DIR: repository.root,
    };
    const before = { ...process.env };
    Object.assign(process.env, evil);
    try {
      const own = openGitLab();
      expect(await own.open({ url: repository.url }).listVersions('web')).toHaveLength(1);
      await own.close();
    } finally {
      for (const name of Object.keys(evil)) delete process.env[name];
      Object.assign(process.env, before);
    }
    expect(existsSync(pwned)).toBe(false);
  });
});

describe('a working copy', () => {
  /** Writes a tree that git itself would never make. */
  const tree = (...entries: Array<[string, Buffer]>) =>
    Buffer.from(
      repository.feed(
        Buffer.concat(entries.flatMap(([name, id]) => [Buffer.from(`${name}\0`), id])),
        ...['hash-object', '-w', '--literally', '-t', 'tree', '--stdin'],
      ),
      'hex',
    );
  const blob = (text: string) => Buffer.from(repository.feed(text, 'hash-object', '-w', '--stdin'), 'hex');
  const publish = (root: Buffer) => {
    repository.run('update-ref', 'refs/heads/main', repository.run('commit-tree', '-m', 'evil', root.toString('hex')));
    repository.publish();
  };

  it('is never written through a link, though link and folder have one name', async () => {
    writeFileSync(pwned, 'before');
    const link = blob(repository.root);
    publish(tree(['120000 a', link], ['40000 a', tree(['100644 pwned', blob('after')])]));
    await expect(checkout({ url: repository.url })).rejects.toThrow();
    expect(readFileSync(pwned, 'utf8')).toBe('before');
  });

  it.each([
    ['..', '..'],
    ['.', '.'],
    ['a/../../pwned', 'a/../../pwned'],
    ['a name with a line break', 'a\nb'],
    ['a backslash', '..\\pwned'],
  ])('has no file named %s', async (_what, name) => {
    publish(tree([`100644 ${name}`, blob('after')]));
    await expect(checkout({ url: repository.url })).rejects.toMatchObject({ name: 'ChandleryError' });
    expect(existsSync(pwned)).toBe(false);
  });
});
