import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { packFiles } from '../../../src/adapters/archive/pack.ts';
import type { ChandleryError } from '../../../src/domain/errors.ts';
import { failureOf, inspect, paxEntry, type RawEntry, rawTar, X } from './support.ts';

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
