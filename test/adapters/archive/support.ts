import fc from 'fast-check';
import { createArchiveReader } from '../../../src/adapters/archive/inspect.ts';
import { checkPath, PathLedger } from '../../../src/adapters/archive/path-rules.ts';
import type { ArchiveLimits, InspectedArchive } from '../../../src/domain/archive.ts';
import { DEFAULT_ARCHIVE_LIMITS } from '../../../src/domain/archive.ts';
import { ChandleryError } from '../../../src/domain/errors.ts';

/** The bytes as a stream of chunks of this size. */
export async function* chunksOf(data: Buffer, size = 64 * 1024): AsyncGenerator<Buffer> {
  for (let at = 0; at < data.length; at += size) yield data.subarray(at, at + size);
}

export interface RandomFile {
  path: string;
  data: Buffer;
  executable: boolean;
}

function compatible(files: RandomFile[]): RandomFile[] {
  const ledger = new PathLedger(DEFAULT_ARCHIVE_LIMITS.maxEntries);
  return files.filter(({ path }) => {
    try {
      checkPath(path, DEFAULT_ARCHIVE_LIMITS);
      ledger.add(path, 'file');
      return true;
    } catch {
      return false;
    }
  });
}

const segment = fc.oneof(
  fc.constantFrom('a', 'b', 'templates', '.hidden', 'x'.repeat(70), 'README.md', 'grüße', '日本', '\u{1f600}'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
);

/** Files that can stand side by side in one package: nested, long, non-ASCII, empty and executable ones among them. */
export function packageFiles(): fc.Arbitrary<RandomFile[]> {
  const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((segments) => segments.join('/'));
  const data = fc.uint8Array({ maxLength: 1500 }).map((bytes) => Buffer.from(bytes));
  return fc.array(fc.record({ path, data, executable: fc.boolean() }), { maxLength: 12 }).map(compatible);
}

export interface RawEntry {
  name: string | Buffer;
  /** type flag, a file unless told */
  type?: string;
  data?: Buffer;
  /** the size field as written, that of `data` unless told */
  size?: string | Buffer;
  mode?: number;
  prefix?: string;
  linkname?: string;
  magic?: string;
}

/** One tar entry with nothing checked: what an attacker can write. */
export function rawEntry(entry: RawEntry): Buffer {
  const data = entry.data ?? Buffer.alloc(0);
  const header = Buffer.alloc(512);
  Buffer.from(entry.name as string).copy(header, 0, 0, 100);
  header.write(`${(entry.mode ?? 0o644).toString(8).padStart(7, '0')}\0`, 100);
  Buffer.from((entry.size ?? `${data.length.toString(8).padStart(11, '0')}\0`) as string).copy(header, 124, 0, 12);
  header.write(`        ${entry.type ?? '0'}`, 148);
  header.write(entry.linkname ?? '', 157);
  header.write(entry.magic ?? 'ustar\x0000', 257, 'latin1');
  header.write(entry.prefix ?? '', 345);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, data, Buffer.alloc((512 - (data.length % 512)) % 512)]);
}

export const TAR_END = Buffer.alloc(1024);

/** The entries as a whole archive. */
export function rawTar(...entries: RawEntry[]): Buffer {
  return Buffer.concat([...entries.map(rawEntry), TAR_END]);
}

/** A pax header with these records. */
export function paxEntry(records: Record<string, string>, type: 'x' | 'g' = 'x'): RawEntry {
  const data = Object.entries(records).map(([key, value]) => {
    const tail = ` ${key}=${value}\n`;
    const bytes = Buffer.byteLength(tail);
    const length = [1, 2, 3, 4, 5].map((digits) => bytes + digits).find((total) => String(total).length === total - bytes);
    return `${length}${tail}`;
  });
  return { name: 'PaxHeader', type, data: Buffer.from(data.join('')) };
}

export const reader = createArchiveReader();
export const X = Buffer.from('x');

export function inspect(archive: Buffer, limits: Partial<ArchiveLimits> = {}, chunk?: number): Promise<InspectedArchive> {
  return reader.inspect(chunksOf(archive, chunk), { limits });
}

export async function failureOf(promise: Promise<unknown>): Promise<ChandleryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ChandleryError) return error;
  throw new Error(`expected a ChandleryError, got ${String(error)}`);
}

/** Endless source that counts what was taken from it. */
export class Counted {
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
