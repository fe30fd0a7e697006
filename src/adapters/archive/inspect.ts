import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type ArchiveLimits, type ArchiveReader, DEFAULT_ARCHIVE_LIMITS, type InspectedArchive } from '../../domain/archive.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { TarScanner } from './tar-scanner.ts';

/** Below this many unpacked bytes the ratio says nothing: an empty tar is 10 KiB of zeros that compress to nearly nothing. */
const RATIO_FLOOR_BYTES = 64 * 1024;
/** zlib's default of 16 KiB spends its time in calls. Bytes. */
const GUNZIP_CHUNK_BYTES = 64 * 1024;
/** Headers, padding and pax headers come on top of the files; 4 KiB is eight blocks, an entry with a long name takes five. Bytes. */
const OVERHEAD_PER_ENTRY_BYTES = 4 * 1024;
const GZIP_MAGIC = [0x1f, 0x8b] as const;

/** Counts the archive as it comes in and as it comes out of the decompressor; both ends have limits. */
class Meter {
  packed = 0;
  unpacked = 0;
  readonly #limits: ArchiveLimits;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  in(bytes: number): void {
    this.packed += bytes;
    const { maxArchiveBytes } = this.#limits;
    if (this.packed > maxArchiveBytes)
      throw new ChandleryError('too_large', `the archive is larger than ${maxArchiveBytes} bytes`);
  }

  out(bytes: number): void {
    this.unpacked += bytes;
    const { maxRatio, maxUnpackedBytes, maxEntries } = this.#limits;
    // Checked on every chunk, so that a bomb is dropped early and not after its first gigabyte.
    if (this.unpacked > RATIO_FLOOR_BYTES && this.unpacked > this.packed * maxRatio) {
      throw new ChandleryError('too_large', `the archive unpacks to more than ${maxRatio} times its size`);
    }
    if (this.unpacked > maxUnpackedBytes + maxEntries * OVERHEAD_PER_ENTRY_BYTES) {
      throw new ChandleryError('too_large', `the archive unpacks to more than ${maxUnpackedBytes} bytes`);
    }
  }
}

type Chunks = AsyncIterator<Uint8Array>;

/** The next chunk, or the signal's reason as soon as it fires: a source that hangs must not hold the caller. */
function nextOrAbort(chunks: Chunks, signal: AbortSignal | undefined): Promise<IteratorResult<Uint8Array>> {
  if (signal === undefined) return chunks.next();
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    chunks
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort));
  });
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** The source as it is, counted and abortable. Its first chunk is long enough to show the magic, unless the source is shorter. */
async function* counted(
  source: AsyncIterable<Uint8Array>,
  meter: Meter,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  try {
    for (;;) {
      const next = await nextOrAbort(chunks, signal);
      if (next.done === true) break;
      meter.in(next.value.length);
      if (meter.packed >= GZIP_MAGIC.length && head.length === 0) yield asBuffer(next.value);
      else head = Buffer.concat([head, next.value]);
      if (head.length < GZIP_MAGIC.length) continue;
      yield head;
      head = Buffer.alloc(0);
    }
    if (head.length > 0) yield head;
  } finally {
    // Not awaited: a source that hangs in next() would also hang here.
    chunks.return?.().catch(() => undefined);
  }
}

async function* resumed(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

type Feed = (chunk: Buffer) => void;

async function feedAll(chunks: AsyncIterable<Buffer>, feed: Feed): Promise<void> {
  for await (const chunk of chunks) feed(chunk);
}

/** By its code, not its class: an error of zlib has no class of its own. */
function zlibMessage(error: unknown): string | undefined {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  return typeof code === 'string' && code.startsWith('Z_') ? String(message) : undefined;
}

async function feedGunzipped(chunks: AsyncIterable<Buffer>, feed: Feed, meter: Meter): Promise<void> {
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
  try {
    await pipeline(chunks, gunzip, (unpacked: AsyncIterable<Buffer>) => feedAll(unpacked, feed));
  } catch (error) {
    const message = zlibMessage(error);
    if (message === undefined) throw error;
    throw new ChandleryError('archive_invalid', `the gzip stream is damaged or cut off: ${message}`, {}, { cause: error });
  }
  // zlib silently ignores zeros after the last member; the count of what it took tells.
  if (gunzip.bytesWritten !== meter.packed)
    throw new ChandleryError('archive_invalid', 'there are bytes after the end of the gzip stream');
}

type InspectOptions = Parameters<ArchiveReader['inspect']>[1];

async function inspect(
  source: AsyncIterable<Uint8Array>,
  options: InspectOptions,
  limits: ArchiveLimits,
): Promise<InspectedArchive> {
  const { keep = () => false, streams, signal } = options ?? {};
  const scanner = new TarScanner(limits, keep, streams);
  const meter = new Meter(limits);
  const chunks = counted(source, meter, signal);
  const first = await chunks.next();
  if (first.done === true) throw new ChandleryError('archive_invalid', 'the archive is empty');
  const feed: Feed = (chunk) => {
    signal?.throwIfAborted();
    meter.out(chunk.length);
    scanner.write(chunk);
  };
  const all = resumed(first.value, chunks);
  if (first.value[0] === GZIP_MAGIC[0] && first.value[1] === GZIP_MAGIC[1]) await feedGunzipped(all, feed, meter);
  else await feedAll(all, feed);
  return scanner.end();
}

/**
 * Reader of template archives: tar or tar.gz, in memory, nothing unpacked to a disk. Errors of the source and the signal's reason pass
 * through unchanged. `keep` decides by name and declared size which bodies are held in memory: the caller bounds their sum.
 */
export function createArchiveReader(defaults: Partial<ArchiveLimits> = {}): ArchiveReader {
  return {
    inspect: (source, options) => inspect(source, options, { ...DEFAULT_ARCHIVE_LIMITS, ...defaults, ...options?.limits }),
  };
}
