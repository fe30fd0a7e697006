import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { createArchiveReader } from '../../../src/adapters/archive/inspect.ts';
import { packFiles } from '../../../src/adapters/archive/pack.ts';
import type { ArchiveLimits } from '../../../src/domain/archive.ts';
import { sha256Hex } from '../../../src/domain/content-hash.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import {
  Counted,
  chunksOf,
  failureOf,
  inspect,
  packageFiles,
  paxEntry,
  rawEntry,
  rawTar,
  reader,
  TAR_END,
  X,
} from './support.ts';

describe('inspect', () => {
  const files = [
    { path: 'template.yaml', data: Buffer.from('kind: Template\n') },
    { path: 'manifests/app.yaml', data: Buffer.alloc(3000, 'a') },
    { path: 'empty', data: Buffer.alloc(0) },
    { path: 'run.sh', data: X, executable: true },
  ];

  it('gives path, size, hash and executable bit of every file, of tar and tar.gz', async () => {
    const tar = packFiles(files);
    const plain = await inspect(tar);
    expect(plain.files.find((file) => file.path === 'run.sh')).toEqual({
      path: 'run.sh',
      size: 1,
      sha256: sha256Hex(X),
      executable: true,
    });
    expect(plain.unpackedBytes).toBe(3016);
    expect(plain.files).toHaveLength(4);
    expect(await inspect(gzipSync(tar))).toEqual(plain);
  });

  it('keeps only the bodies that were asked for, by name and size', async () => {
    const asked: Array<[string, number]> = [];
    const keep = (path: string, size: number): boolean => {
      asked.push([path, size]);
      return path === 'template.yaml';
    };
    const { bodies } = await reader.inspect(chunksOf(packFiles(files)), { keep });
    expect([...bodies].map(([path, body]) => [path, body.toString()])).toEqual([['template.yaml', 'kind: Template\n']]);
    expect(asked).toContainEqual(['manifests/app.yaml', 3000]);
  });

  it('takes the defaults of the reader and lets a call override them', async () => {
    const strict = createArchiveReader({ maxEntries: 1 });
    await expect(strict.inspect(chunksOf(packFiles(files)))).toFailWith('too_large');
    await expect(strict.inspect(chunksOf(packFiles(files)), { limits: { maxEntries: 4 } })).resolves.toBeDefined();
  });

  it('accepts any way of cutting the stream, and Uint8Array chunks', async () => {
    const whole = await inspect(packFiles(files));
    for (const archive of [packFiles(files), gzipSync(packFiles(files))]) {
      for (const size of [1, 2, 511, 513, 100_000]) expect(await inspect(archive, {}, size)).toEqual(whole);
      const views = (async function* () {
        yield new Uint8Array(archive);
      })();
      expect(await reader.inspect(views)).toEqual(whole);
    }
  });

  it('accepts directories, which are no files', async () => {
    const { files: found } = await inspect(rawTar({ name: 'd/', type: '5' }, { name: 'd/a', data: X }, { name: 'e', type: '5' }));
    expect(found.map((file) => file.path)).toEqual(['d/a']);
  });

  it('accepts an archive without entries', async () => {
    expect((await inspect(TAR_END)).files).toEqual([]);
  });

  it('accepts long names of all three kinds', async () => {
    const long = `${'d'.repeat(90)}/${'f'.repeat(90)}.yaml`;
    const gnu = rawTar(
      { name: '././@LongLink', type: 'L', data: Buffer.from(`${long}\0`), magic: 'ustar  \0' },
      { name: long.slice(0, 100), data: X },
    );
    const posix = rawTar({ name: long.slice(91), prefix: long.slice(0, 90), data: X });
    const pax = rawTar(paxEntry({ path: long, mtime: '1.5' }), { name: long.slice(0, 100), data: X });
    for (const archive of [gnu, posix, pax]) expect((await inspect(archive)).files[0]?.path).toBe(long);
  });

  it('accepts the commit that git archive puts into a global header', async () => {
    const archive = rawTar(paxEntry({ comment: 'a'.repeat(40) }, 'g'), { name: 'a', data: X });
    expect((await inspect(archive)).files).toHaveLength(1);
  });

  it('reads what tar-stream writes', async () => {
    await fc.assert(
      fc.asyncProperty(packageFiles(), async (input) => {
        const stream = pack();
        for (const file of input) stream.entry({ name: file.path, mode: file.executable ? 0o755 : 0o644 }, file.data);
        stream.finalize();
        const { files: found } = await reader.inspect(stream as unknown as AsyncIterable<Uint8Array>);
        expect(found.map((file) => file.path)).toEqual(input.map((file) => file.path));
      }),
      { numRuns: 40 },
    );
  });

  it.each(['gnu', 'pax', 'ustar'])('reads what the system tar writes in %s format', async (format) => {
    const dir = await mkdtemp(join(tmpdir(), 'chandlery-inspect-'));
    try {
      // ustar has no room for a name of over 100 bytes without a directory.
      const name = format === 'ustar' ? 'ü.txt' : `${'n'.repeat(99)}ü.txt`;
      await writeFile(join(dir, name), 'hello');
      const tar = execFileSync('tar', ['-C', dir, `--format=${format}`, '-czf', '-', name]);
      expect((await inspect(tar)).files.map((file) => [file.path, file.size])).toEqual([[name, 5]]);
    } finally {
      await rm(dir, { recursive: true });
    }
  });
});

describe('an archive over a limit', () => {
  const two = rawTar({ name: 'a', data: Buffer.alloc(600) }, { name: 'b', data: Buffer.alloc(600) });
  const cases: Array<[string, Buffer, Partial<ArchiveLimits>, RegExp]> = [
    ['too many entries', two, { maxEntries: 1 }, /more than 1 entries.*"b"/],
    ['too large a file', two, { maxFileBytes: 599 }, /"a": 600 bytes, at most 599/],
    ['too much in all files together', two, { maxUnpackedBytes: 1199 }, /1199 bytes together.*"b"/],
    ['too large an archive', two, { maxArchiveBytes: 1000 }, /larger than 1000 bytes/],
    ['too long a path', rawTar({ name: 'a'.repeat(60), data: X }), { maxPathLength: 59 }, /longer than 59/],
    ['too deep a path', rawTar({ name: 'a/b/c', data: X }), { maxDepth: 2 }, /more than 2 levels/],
    ['too many directories nobody names', rawTar({ name: 'a/b/c/d/e/f', data: X }, { name: 'x' }), { maxEntries: 2 }, /entries/],
    ['a size of 8 GiB', rawTar({ name: 'a', size: '77777777777\0' }), {}, /8589934591 bytes/],
  ];

  it.each(cases)('%s fails with too_large and says which', async (_what, archive, limits, message) => {
    const error = await failureOf(inspect(archive, limits));
    expect(error.code).toBe('too_large');
    expect(error.message).toMatch(message);
  });

  it('passes when it is exactly at each limit', async () => {
    const limits = {
      maxEntries: 2,
      maxFileBytes: 600,
      maxUnpackedBytes: 1200,
      maxArchiveBytes: two.length,
      maxPathLength: 1,
      maxDepth: 1,
    };
    expect((await inspect(two, limits)).files).toHaveLength(2);
  });

  it('a thousandfold gzip is refused early', async () => {
    const bomb = gzipSync(rawTar({ name: 'zeros', data: Buffer.alloc(64 * 1024 * 1024) }), { level: 9 });
    expect(bomb.length * 1000).toBeLessThan(65 * 1024 * 1024);
    const source = chunksOf(bomb, 1024);
    const error = await failureOf(reader.inspect(source));
    expect(error.code).toBe('too_large');
    expect(error.message).toMatch(/more than 200 times/);
    expect((await source.next()).done).toBe(true);
  });

  it('a small thousandfold gzip is refused too', async () => {
    const bomb = gzipSync(rawTar({ name: 'zeros', data: Buffer.alloc(1024 * 1024) }), { level: 9 });
    await expect(inspect(bomb)).toFailWith('too_large');
  });

  it('a bomb behind an honest beginning is refused without holding it in memory', async () => {
    const noise = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7919) % 251));
    const bomb = gzipSync(rawTar({ name: 'noise', data: noise }, { name: 'zeros', data: Buffer.alloc(100 * 1024 * 1024) }));
    const before = process.memoryUsage().arrayBuffers;
    let peak = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    }, 1);
    await expect(inspect(bomb, { maxRatio: 5000, maxUnpackedBytes: 90 * 1024 * 1024 })).toFailWith('too_large');
    await inspect(bomb, { maxRatio: 5000 });
    clearInterval(timer);
    expect(peak - before).toBeLessThan(48 * 1024 * 1024);
  });

  it('is not read further, and its source is closed', async () => {
    const endless = new Counted(rawEntry({ name: 'a', data: Buffer.alloc(512) }));
    await expect(reader.inspect(endless)).toFailWith('archive_invalid');
    expect(endless.taken).toBeLessThan(10_000);
    expect(endless.returned).toBe(true);
  });

  it('the ratio does not refuse what compresses well but is small', async () => {
    const tar = packFiles([{ path: 'a', data: Buffer.alloc(40_000, 'yaml: yes\n') }]);
    expect((await inspect(gzipSync(Buffer.concat([tar, Buffer.alloc(10_240)])))).files).toHaveLength(1);
  });
});

describe('a source that fails', () => {
  it('passes its own error on', async () => {
    const reason = new ChandleryError('network', 'the connection was reset');
    for (const head of [gzipSync(Buffer.alloc(2000)).subarray(0, 15), packFiles([]).subarray(0, 700)]) {
      const source = (async function* () {
        yield head;
        throw reason;
      })();
      await expect(reader.inspect(source)).rejects.toBe(reason);
    }
  });

  it('is left at once when the signal fires, even while it hangs', async () => {
    for (const head of [gzipSync(packFiles([])).subarray(0, 15), packFiles([]).subarray(0, 700), Buffer.alloc(0)]) {
      const stop = new AbortController();
      const source = (async function* () {
        yield head;
        await new Promise(() => undefined);
      })();
      const reading = reader.inspect(source, { signal: stop.signal });
      setTimeout(() => stop.abort(new ChandleryError('cancelled', 'stopped')), 20);
      await expect(reading).toFailWith('cancelled');
    }
  });

  it('is not started when the signal fired before', async () => {
    const endless = new Counted(X);
    await expect(reader.inspect(endless, { signal: AbortSignal.abort(new ChandleryError('cancelled', 'stopped')) })).toFailWith(
      'cancelled',
    );
    expect(endless.taken).toBe(0);
  });
});
