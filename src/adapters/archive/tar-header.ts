/** The 512-byte tar header and the pax records, read strictly: whatever two tar programs could read differently is refused. */

import { ChandleryError } from '../../domain/errors.ts';
import { invalid } from './path-rules.ts';

export const BLOCK = 512;

export interface TarHeader {
  /** undecoded: where an extended header gives the name, these bytes may be cut in the middle of a character */
  rawName: Buffer;
  /** for error messages only */
  label: string;
  /** one character; '\0' is shown as '0' */
  type: string;
  size: number;
  executable: boolean;
}

const NAME = [0, 100] as const;
const MODE = [100, 108] as const;
const SIZE = [124, 136] as const;
const CHECKSUM = [148, 156] as const;
const PREFIX = [345, 500] as const;
const SPACE = 0x20;
const SLASH = Buffer.from('/');

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Fails with archive_invalid when the bytes are not UTF-8. */
export function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new ChandleryError(
      'archive_invalid',
      `entry ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}: the name is not UTF-8`,
      {},
      { cause },
    );
  }
}

function field(block: Buffer, [from, to]: readonly [number, number]): Buffer {
  const end = block.indexOf(0, from);
  return block.subarray(from, end === -1 || end > to ? to : end);
}

function octal(block: Buffer, range: readonly [number, number], what: string, name: string): number {
  const [from, to] = range;
  if (((block[from] ?? 0) & 0x80) !== 0)
    throw invalid(name, `its ${what} is written in binary, which only sizes over 8 GiB need`);
  const digits = block
    .toString('latin1', from, to)
    .replace(/^ +/, '')
    .replace(/[ \0]+$/, '');
  if (digits === '') return 0;
  if (!/^[0-7]+$/.test(digits)) throw invalid(name, `its ${what} is not a number`);
  return Number.parseInt(digits, 8);
}

function checksumOf(block: Buffer): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= CHECKSUM[0] && i < CHECKSUM[1] ? SPACE : (block[i] ?? 0);
  return sum;
}

/** Reads one header block. Fails with archive_invalid. */
export function readHeader(block: Buffer): TarHeader {
  const name = field(block, NAME);
  const label = name.toString('utf8');
  if (octal(block, CHECKSUM, 'checksum', label) !== checksumOf(block)) {
    throw new ChandleryError('archive_invalid', 'a header has a wrong checksum: this is not a tar archive, or it is damaged');
  }
  // Only POSIX ustar has a prefix; GNU's older magic (`ustar  `) keeps times in the same bytes.
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? field(block, PREFIX) : Buffer.alloc(0);
  const flag = String.fromCharCode(block[156] ?? 0);
  return {
    rawName: prefix.length === 0 ? name : Buffer.concat([prefix, SLASH, name]),
    label,
    type: flag === '\0' ? '0' : flag,
    size: octal(block, SIZE, 'size', label),
    executable: (octal(block, MODE, 'mode', label) & 0o100) !== 0,
  };
}

/** Records `<length> <key>=<value>\n` of a pax header. Fails with archive_invalid. */
export function readPax(data: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(SPACE, at);
    const digits = space === -1 ? '' : data.toString('latin1', at, space);
    const end = at + Number(digits);
    if (!/^[1-9]\d{0,8}$/.test(digits) || end > data.length || data[end - 1] !== 0x0a) {
      throw new ChandleryError('archive_invalid', 'a pax header is malformed');
    }
    const record = decodeName(data.subarray(space + 1, end - 1));
    const equals = record.indexOf('=');
    const key = record.slice(0, equals);
    if (equals < 1 || records.has(key))
      throw new ChandleryError('archive_invalid', 'a pax header is malformed or gives a key twice');
    records.set(key, record.slice(equals + 1));
    at = end;
  }
  return records;
}
