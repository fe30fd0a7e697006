import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { packFiles as packTar } from '../../../src/adapters/archive/pack.ts';
import { createGuardedClient } from '../../../src/adapters/http/guarded-client.ts';
import { releaseTags } from '../../../src/adapters/registries/git-tags.ts';
import { createRegistrySet } from '../../../src/adapters/registries/registry-set.ts';
import { digestOf } from '../../../src/domain/content-hash.ts';
import { manifestOfArchive } from '../../../src/domain/foreign/index.ts';
import { listAll, openGitLab, readArchive } from '../../support/git/lab.ts';
import { chartFiles, packFiles, TestRepository, templateFiles } from '../../support/git/repository.ts';

const lab = openGitLab();
let repository: TestRepository;
beforeEach(() => {
  repository = new TestRepository();
});
afterEach(() => repository.remove());
afterAll(() => lab.close());

const open = (config = {}) => lab.open({ url: repository.url, ...config });
const versions = async (plugin: ReturnType<typeof open>, name: string) =>
  (await plugin.listVersions(name)).map(({ version }) => version);

describe('list', () => {
  it('finds templates, charts and packs wherever they lie, and what lies in them belongs to them', async () => {
    repository.commit({
      ...templateFiles('templates/redis', 'redis', '7.2.0'),
      ...templateFiles('a/b/c/d/e/f', 'deep', '1.0.0'),
      ...templateFiles('a/b/c/d/e/f2/g', 'too-deep', '1.0.0'),
      ...chartFiles('charts/web', 'web', '1.4.0'),
      ...packFiles('packs/cmd', 'demo.hello'),
      'README.md': '# Templates\n',
    });
    const { templates, problems } = await listAll(open());
    expect(problems).toEqual([]);
    const found = templates.map(({ name, version, type }) => `${name}@${version} ${type}`).sort();
    expect(found).toEqual(['deep@1.0.0 manifests', 'demo.hello@3.0.0 pack', 'redis@7.2.0 manifests', 'web@1.4.0 helm']);
    expect((await open().search({ q: 'redis' })).templates).toMatchObject([{ name: 'redis', registry: 'repo' }]);
    expect(await open().connect()).toEqual({ credential: 'none' });
  });

  it('answers that nothing changed until something does', async () => {
    repository.commit(templateFiles('redis', 'redis', '1.0.0'));
    const plugin = open();
    const { validator = '' } = await listAll(plugin);
    expect(await plugin.list({ validator })).toEqual({ unchanged: true });
    repository.commit(templateFiles('redis', 'redis', '1.1.0'));
    const next = await plugin.list({ validator });
    expect(next.unchanged).toBe(false);
    expect(await versions(plugin, 'redis')).toEqual(['1.1.0']);
  });

  it('reads another branch, another folder and a commit', async () => {
    const first = repository.commit({ ...templateFiles('mine/x', 'x', '1.0.0'), ...templateFiles('other/y', 'y', '1.0.0') });
    repository.run('checkout', '--quiet', '-b', 'next');
    repository.commit(templateFiles('mine/x', 'x', '2.0.0'));
    expect(await versions(open({ ref: 'next' }), 'x')).toEqual(['2.0.0']);
    expect(await versions(open({ ref: first }), 'x')).toEqual(['1.0.0']);
    expect((await listAll(open({ path: './mine/' }))).templates.map(({ name }) => name)).toEqual(['x']);
    await expect(open({ path: 'nowhere' }).search({})).toFailWith('registry_invalid');
    await expect(open({ ref: 'nowhere' }).connect()).toFailWith('registry_invalid');
    await expect(open({ ref: 'f'.repeat(40) }).search({})).toFailWith('registry_invalid');
  });

  it('reports what cannot be used and keeps its neighbours', async () => {
    repository.commit({
      ...templateFiles('good', 'good', '1.0.0'),
      ...templateFiles('zz-twice', 'good', '1.0.0'),
      ...templateFiles('linked', 'linked', '1.0.0'),
      'linked/secret': { link: '/etc/passwd' },
      'broken/template.yaml': 'kind: [',
      'chart/Chart.yaml': 'name: UPPER\nversion: 1\n',
      'pointer/template.yaml': { link: '../good/template.yaml' },
    });
    const { templates, problems } = await listAll(open());
    expect(templates.map(({ name }) => name)).toEqual(['good']);
    expect(problems.map(({ subject }) => subject).sort()).toEqual(['broken', 'chart', 'linked', 'pointer', 'zz-twice']);
    expect(problems.find(({ subject }) => subject === 'linked')?.message).toContain('symbolic link');
  });

  it('says that an empty or missing repository is none', async () => {
    await expect(open().connect()).toFailWith('registry_invalid');
    await expect(lab.open({ url: `${repository.url}-gone` }).connect()).toFailWith('registry_invalid');
  });
});

describe('tags', () => {
  it('are versions besides the branch, and what they released stays', async () => {
    repository.commit(templateFiles('redis', 'redis', '1.0.0', 'released'), 'v1.0.0');
    repository.commit({ ...templateFiles('redis', 'redis', '1.1.0'), ...templateFiles('db', 'db', '0.1.0') }, 'redis-1.1.0');
    repository.commit({ ...templateFiles('db', 'db', '0.2.0') }, 'db/v0.2.0');
    repository.commit(templateFiles('redis', 'redis', '1.0.0', 'moved'));
    const plugin = open();
    expect(await versions(plugin, 'redis')).toEqual(['1.1.0', '1.0.0']);
    // redis-1.1.0 releases redis only.
    expect(await versions(plugin, 'db')).toEqual(['0.2.0']);
    expect((await readArchive(plugin, 'redis', '1.0.0')).bytes.toString('latin1')).toContain('released');
  });

  it('that promise another version than the template are problems', async () => {
    repository.commit(templateFiles('redis', 'redis', '1.0.0'), 'redis-3.0.0');
    const { templates, problems } = await listAll(open());
    expect(templates).toMatchObject([{ name: 'redis', version: '1.0.0' }]);
    expect(problems).toEqual([{ subject: 'redis-3.0.0: redis', message: expect.stringContaining('version 1.0.0') }]);
  });

  it('are the newest 50 that are versions', () => {
    const tags = new Map([...Array(60)].map((_, index) => [`v1.${index}.0`, 'a'.repeat(40)]));
    for (const other of ['nightly', 'v1', 'Bad Name-1.0.0', 'v01.0.0']) tags.set(other, 'b'.repeat(40));
    const found = releaseTags(tags);
    expect([found.length, found[0]?.tag, found.at(-1)?.tag]).toEqual([50, 'v1.59.0', 'v1.10.0']);
    expect(releaseTags(new Map([['my-app-1.2.3-rc.1', 'c'.repeat(40)]]))).toMatchObject([
      { template: 'my-app', version: '1.2.3-rc.1' },
    ]);
  });
});

describe('openArchive', () => {
  it('gives the same bytes for the same files, whatever else changes', async () => {
    const files = { ...templateFiles('redis', 'redis', '1.0.0'), ...packFiles('cmd', 'demo.hello') };
    repository.commit(files);
    const before = await readArchive(open(), 'redis', '1.0.0');
    repository.commit({ 'notes.txt': 'more\n' });
    const plugin = open();
    const after = await readArchive(plugin, 'redis', '1.0.0');
    expect(after.bytes.equals(before.bytes)).toBe(true);
    expect(digestOf(after.bytes)).toBe(after.digest);
    expect(await plugin.listVersions('redis')).toMatchObject([{ digest: after.digest, size: after.bytes.length }]);
    const pack = packTar(
      Object.entries(packFiles('', 'demo.hello')).map(([path, content]) => ({
        path: path.slice(1),
        data: Buffer.from(content !== null && typeof content === 'object' && 'run' in content ? content.run : String(content)),
        executable: path.endsWith('run.sh'),
      })),
    );
    expect((await readArchive(plugin, 'demo.hello', '3.0.0')).bytes.equals(pack)).toBe(true);
  });

  it('gives another digest when a commit moves what a version is', async () => {
    repository.commit(templateFiles('redis', 'redis', '1.0.0', 'one'));
    const plugin = open();
    const { digest } = await readArchive(plugin, 'redis', '1.0.0');
    repository.commit(templateFiles('redis', 'redis', '1.0.0', 'two'));
    expect((await readArchive(plugin, 'redis', '1.0.0')).digest).not.toBe(digest);
  });

  it('resumes, packs a chart as Helm does, and knows what is not there', async () => {
    repository.commit({ ...chartFiles('some/folder', 'web', '1.0.0'), ...templateFiles('redis', 'redis', '1.0.0') });
    const plugin = open();
    const { bytes, digest = '' } = await readArchive(plugin, 'web', '1.0.0');
    expect(bytes.toString('latin1')).toContain('web/charts/sub/Chart.yaml');
    const rest = await plugin.openArchive('web', '1.0.0', { offset: 512, digest });
    expect([rest.offset, rest.size]).toEqual([512, bytes.length]);
    const detail = await plugin.getTemplate('web');
    expect(detail).toMatchObject({
      readme: '# The chart\n',
      parametersFrom: 'inferred',
      manifest: { spec: { content: { chart: 'web' } } },
    });
    const files = chartFiles('web', 'web', '1.0.0');
    const archive = { paths: Object.keys(files), text: (path: string) => files[path]?.toString() };
    expect(detail.manifest).toEqual(manifestOfArchive(archive, 'the archive').manifest);
    await expect(plugin.openArchive('rediss', '1.0.0')).toFailWith('template_not_found');
    await expect(plugin.getTemplate('redis', '9.0.0')).toFailWith('version_not_found');
  });
});

describe('tricks in a repository', () => {
  it('attributes, filters, submodules and hooks do nothing', async () => {
    const files = templateFiles('redis', 'redis', '1.0.0');
    repository.commit(files);
    const plain = await readArchive(open(), 'redis', '1.0.0');
    repository.commit({
      '.gitattributes': '* text eol=crlf ident filter=evil export-ignore\n',
      '.gitmodules': '[submodule "x"]\n\tpath = sub\n\turl = ext::sh -c "touch pwned"\n',
    });
    repository.run('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
    repository.run('commit', '--quiet', '-m', 'submodule');
    repository.publish();
    const hooks = join(repository.bare, 'hooks');
    mkdirSync(hooks, { recursive: true });
    for (const hook of ['pre-upload', 'post-upload', 'reference-transaction', 'post-checkout', 'post-merge'])
      writeFileSync(join(hooks, hook), `#!/bin/sh\ntouch ${join(repository.root, 'pwned')}\n`, { mode: 0o755 });
    const plugin = open();
    expect((await readArchive(plugin, 'redis', '1.0.0')).bytes.equals(plain.bytes)).toBe(true);
    expect(readdirSync(repository.root).sort()).toEqual(['bare.git', 'work']);
    repository.run('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},redis/sub`);
    repository.run('commit', '--quiet', '-m', 'submodule inside');
    repository.publish();
    expect((await listAll(plugin)).problems).toMatchObject([{ subject: 'redis', message: expect.stringContaining('submodule') }]);
  });

  it('names that climb out are problems', async () => {
    const manifest = templateFiles('', 'evil', '1.0.0')['template.yaml'] as string;
    const blob = (text: string) => Buffer.from(repository.feed(text, 'hash-object', '-w', '--stdin'), 'hex');
    const tree = (...entries: Array<[string, Buffer]>) =>
      Buffer.from(
        repository.feed(
          Buffer.concat(entries.flatMap(([name, id]) => [Buffer.from(`${name}\0`), id])),
          ...['hash-object', '-w', '--literally', '-t', 'tree', '--stdin'],
        ),
        'hex',
      );
    const climbing = tree(['100644 passwd', blob('x')]);
    const folder = tree(['40000 ..', climbing], ['100644 template.yaml', blob(manifest)]);
    const commit = repository.run('commit-tree', '-m', 'evil', tree(['40000 evil', folder]).toString('hex'));
    repository.run('update-ref', 'refs/heads/main', commit);
    repository.publish();
    const { templates, problems } = await listAll(open());
    expect(templates).toEqual([]);
    expect(problems).toMatchObject([{ subject: 'evil', message: expect.stringContaining('..') }]);
  });
});

describe('the registry set', () => {
  it('opens one where there is git, and says what is missing where there is none', async () => {
    repository.commit({ ...templateFiles('', 'only', '1.0.0'), ...chartFiles('chart', 'inner', '1.0.0') });
    const client = createGuardedClient({ development: false, allow: [] });
    const config = { registries: [{ name: 'repo', kind: 'git', type: 'private', url: repository.url } as const], problems: [] };
    const { templates } = await listAll(createRegistrySet(config, { client, git: lab.git }).get('repo'));
    expect(templates.map(({ name }) => name)).toEqual(['only']);
    const bare = openGitLab({ searchPath: '/nowhere' });
    const disabled = createRegistrySet(config, { client, git: bare.git }).get('repo').connect();
    await expect(disabled).toFailWith('registry_unavailable');
    await expect(disabled).rejects.toThrow('git is not installed');
    await Promise.all([bare.close(), client.close()]);
  });

  it('gives the copy up when the registry is removed, after whoever still reads it', async () => {
    repository.commit(templateFiles('', 'kept', '1.0.0'));
    const client = createGuardedClient({ development: false, allow: [] });
    const set = createRegistrySet({ registries: [], problems: [] }, { client, git: lab.git });
    const config = { name: 'repo', kind: 'git', type: 'private', url: repository.url } as const;
    set.use({ registries: [{ config, revision: '1' }], problems: [] });
    const plugin = set.get('repo');
    const reading = plugin.getTemplate('kept');
    set.use({ registries: [], problems: [] });
    await expect(reading).resolves.toMatchObject({ name: 'kept' });
    // An operation that still holds it fetches anew.
    await expect(plugin.listVersions('kept')).resolves.toHaveLength(1);
    await client.close();
  });
});

describe('the mirror', () => {
  it('is fetched anew when it breaks, and removed in the end', async () => {
    const own = openGitLab();
    repository.commit(templateFiles('redis', 'redis', '1.0.0'));
    const plugin = own.open({ url: repository.url });
    await plugin.listVersions('redis');
    const [home = ''] = readdirSync(own.cacheDir);
    const [mirror = ''] = readdirSync(join(own.cacheDir, home));
    writeFileSync(join(own.cacheDir, home, mirror, 'shallow.lock'), '');
    repository.commit(templateFiles('redis', 'redis', '1.1.0'));
    await expect(plugin.listVersions('redis')).toFailWith('registry_unavailable');
    expect(await versions(plugin, 'redis')).toEqual(['1.1.0']);
    await own.git.close();
    expect(readdirSync(own.cacheDir)).toEqual([]);
    rmSync(own.cacheDir, { recursive: true });
  });

  it('serves one at a time, and lets go who is aborted while waiting', async () => {
    const mirror = lab.git.mirror({ registry: 'repo', url: repository.url });
    const order: string[] = [];
    const first = mirror.exclusive(async () => {
      await aborted;
      order.push('first');
    });
    const aborter = new AbortController();
    const waiting = mirror.exclusive(async () => order.push('never'), aborter.signal);
    const aborted = expect(waiting).rejects.toThrow('enough');
    aborter.abort(new Error('enough'));
    await aborted;
    await Promise.all([first, mirror.exclusive(async () => order.push('third'))]);
    expect(order).toEqual(['first', 'third']);
  });

  it('stops at its size', async () => {
    const own = openGitLab({ packBytes: 64 * 1024 });
    repository.commit({ ...templateFiles('redis', 'redis', '1.0.0'), noise: randomBytes(300_000).toString('base64') });
    await expect(own.open({ url: repository.url }).listVersions('redis')).toFailWith('too_large');
    await own.close();
  });
});
