import { describe, expect, it } from '@jest/globals';
import { createArchiveReader } from '../../src/adapters/archive/inspect.ts';
import { packFiles } from '../../src/adapters/archive/pack.ts';
import { archiveKeep, subjectOfArchive } from '../../src/domain/archive-subject.ts';
import { contentHash, digestOf, sha256Hex } from '../../src/domain/content-hash.ts';
import { SeededRandom } from '../../tools/chaos/random.ts';
import { DEPLOYMENT, type Files, MANIFEST, README } from '../support/subject.ts';

/** What happens to an archive between its author and us. */

const CONTENT: Files = { 'README.md': README, 'manifests/web.yaml': DEPLOYMENT };
const hashOf = (files: Files) =>
  contentHash(Object.entries(files).map(([path, data]) => ({ path, sha256: sha256Hex(Buffer.from(data)) })));
const SEALED = `${MANIFEST}trust: { sha256: ${hashOf(CONTENT)} }\n`;
const pack = (files: Files) =>
  packFiles(Object.entries({ 'template.yaml': SEALED, ...files }).map(([path, data]) => ({ path, data: Buffer.from(data) })));

async function trustOf(packed: Buffer) {
  const source = async function* () {
    yield packed;
  };
  const archive = await createArchiveReader().inspect(source(), { keep: archiveKeep() });
  return subjectOfArchive(archive, 'the archive').trust;
}

describe('attack: one flipped bit anywhere in archive or manifest', () => {
  const packed = pack(CONTENT);
  const pinned = digestOf(packed);
  const random = new SeededRandom(6);
  const flipped = () => {
    const copy = Buffer.from(packed);
    const at = random.between(0, copy.length - 1);
    copy.writeUInt8(copy.readUInt8(at) ^ (1 << random.between(0, 7)), at);
    return copy;
  };

  it('never has the digest that index and lock have pinned: 10,000 flips, all refused', () => {
    for (let done = 0; done < 10_000; done += 1) expect(digestOf(flipped())).not.toBe(pinned);
  });

  it('in a file never fits the seal: the archive cannot be read, or its content is another', async () => {
    const body = packed.indexOf(README);
    for (let at = body; at < body + README.length; at += 1) {
      const copy = Buffer.from(packed);
      copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
      expect(await trustOf(copy)).toMatchObject({ mismatch: true, verified: false });
    }
  });
});

describe('attack: another set of files under the same seal', () => {
  it('fits as long as nothing was changed', async () => {
    expect(await trustOf(pack(CONTENT))).toMatchObject({ verified: true, mismatch: false });
  });

  it.each([
    ['renamed', { 'readme.md': README, 'manifests/web.yaml': DEPLOYMENT }],
    ['added', { ...CONTENT, 'manifests/more.yaml': '' }],
    ['removed', { 'README.md': README }],
    ['moved under a name that looks alike', { 'READM\u0415.md': README, 'manifests/web.yaml': DEPLOYMENT }],
  ] as Array<[string, Files]>)('is refused where a file was %s', async (_how, files) => {
    expect(await trustOf(pack(files))).toMatchObject({ verified: false, mismatch: true });
  });
});

/** As a stranger's tar would have them: our packer refuses to write such archives. */
function packTwice(...texts: Array<[path: string, text: string]>): Buffer {
  const archives = texts.map(([path, text]) => packFiles([{ path, data: Buffer.from(text) }]));
  // Each without its end, but for the last.
  return Buffer.concat(archives.map((each, at) => (at < archives.length - 1 ? each.subarray(0, each.length - 1024) : each)));
}

describe('attack: two manifests', () => {
  it('under one name are refused', async () => {
    await expect(trustOf(packTwice(['template.yaml', SEALED], ['template.yaml', MANIFEST]))).toFailWith('archive_invalid');
  });

  it('under names that differ by case are refused', async () => {
    await expect(trustOf(packTwice(['template.yaml', SEALED], ['Template.yaml', MANIFEST]))).toFailWith('archive_invalid');
  });

  it('as two documents of one file are refused', async () => {
    await expect(trustOf(pack({ ...CONTENT, 'template.yaml': `${SEALED}---\n${MANIFEST}` }))).toFailWith('template_invalid');
  });

  it.each(['helmdeck-pack.yaml', 'web/Chart.yaml', 'web/template.yaml'])(
    'are one manifest and one file of content, which the seal covers, where the other is %s',
    async (path) => {
      expect(await trustOf(pack({ ...CONTENT, [path]: MANIFEST }))).toMatchObject({ verified: false, mismatch: true });
    },
  );
});

describe('attack: case-clashing paths', () => {
  it('are refused, read and packed', async () => {
    await expect(trustOf(packTwice(['template.yaml', SEALED], ['a.yaml', ''], ['A.yaml', '']))).toFailWith('archive_invalid');
    await expect(async () => pack({ 'a.yaml': '', 'A.yaml': '' })).toFailWith('archive_invalid');
  });
});
