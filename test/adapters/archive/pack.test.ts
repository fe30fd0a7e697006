import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { extract } from 'tar-stream';
import { createArchiveReader } from '../../../src/adapters/archive/inspect.ts';
import { packDirectory, packFiles } from '../../../src/adapters/archive/pack.ts';
import { digestOf, sha256Hex } from '../../../src/domain/content-hash.ts';
import { chunksOf, packageFiles } from './support.ts';

const reader = createArchiveReader();

async function readByLibrary(tar: Buffer): Promise<Array<{ name: string; data: Buffer; mode: number | undefined }>> {
  const found: Array<{ name: string; data: Buffer; mode: number | undefined }> = [];
  const stream = extract();
  stream.end(tar);
  for await (const entry of stream) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    found.push({ name: entry.header.name, data: Buffer.concat(parts), mode: entry.header.mode });
  }
  return found;
}

describe('packFiles', () => {
  it('gives the same bytes whatever the order of the files', () => {
    const files = [
      { path: 'template.yaml', data: Buffer.from('a') },
      { path: 'b/c', data: Buffer.from('b'), executable: true },
      { path: 'b.txt', data: Buffer.from('c') },
    ];
    expect(packFiles([...files].reverse()).equals(packFiles(files))).toBe(true);
  });

  it('keeps the format it has: registries pin these digests', () => {
    const tar = packFiles([
      { path: 'template.yaml', data: Buffer.from('kind: Template\n') },
      { path: `deep/${'x'.repeat(120)}/ü.sh`, data: Buffer.from('#!/bin/sh\n'), executable: true },
    ]);
    expect(tar.length).toBe(4096);
    expect(digestOf(tar)).toBe('sha256:02fe528a1b2591c61bc3ddfb2a065625f08188b8c1364f21e1e87bb97888b05f');
  });

  it('writes a tar that another library reads alike', async () => {
    await fc.assert(
      fc.asyncProperty(packageFiles(), async (files) => {
        const found = await readByLibrary(packFiles(files));
        const expected = [...files]
          .sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
          .map((file) => ({ name: file.path, data: file.data, mode: file.executable ? 0o755 : 0o644 }));
        expect(found).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('writes what the reader gives back, file by file', async () => {
    await fc.assert(
      fc.asyncProperty(packageFiles(), fc.integer({ min: 1, max: 5000 }), async (files, chunkSize) => {
        const result = await reader.inspect(chunksOf(packFiles(files), chunkSize), { keep: () => true });
        expect(result.files).toHaveLength(files.length);
        for (const file of files) {
          const entry = { path: file.path, size: file.data.length, sha256: sha256Hex(file.data), executable: file.executable };
          expect(result.files).toContainEqual(entry);
          expect(result.bodies.get(file.path)?.equals(file.data)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['a climbing path', '../x'],
    ['an absolute path', '/x'],
    ['a dot segment', './x'],
    ['a backslash', 'a\\b'],
    ['a trailing slash', 'a/'],
    ['a control character', 'a\nb'],
    ['a lone surrogate', 'a\ud800'],
    ['an empty name', ''],
  ])('refuses %s', async (_what, path) => {
    await expect(() => packFiles([{ path, data: Buffer.from('x') }])).toFailWith('archive_invalid');
  });

  it('refuses two files of one name', async () => {
    const file = { path: 'a', data: Buffer.from('x') };
    await expect(() => packFiles([file, file])).toFailWith('archive_invalid');
  });

  it('honours the limits', async () => {
    const files = [
      { path: 'a', data: Buffer.alloc(100) },
      { path: 'b', data: Buffer.alloc(100) },
    ];
    await expect(() => packFiles(files, { maxEntries: 1 })).toFailWith('too_large');
    await expect(() => packFiles(files, { maxFileBytes: 99 })).toFailWith('too_large');
    await expect(() => packFiles(files, { maxUnpackedBytes: 199 })).toFailWith('too_large');
    await expect(() => packFiles(files, { maxArchiveBytes: 2000 })).toFailWith('too_large');
  });
});

describe('packDirectory', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'chandlery-pack-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  it('packs every file, dot files too, with the executable bit and without empty directories', async () => {
    await mkdir(join(dir, 'bin'));
    await mkdir(join(dir, 'empty'));
    await writeFile(join(dir, 'template.yaml'), 'a');
    await writeFile(join(dir, '.helmignore'), 'b');
    await writeFile(join(dir, 'bin/run.sh'), 'c');
    await chmod(join(dir, 'bin/run.sh'), 0o755);
    const expected = packFiles([
      { path: 'template.yaml', data: Buffer.from('a') },
      { path: '.helmignore', data: Buffer.from('b') },
      { path: 'bin/run.sh', data: Buffer.from('c'), executable: true },
    ]);
    expect((await packDirectory(dir)).equals(expected)).toBe(true);
  });

  it('writes a tar that the system tar unpacks', async () => {
    const name = `${'n'.repeat(150)}.txt`;
    await writeFile(join(dir, name), 'long');
    const listed = execFileSync('tar', ['-tf', '-'], { input: await packDirectory(dir) }).toString();
    expect(listed).toBe(`${name}\n`);
  });

  it('refuses a symbolic link', async () => {
    await symlink('/etc/hostname', join(dir, 'link'));
    await expect(packDirectory(dir)).toFailWith('archive_invalid');
  });

  it('refuses a socket', async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(join(dir, 'socket'), done));
    try {
      await expect(packDirectory(dir)).toFailWith('archive_invalid');
    } finally {
      await new Promise((done) => server.close(done));
    }
  });

  it('refuses a named pipe without waiting for a writer', async () => {
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(dir, 'pipe')]);
    await expect(packDirectory(dir)).toFailWith('archive_invalid');
  });

  it('stops at the limits before reading', async () => {
    await writeFile(join(dir, 'a'), Buffer.alloc(1000));
    await expect(packDirectory(dir, { maxFileBytes: 999 })).toFailWith('too_large');
    await expect(packDirectory(dir, { maxEntries: 0 })).toFailWith('too_large');
  });
});
