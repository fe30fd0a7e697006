import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createFolderRegistry } from '../../../src/adapters/registries/folder.ts';
import { createLocalRegistry } from '../../../src/adapters/registries/local.ts';
import { digestOf } from '../../../src/domain/content-hash.ts';
import type { RegistryPlugin, TemplateSummary } from '../../../src/domain/registry.ts';
import { parseTemplate } from '../../../src/domain/template-parse.ts';
import { createRegistryFolder, manifestText, type RegistryFolder } from '../../support/registry-folder.ts';
import { describeStores, fenced, operationOn } from '../../support/stores.ts';

const REPORT = { status: 'approved' as const, reasons: [], score: { parts: {}, measured: 100 }, findings: [], more: 0 };
/** More than two of the store's rows of 256 KiB. */
const ARCHIVE = Buffer.alloc(600 * 1024, 'abcdefg');

describeStores("this server's own registry", (lab) => {
  let folder: RegistryFolder;
  let local: RegistryPlugin;
  let now = 0;

  beforeEach(async () => {
    await lab.db.query(
      'truncate published_versions, published_signatures, published_names, template_ratings, template_marks, template_downloads',
    );
    folder = await createRegistryFolder([{ name: 'own', version: '1.0.0' }]);
    now = 0;
    const plugin = createFolderRegistry({ name: 'local', type: 'private', directories: [folder.dir], rescanMs: 0 });
    local = createLocalRegistry(plugin, { ...lab.store, now: () => now });
  });
  afterEach(() => folder.remove());

  async function publish(name: string, version: string, archive = ARCHIVE, signature?: string): Promise<string> {
    const digest = digestOf(archive);
    const upload = await lab.store.blobs.openUpload(`test/${name}/${version}`, '');
    await upload.append(archive);
    await upload.complete(archive.length, digest);
    const context = await fenced(lab, operationOn('local', name, undefined, 'publish'), 'publish');
    await lab.store.published.publish(context, {
      inputDigest: 'in',
      version: {
        ...{ name, version, digest, size: archive.length, contentHash: 'e'.repeat(64), status: 'approved', publisher: 'ann' },
        manifest: parseTemplate(manifestText({ name, version, tags: ['sea'] })),
        dependencies: [{ name: 'own', version: '^1.0.0' }],
      },
      readme: `# ${name}`,
      ...(signature !== undefined && { signature }),
      report: REPORT,
    });
    return digest;
  }

  async function listed(validator?: string) {
    const listing = await local.list(validator === undefined ? {} : { validator });
    if (listing.unchanged) return { unchanged: true as const };
    const templates: TemplateSummary[] = [];
    for await (const batch of listing.templates) templates.push(...batch);
    return { unchanged: false as const, validator: listing.validator, templates };
  }

  const names = ({ templates = [] }: { templates?: TemplateSummary[] }) =>
    templates.map(({ name, version }) => `${name} ${version}`).sort();

  it('offers the signatures of what was published, and none of what has none', async () => {
    const digest = await publish('ship', '1.0.0', ARCHIVE, 'the text of a bundle');
    await publish('ship', '1.1.0');
    const signaturesOf = async (version: string) => {
      const set = await local.signatures?.('ship', version);
      const texts: string[] = [];
      for await (const document of set?.documents ?? [])
        if (document.form === 'bundle') texts.push(Buffer.from(document.bytes).toString('utf8'));
      return { archive: set?.archive, texts };
    };
    expect(await signaturesOf('1.0.0')).toEqual({ archive: digest, texts: ['the text of a bundle'] });
    expect((await signaturesOf('1.1.0')).texts).toEqual([]);
    expect(await local.getTemplate('ship', '1.0.0')).toMatchObject({ signatures: ['the text of a bundle'] });
    expect(await local.getTemplate('ship', '1.1.0')).not.toHaveProperty('signatures');
  });

  it('offers what lies in its folders and what was published, each in its newest version', async () => {
    await publish('ship', '1.0.0');
    const digest = await publish('ship', '1.1.0');
    await publish('ship', '2.0.0-rc.1');
    expect(names(await listed())).toEqual(['own 1.0.0', 'ship 1.1.0']);
    expect((await local.search({ q: 'sea' })).templates).toEqual([
      expect.objectContaining({ name: 'ship', version: '1.1.0', registry: 'local', registryType: 'private', digest }),
    ]);
    expect(await local.getTemplate('ship')).toMatchObject({
      versions: ['2.0.0-rc.1', '1.1.0', '1.0.0'],
      readme: '# ship',
      size: ARCHIVE.length,
      manifest: { metadata: { name: 'ship', version: '1.1.0' } },
    });
    expect(await local.listVersions('ship')).toContainEqual({
      ...{ version: '1.1.0', digest, size: ARCHIVE.length, publishedAt: expect.any(String) },
      dependencies: [{ name: 'own', version: '^1.0.0' }],
    });
  });

  it('passes over yanked versions, and has them all the same', async () => {
    await publish('ship', '1.0.0');
    await publish('ship', '1.1.0');
    await lab.store.published.setYanked('ship', '1.1.0', { by: 'ann', reason: 'it leaks' });
    expect(names(await listed())).toContain('ship 1.0.0');
    expect((await local.getTemplate('ship')).version).toBe('1.0.0');
    expect((await local.getTemplate('ship', '1.1.0')).version).toBe('1.1.0');
    expect((await local.listVersions('ship'))[0]).toMatchObject({ version: '1.1.0', yanked: true });
  });

  it('goes by the folder where both have a version, and by the newer one where they differ', async () => {
    await publish('ship', '1.0.0');
    await publish('ship', '1.1.0');
    const published = await lab.store.published.find('ship', '1.0.0');
    await folder.add({ name: 'ship', version: '1.0.0' });
    const versions = await local.listVersions('ship');
    expect(versions.map(({ version }) => version)).toEqual(['1.1.0', '1.0.0']);
    expect(versions[1]?.digest).not.toBe(published?.digest);
    expect(names(await listed())).toEqual(['own 1.0.0', 'ship 1.1.0']);
    await folder.add({ name: 'ship', version: '2.0.0' });
    expect(names(await listed())).toEqual(['own 1.0.0', 'ship 2.0.0']);
    expect((await local.getTemplate('ship')).version).toBe('2.0.0');
  });

  it('sends archives from any byte on', async () => {
    const digest = await publish('ship', '1.0.0');
    for (const offset of [0, 1, 256 * 1024, 256 * 1024 + 5, ARCHIVE.length - 1, ARCHIVE.length]) {
      const stream = await local.openArchive('ship', '1.0.0', { offset, digest });
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream.body) chunks.push(chunk);
      expect(stream).toMatchObject({ offset, size: ARCHIVE.length, digest });
      expect(Buffer.concat(chunks).equals(ARCHIVE.subarray(offset))).toBe(true);
    }
    // A range of other bytes than the caller holds: all of them.
    expect((await local.openArchive('ship', '1.0.0', { offset: 5, digest: `sha256:${'0'.repeat(64)}` })).offset).toBe(0);
    expect((await local.openArchive('own', '1.0.0')).size).toBeGreaterThan(0);
  });

  it('says that nothing changed until something has', async () => {
    const first = await listed();
    expect(await listed(first.validator)).toEqual({ unchanged: true });
    await publish('ship', '1.0.0');
    const second = await listed(first.validator);
    expect(names(second)).toContain('ship 1.0.0');
    await lab.store.published.rate('ship', { user: 'ann', rating: 4 });
    const third = await listed(second.validator);
    expect(third.templates).toContainEqual(expect.objectContaining({ name: 'ship', rating: 4, ratingCount: 1 }));
    await folder.add({ name: 'own', version: '1.1.0' });
    expect(names(await listed(third.validator))).toContain('own 1.1.0');
  });

  it('lists again for downloads alone only now and then', async () => {
    await publish('ship', '1.0.0');
    const { validator } = await listed();
    await lab.store.published.countDownload('ship', '1.0.0');
    expect(await listed(validator)).toEqual({ unchanged: true });
    now += 30_000;
    const later = await listed(validator);
    expect(later.templates).toContainEqual(expect.objectContaining({ name: 'ship', downloads: 1 }));
    expect(await listed(later.validator)).toEqual({ unchanged: true });
  });

  it('tells what people say of templates in folders, too', async () => {
    await lab.store.published.rate('own', { user: 'ann', rating: 3 });
    await lab.store.published.setVerified('own', { by: 'root', note: 'ours' });
    expect(await local.getTemplate('own')).toMatchObject({ rating: 3, ratingCount: 1, verified: true, downloads: 0 });
    expect((await listed()).templates).toContainEqual(expect.objectContaining({ name: 'own', rating: 3, verified: true }));
  });

  it('names what is near when there is no such template or version', async () => {
    await publish('ship', '1.0.0');
    await expect(local.getTemplate('shipp')).toFailWith('template_not_found');
    await expect(local.getTemplate('shipp')).rejects.toMatchObject({ details: { alternatives: ['ship'] } });
    await expect(local.getTemplate('ship', '9.0.0')).toFailWith('version_not_found');
    await expect(local.openArchive('ship', '9.0.0')).toFailWith('version_not_found');
  });
});
