import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import type { BlobUpload } from '../../src/domain/blob-store.ts';
import { describeStores } from '../support/stores.ts';

const CHUNK = 256 * 1024;
const PIECE = 50_000;

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Appends as a network does: in pieces that fit nothing. */
async function append(upload: BlobUpload, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += PIECE) await upload.append(bytes.subarray(at, at + PIECE));
}

async function whole(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describeStores('blobs', (lab) => {
  const open = (key: string, bytes: Buffer) => lab.store.blobs.openUpload(key, digestOf(bytes));
  const loose = async () =>
    (
      await lab.db.query(
        'select count(*)::int as n from blob_chunks c where not exists (select 1 from blobs b where b.content = c.content)',
      )
    ).rows[0].n;

  it.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17])('of %d bytes are read back as they were written', async (size) => {
    const bytes = randomBytes(size);
    const upload = await open(randomUUID(), bytes);
    await append(upload, bytes);
    expect(await lab.store.blobs.has(digestOf(bytes))).toBe(false);
    await upload.complete(size);
    expect(await lab.store.blobs.has(digestOf(bytes))).toBe(true);
    expect(await lab.store.blobs.size(digestOf(bytes))).toBe(size);
    expect((await whole(lab.store.blobs.read(digestOf(bytes)))).equals(bytes)).toBe(true);
  });

  it('cannot be seen, sized or read before they are complete', async () => {
    const bytes = randomBytes(2 * CHUNK + 5);
    const upload = await open(randomUUID(), bytes);
    await append(upload, bytes);
    expect(await lab.store.blobs.has(digestOf(bytes))).toBe(false);
    expect(await lab.store.blobs.size(digestOf(bytes))).toBeUndefined();
    await expect(whole(lab.store.blobs.read(digestOf(bytes)))).toFailWith('not_found');
    await upload.discard();
    expect(await loose()).toBe(0);
  });

  it('are taken up where an attempt broke off, at the last whole piece', async () => {
    const bytes = randomBytes(3 * CHUNK + 100);
    const key = randomUUID();
    await append(await open(key, bytes), bytes.subarray(0, 2 * CHUNK + 1_000));
    const resumed = await open(key, bytes);
    expect(resumed.offset).toBe(2 * CHUNK);
    expect((await whole(resumed.stored())).equals(bytes.subarray(0, 2 * CHUNK))).toBe(true);
    await append(resumed, bytes.subarray(resumed.offset));
    await resumed.complete(bytes.length);
    expect((await whole(lab.store.blobs.read(digestOf(bytes)))).equals(bytes)).toBe(true);
    expect((await open(randomUUID(), bytes)).offset).toBe(0);
  });

  it('start at byte 0 after a restart', async () => {
    const bytes = randomBytes(2 * CHUNK);
    const key = randomUUID();
    await append(await open(key, bytes), randomBytes(CHUNK));
    const upload = await open(key, bytes);
    expect(upload.offset).toBe(CHUNK);
    await upload.restart();
    await append(upload, bytes);
    await upload.complete(bytes.length);
    expect((await whole(lab.store.blobs.read(digestOf(bytes)))).equals(bytes)).toBe(true);
  });

  it('of one upload with two writers of other bytes are never published mixed', async () => {
    const bytes = randomBytes(3 * CHUNK);
    const key = randomUUID();
    const [late, current] = [await open(key, bytes), await open(key, bytes)];
    await append(current, bytes);
    // The attempt that was thought dead still writes, from a registry that sends something else.
    await append(late, randomBytes(CHUNK));
    await expect(current.complete(bytes.length)).toFailWith('network');
    expect(await lab.store.blobs.has(digestOf(bytes))).toBe(false);
    const again = await open(key, bytes);
    expect(again.offset).toBe(0);
    await append(again, bytes);
    await again.complete(bytes.length);
    expect((await whole(lab.store.blobs.read(digestOf(bytes)))).equals(bytes)).toBe(true);
  });

  it('of one upload with two writers of the same bytes are published once', async () => {
    const bytes = randomBytes(3 * CHUNK + 7);
    const key = randomUUID();
    const uploads = [await open(key, bytes), await open(key, bytes)];
    await Promise.all(uploads.map((upload) => append(upload, bytes)));
    const ends = await Promise.allSettled(uploads.map((upload) => upload.complete(bytes.length)));
    expect(ends.map(({ status }) => status)).toContain('fulfilled');
    expect((await whole(lab.store.blobs.read(digestOf(bytes)))).equals(bytes)).toBe(true);
    expect(await loose()).toBe(0);
  });

  it.each(['restart', 'discard'] as const)('stay whole when an attempt that was thought dead does a %s', async (what) => {
    const bytes = randomBytes(2 * CHUNK + 3);
    const key = randomUUID();
    const [late, current] = [await open(key, bytes), await open(key, bytes)];
    await append(current, bytes);
    await current.complete(bytes.length);
    await late[what]();
    expect((await whole(lab.store.blobs.read(digestOf(bytes)))).equals(bytes)).toBe(true);
    expect(await loose()).toBe(0);
  });

  it('are not published of an upload that was dropped meanwhile', async () => {
    const bytes = randomBytes(2 * CHUNK);
    const key = randomUUID();
    const upload = await open(key, bytes);
    await append(upload, bytes);
    await (await open(key, bytes)).discard();
    await expect(upload.complete(bytes.length)).toFailWith('network');
    expect(await lab.store.blobs.has(digestOf(bytes))).toBe(false);
    expect(await loose()).toBe(0);
  });

  it('that are removed while they are read do not pass for shorter ones', async () => {
    const bytes = randomBytes(2 * CHUNK);
    const upload = await open(randomUUID(), bytes);
    await append(upload, bytes);
    await upload.complete(bytes.length);
    const reading = lab.store.blobs.read(digestOf(bytes))[Symbol.asyncIterator]();
    await reading.next();
    await lab.db.query(
      'with gone as (delete from blobs where digest = $1 returning content) delete from blob_chunks c using gone where c.content = gone.content',
      [digestOf(bytes)],
    );
    await expect(reading.next()).toFailWith('not_found');
  });

  it('that two operations upload at once are kept once, with nothing left over', async () => {
    const bytes = randomBytes(2 * CHUNK + 9);
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const upload = await open(randomUUID(), bytes);
        await append(upload, bytes);
        await upload.complete(bytes.length);
      }),
    );
    const { rows } = await lab.db.query(
      'select (select count(*)::int from blobs where digest = $1) as blobs, (select count(*)::int from uploads where digest = $1) as uploads',
      [digestOf(bytes)],
    );
    expect(rows).toEqual([{ blobs: 1, uploads: 0 }]);
    expect(await loose()).toBe(0);
    expect((await whole(lab.store.blobs.read(digestOf(bytes)))).equals(bytes)).toBe(true);
  });
});
