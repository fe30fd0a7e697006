import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { createArchiveReader } from '../../../src/adapters/archive/inspect.ts';
import { packFiles } from '../../../src/adapters/archive/pack.ts';
import type { ArchiveLimits, InspectedArchive } from '../../../src/domain/archive.ts';
import { sha256Hex } from '../../../src/domain/content-hash.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';
import { chunksOf, packageFiles, paxEntry, type RawEntry, rawEntry, rawTar, TAR_END } from './support.ts';

const reader = createArchiveReader();
const X = Buffer.from('x');

function inspect(archive: Buffer, limits: Partial<ArchiveLimits> = {}, chunk?: number): Promise<InspectedArchive> {
  return reader.inspect(chunksOf(archive, chunk), { limits });
}

async function failureOf(promise: Promise<unknown>): Promise<ChandleryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ChandleryError) return error;
  throw new Error(`expected a ChandleryError, got ${String(error)}`);
}

/** Endless source that counts what was taken from it. */
class Counted {
  taken = 0;
  returned = false;
  readonly #chunk: Buffer;
  constructor(chunk: Buffer) {
    this.#chunk = chunk;
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      for (;;) {
        this.taken += this.#chunk.length;
        yield this.#chunk;
      }
    } finally {
      this.returned = true;
    }
  }
}

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

describe('an unsafe entry', () => {
  const cases: Array<[string, RawEntry[], RegExp]> = [
    ['a climbing path', [{ name: '../etc/passwd', data: X }], /"\.\.\/etc\/passwd".*climbs/],
    ['a path that climbs in the middle', [{ name: 'a/../../b', data: X }], /climbs/],
    ['a climbing directory', [{ name: 'a/../', type: '5' }], /climbs/],
    ['a path that climbs by its prefix', [{ name: 'b', prefix: '..', data: X }], /climbs/],
    ['a path that climbs by a pax header', [paxEntry({ path: '../b' }), { name: 'ok', data: X }], /climbs/],
    [
      'a path that climbs by a GNU long name',
      [
        { name: 'L', type: 'L', data: Buffer.from('../b\0') },
        { name: 'ok', data: X },
      ],
      /climbs/,
    ],
    ['an absolute path', [{ name: '/etc/passwd', data: X }], /absolute/],
    ['a path on a drive', [{ name: 'C:/x', data: X }], /absolute/],
    ['a `.` segment', [{ name: './template.yaml', data: X }], /`\.` segment.*without a leading/],
    ['the directory `./`', [{ name: './', type: '5' }], /`\.` segment/],
    ['an empty segment', [{ name: 'a//b', data: X }], /empty path segment/],
    ['a file with a trailing slash', [{ name: 'a/', data: X }], /trailing slash/],
    ['a backslash', [{ name: '..\\b', data: X }], /backslash/],
    ['a control character', [{ name: 'a\nb', data: X }], /control character/],
    ['a name that shows backwards', [{ name: 'a\u202egpj.sh', data: X }], /control character/],
    ['an empty name', [{ name: '', data: X }], /empty name/],
    ['an empty directory name', [{ name: '/', type: '5' }], /empty name/],
    ['a name that is not UTF-8', [{ name: Buffer.from([0x61, 0xff]), data: X }], /not UTF-8/],
    ['a NUL inside a pax name', [paxEntry({ path: 'a\0b' }), { name: 'ok', data: X }], /control character/],
    ['a symbolic link', [{ name: 'l', type: '2', linkname: '/etc' }], /"l".*symbolic link/],
    ['a hard link', [{ name: 'l', type: '1', linkname: 'template.yaml' }], /hard link/],
    ['a link by a pax header', [paxEntry({ linkpath: '/etc' }), { name: 'l', type: '2' }], /is a link/],
    [
      'a link by a GNU long link',
      [
        { name: 'L', type: 'K', data: Buffer.from('/etc\0') },
        { name: 'l', type: '2' },
      ],
      /is a link/,
    ],
    ['a character device', [{ name: 'd', type: '3' }], /character device/],
    ['a block device', [{ name: 'd', type: '4' }], /block device/],
    ['a named pipe', [{ name: 'p', type: '6' }], /named pipe/],
    ['a contiguous file', [{ name: 'c', type: '7', data: X }], /contiguous/],
    ['a GNU sparse file', [{ name: 's', type: 'S', data: X }], /sparse/],
    ['a pax sparse file', [paxEntry({ 'GNU.sparse.major': '1' }), { name: 's', data: X }], /sparse/],
    ['an unknown type', [{ name: 'z', type: 'Z', data: X }], /unknown type/],
    ['a directory with content', [{ name: 'd', type: '5', data: X }], /directory with content/],
    ['the same file twice', [{ name: 'a', data: X }, { name: 'b' }, { name: 'a', data: Buffer.from('y') }], /"a".*twice/],
    [
      'the same directory twice',
      [
        { name: 'a', type: '5' },
        { name: 'a/', type: '5' },
      ],
      /twice/,
    ],
    [
      'names that differ in case',
      [
        { name: 'README', data: X },
        { name: 'readme', data: X },
      ],
      /"readme".*clashes with "README"/,
    ],
    [
      'directories that differ in case',
      [
        { name: 'A/x', data: X },
        { name: 'a/y', data: X },
      ],
      /clashes/,
    ],
    [
      'names that differ in folding',
      [
        { name: 'stra\u00dfe', data: X },
        { name: 'STRASSE', data: X },
      ],
      /clashes/,
    ],
    [
      'names that differ in Unicode form',
      [
        { name: '\u00e9', data: X },
        { name: 'e\u0301', data: X },
      ],
      /clashes/,
    ],
    [
      'a file used as a directory',
      [
        { name: 'a', data: X },
        { name: 'a/b', data: X },
      ],
      /both a file and a directory/,
    ],
    [
      'a directory that becomes a file',
      [
        { name: 'a/b', data: X },
        { name: 'a', data: X },
      ],
      /both a file and a directory/,
    ],
    ['a global header with a path', [paxEntry({ path: 'x' }, 'g'), { name: 'a', data: X }], /global pax header sets "path"/],
    ['a pax size that differs', [paxEntry({ size: '0' }), { name: 'a', data: X }], /two different sizes/],
    ['a character set of its own', [paxEntry({ hdrcharset: 'BINARY' }), { name: 'a', data: X }], /character set/],
    [
      'two extended headers',
      [paxEntry({ path: 'a' }), { name: 'L', type: 'L', data: Buffer.from('b') }, { name: 'c', data: X }],
      /two extended headers/,
    ],
    ['an extended header at the end', [paxEntry({ path: 'a' })], /without its entry/],
    [
      'an empty extended header',
      [
        { name: 'x', type: 'x' },
        { name: 'a', data: X },
      ],
      /empty extended header/,
    ],
    [
      'a pax header with a wrong length',
      [
        { name: 'x', type: 'x', data: Buffer.from('99 path=a\n') },
        { name: 'a', data: X },
      ],
      /malformed/,
    ],
    [
      'a pax header with a key twice',
      [
        { name: 'x', type: 'x', data: Buffer.from('9 path=a\n9 path=b\n') },
        { name: 'a', data: X },
      ],
      /twice/,
    ],
    [
      'an oversized extended header',
      [
        { name: 'x', type: 'x', data: Buffer.alloc(70_000, 'a') },
        { name: 'a', data: X },
      ],
      /extended header of more/,
    ],
    ['a binary size', [{ name: 'a', size: Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), data: X }], /binary/],
    ['a negative size', [{ name: 'a', size: '-0000000001\0', data: X }], /not a number/],
  ];

  it.each(cases)('%s fails with archive_invalid and is named', async (_what, entries, message) => {
    for (const archive of [rawTar(...entries), gzipSync(rawTar(...entries))]) {
      const error = await failureOf(inspect(archive));
      expect(error.code).toBe('archive_invalid');
      expect(error.message).toMatch(message);
    }
  });

  it('is shown without its control characters and cut to a readable length', async () => {
    const error = await failureOf(inspect(rawTar(paxEntry({ path: `\u001b[31m${'x'.repeat(400)}` }), { name: 'a' })));
    expect(error.message).not.toContain('\u001b');
    expect(error.message.length).toBeLessThan(250);
  });
});

describe('a damaged archive', () => {
  const good = packFiles([{ path: 'a', data: Buffer.alloc(2000, 'a') }]);
  const cases: Array<[string, Buffer]> = [
    ['nothing at all', Buffer.alloc(0)],
    ['one byte', Buffer.from([0x1f])],
    ['a web page', Buffer.from('<!doctype html><title>Sign in</title>'.padEnd(2048, ' '))],
    ['a tar cut in a header', good.subarray(0, 300)],
    ['a tar cut in a file', good.subarray(0, 1000)],
    ['a tar cut before its end', good.subarray(0, good.length - 1024)],
    ['a tar cut within its end', good.subarray(0, good.length - 1)],
    ['a tar with a wrong checksum', Buffer.concat([Buffer.from('b'), good.subarray(1)])],
    ['a tar followed by garbage', Buffer.concat([good, Buffer.from('garbage')])],
    ['a tar followed by another', Buffer.concat([good, good])],
    ['a tar followed by endless zeros', Buffer.concat([good, Buffer.alloc(2 * 1024 * 1024)])],
    ['an entry after a zero block', Buffer.concat([Buffer.alloc(512), good])],
    ['a gzip cut in its header', gzipSync(good).subarray(0, 5)],
    ['a gzip cut in its data', gzipSync(good).subarray(0, 30)],
    ['a gzip cut in its checksum', gzipSync(good).subarray(0, -3)],
    ['a gzip followed by garbage', Buffer.concat([gzipSync(good), Buffer.from('garbage')])],
    ['a gzip followed by zeros', Buffer.concat([gzipSync(good), Buffer.alloc(100)])],
    ['a gzip with a flipped byte', Buffer.from(gzipSync(good).map((byte, index) => (index === 20 ? byte ^ 0xff : byte)))],
    ['a gzip of a gzip', gzipSync(gzipSync(good))],
    ['a gzip of nothing', gzipSync(Buffer.alloc(0))],
  ];

  it.each(cases)('%s fails with archive_invalid', async (_what, archive) => {
    await expect(inspect(archive)).toFailWith('archive_invalid');
    await expect(inspect(archive, {}, 1000)).toFailWith('archive_invalid');
  });

  it('fails with archive_invalid or too_large, or is read, whichever byte is changed', async () => {
    const small = gzipSync(rawTar(paxEntry({ path: 'ü' }), { name: 'u', data: X }, { name: 'd/', type: '5' }), { level: 0 });
    await fc.assert(
      fc.asyncProperty(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
        const changed = Buffer.from(gunzipSync(small));
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ flip;
        const outcome = await inspect(changed).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(['archive_invalid', 'too_large']).toContain((outcome as ChandleryError).code);
      }),
      { numRuns: 300 },
    );
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
