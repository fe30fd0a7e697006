import { createHash } from 'node:crypto';
import { rm, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { packDirectory } from '../../../src/adapters/archive/pack.ts';
import { createFolderRegistry, type FolderProblem, type FolderRegistryOptions } from '../../../src/adapters/registries/folder.ts';
import type { ArchiveStream } from '../../../src/domain/registry.ts';
import { createRegistryFolder, manifestText, type RegistryFolder } from '../../support/registry-folder.ts';

let folder: RegistryFolder;
let told: FolderProblem[];

beforeEach(async () => {
  told = [];
  folder = await createRegistryFolder([
    { name: 'redis', version: '7.0.0', category: 'database', tags: ['cache'], files: { 'README.md': '# Redis' } },
    { name: 'redis', version: '7.10.0', category: 'database', tags: ['cache'] },
    { name: 'redis', version: '8.0.0-rc.1' },
    { name: 'shop', version: '1.0.0', dependencies: [{ name: 'redis', version: '^7.0.0' }] },
  ]);
});
afterEach(() => folder.remove());

const registry = (options: Partial<FolderRegistryOptions> = {}) =>
  createFolderRegistry({
    name: 'local',
    type: 'private',
    directories: [folder.dir],
    rescanMs: 0,
    onProblem: (problem) => told.push(problem),
    ...options,
  });

async function bytesOf(stream: ArchiveStream): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describe('a folder registry', () => {
  it('lists versions newest first, with digests and dependencies', async () => {
    const versions = await registry().listVersions('redis');
    expect(versions.map(({ version }) => version)).toEqual(['8.0.0-rc.1', '7.10.0', '7.0.0']);
    const packed = await packDirectory(join(folder.dir, 'redis/7.0.0'));
    expect(versions[2]).toEqual({ version: '7.0.0', digest: digestOf(packed), size: packed.length, dependencies: [] });
    expect((await registry().listVersions('shop'))[0]?.dependencies).toEqual([{ name: 'redis', version: '^7.0.0' }]);
  });

  it('shows the newest release by default, and the readme', async () => {
    const detail = await registry().getTemplate('redis');
    expect(detail).toMatchObject({
      version: '7.10.0',
      registry: 'local',
      registryType: 'private',
      versions: ['8.0.0-rc.1', '7.10.0', '7.0.0'],
    });
    expect(detail.readme).toBeUndefined();
    await expect(registry().getTemplate('redis', '7.0.0')).resolves.toMatchObject({
      readme: '# Redis',
      manifest: { kind: 'Template' },
    });
  });

  it('finds one line per template', async () => {
    const page = await registry().search({ q: 'redis' });
    expect(page.templates.map(({ name, version }) => `${name}@${version}`)).toEqual(['redis@7.10.0']);
  });

  it('serves the packed folder, whole and from an offset', async () => {
    const packed = await packDirectory(join(folder.dir, 'shop/1.0.0'));
    const source = registry();
    const whole = await source.openArchive('shop', '1.0.0');
    expect(whole).toMatchObject({ offset: 0, size: packed.length, digest: digestOf(packed), mediaType: 'application/x-tar' });
    await expect(bytesOf(whole)).resolves.toEqual(packed);
    const rest = await source.openArchive('shop', '1.0.0', { offset: 1000, digest: digestOf(packed) });
    expect(rest.offset).toBe(1000);
    await expect(bytesOf(rest)).resolves.toEqual(packed.subarray(1000));
    await expect(bytesOf(await source.openArchive('shop', '1.0.0', { offset: packed.length }))).resolves.toHaveLength(0);
  });

  it('starts again for another digest or an offset past the end', async () => {
    const source = registry();
    await expect(source.openArchive('shop', '1.0.0', { offset: 10, digest: `sha256:${'0'.repeat(64)}` })).resolves.toMatchObject({
      offset: 0,
    });
    await expect(source.openArchive('shop', '1.0.0', { offset: 1e9 })).resolves.toMatchObject({ offset: 0 });
  });

  it('fails with template_not_found and version_not_found, naming what is there', async () => {
    const source = registry();
    await expect(source.getTemplate('redsi')).rejects.toMatchObject({
      code: 'template_not_found',
      details: { alternatives: ['redis'] },
    });
    await expect(source.getTemplate('shop', '9.0.0')).rejects.toMatchObject({
      code: 'version_not_found',
      details: { alternatives: ['1.0.0'] },
    });
    await expect(source.openArchive('shop', '9.0.0')).toFailWith('version_not_found');
  });

  it.each(['..', '.', '../redis', 'redis/7.0.0', '/etc', 'redis\0', ''])(
    'never leaves its folder for the name %j',
    async (name) => {
      await expect(registry().getTemplate(name)).toFailWith('template_not_found');
      await expect(registry().openArchive('redis', `../${name}`)).toFailWith('version_not_found');
    },
  );

  it('shows an added version and forgets a removed one without a restart', async () => {
    const source = registry();
    await source.listVersions('shop');
    await folder.add({ name: 'shop', version: '1.1.0' });
    await expect(source.listVersions('shop')).resolves.toHaveLength(2);
    await rm(join(folder.dir, 'shop/1.0.0'), { recursive: true });
    await expect(source.listVersions('shop')).resolves.toMatchObject([{ version: '1.1.0' }]);
  });

  it('looks at the folder at most once in rescanMs', async () => {
    const source = registry({ rescanMs: 60_000 });
    await source.listVersions('shop');
    await folder.add({ name: 'shop', version: '1.1.0' });
    await expect(source.listVersions('shop')).resolves.toHaveLength(1);
  });

  it('takes changed files as another archive', async () => {
    const source = registry({ rescanMs: 60_000, cacheBytes: 1 });
    const [before] = await source.listVersions('shop');
    await folder.write('shop/1.0.0/manifests/more.yaml', 'a: 1\n');
    // The listing is still the old one, but the bytes on the disk are not: it looks again instead of serving a wrong digest.
    const stream = await source.openArchive('shop', '1.0.0');
    expect(stream.digest).not.toBe(before?.digest);
    expect(digestOf(await bytesOf(stream))).toBe(stream.digest);
  });

  it('skips what is bad, says why once, and keeps the rest', async () => {
    await folder.write('broken/1.0.0/template.yaml', 'kind: [');
    await folder.write('empty/1.0.0/readme.txt', 'no manifest');
    await folder.write('other/1.0.0/template.yaml', manifestText({ name: 'shop', version: '1.0.0' }));
    await folder.write('notes/latest/template.yaml', manifestText({ name: 'notes', version: '1.0.0' }));
    await folder.write('Bad_Name/1.0.0/template.yaml', 'x: 1');
    await folder.add({ name: 'linked', version: '1.0.0' });
    await symlink('/etc/passwd', join(folder.dir, 'linked/1.0.0/passwd'));
    await symlink(join(folder.dir, 'shop'), join(folder.dir, 'alias'));
    await folder.write('.git/config', 'ignored');
    const source = registry();
    await expect(source.search({})).resolves.toMatchObject({ total: 2 });
    await source.search({});
    const reasons = told.map(({ path, message }) => `${path.slice(folder.dir.length + 1)}: ${message}`).sort();
    expect(reasons).toEqual([
      expect.stringMatching(/^Bad_Name: is not the name/),
      expect.stringMatching(/^alias: is a symbolic link/),
      expect.stringMatching(/^broken\/1\.0\.0: .*template\.yaml/),
      expect.stringMatching(/^empty\/1\.0\.0: ENOENT/),
      expect.stringMatching(/^linked\/1\.0\.0: .*passwd.*symbolic link/),
      expect.stringMatching(/^notes\/latest: .*not a semantic version/),
      expect.stringMatching(/^other\/1\.0\.0: .*shop@1\.0\.0/),
    ]);
    expect(source.problems()).toHaveLength(7);
  });

  it('does not read a readme outside the folder of the version', async () => {
    const text = JSON.parse(manifestText({ name: 'leak', version: '1.0.0' }));
    text.metadata.readme = '../../shop/1.0.0/template.yaml';
    await folder.write('leak/1.0.0/template.yaml', JSON.stringify(text));
    const detail = await registry()
      .getTemplate('leak')
      .catch((error: unknown) => error);
    expect(detail).not.toHaveProperty('readme');
  });

  it('fails with registry_unavailable when the folder is not there, and recovers', async () => {
    const source = registry({ directories: [join(folder.dir, 'later')] });
    await expect(source.connect()).toFailWith('registry_unavailable');
    await folder.write('later/web/1.0.0/template.yaml', manifestText({ name: 'web', version: '1.0.0' }));
    await expect(source.connect()).resolves.toEqual({ credential: 'none' });
    await expect(source.search({})).resolves.toMatchObject({ total: 1 });
  });
});

describe('several folders', () => {
  it('are merged, and the first one wins', async () => {
    const second = await createRegistryFolder([
      { name: 'shop', version: '1.0.0', description: 'Another shop that is hidden.' },
      { name: 'shop', version: '2.0.0' },
    ]);
    const source = registry({ directories: [folder.dir, second.dir, join(folder.dir, 'missing')] });
    const versions = await source.listVersions('shop');
    expect(versions.map(({ version }) => version)).toEqual(['2.0.0', '1.0.0']);
    expect((await source.getTemplate('shop', '1.0.0')).description).toContain('named shop');
    expect(told.map(({ message }) => message)).toEqual([
      expect.stringContaining('cannot be read'),
      expect.stringContaining('is hidden by'),
    ]);
    await second.remove();
  });
});

describe('ready-made archives', () => {
  it('are served byte for byte with the manifest beside them', async () => {
    const evil = Buffer.from('this is not a tar at all');
    await folder.write('evil/1.0.0.tgz', evil);
    await folder.write('evil/1.0.0.yaml', manifestText({ name: 'evil', version: '1.0.0' }));
    const source = registry();
    const [entry] = await source.listVersions('evil');
    expect(entry).toMatchObject({ digest: digestOf(evil), size: evil.length });
    const stream = await source.openArchive('evil', '1.0.0', { offset: 5 });
    expect(stream.mediaType).toBe('application/gzip');
    await expect(bytesOf(stream)).resolves.toEqual(evil.subarray(5));
  });

  it('tell their own manifest when none lies beside them, and a withdrawn one is not the default', async () => {
    await folder.write('shop/3.0.0.tar', await packDirectory(await folder.add({ name: 'shop', version: '3.0.0' })));
    await rm(join(folder.dir, 'shop/3.0.0'), { recursive: true });
    const source = registry();
    await expect(source.getTemplate('shop')).resolves.toMatchObject({ version: '3.0.0' });
    await folder.write('shop/3.0.0.yanked', '');
    await expect(source.getTemplate('shop')).resolves.toMatchObject({ version: '1.0.0' });
    expect((await source.listVersions('shop'))[0]).toMatchObject({ version: '3.0.0', yanked: true });
  });

  it('are hashed again when they change', async () => {
    await folder.write('shop/2.0.0.tar', 'one');
    await folder.write('shop/2.0.0.yaml', manifestText({ name: 'shop', version: '2.0.0' }));
    const source = registry({ rescanMs: 60_000 });
    const before = await source.openArchive('shop', '2.0.0');
    await folder.write('shop/2.0.0.tar', 'two');
    await utimes(join(folder.dir, 'shop/2.0.0.tar'), new Date(), new Date(Date.now() + 5_000));
    const after = await source.openArchive('shop', '2.0.0');
    expect(after.digest).not.toBe(before.digest);
    await expect(bytesOf(after)).resolves.toEqual(Buffer.from('two'));
  });
});
