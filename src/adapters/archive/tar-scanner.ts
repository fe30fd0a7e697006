/**
 * A tar reader that only looks: it is fed bytes, checks every entry against the guard, hashes files as they pass and keeps nothing but
 * what was asked for. Own code rather than a tar library because a library skips what it does not know (stray zero blocks, bytes after the
 * end, global headers), and a guard must refuse exactly that. Memory: one header, one extended header, and the kept bodies.
 */

import { createHash, type Hash } from 'node:crypto';
import { type ArchiveFile, type ArchiveLimits, type InspectedArchive, MAX_STREAMED } from '../../domain/archive.ts';
import { ChandleryError } from '../../domain/errors.ts';
import type { StreamScan, StreamScanner } from '../../domain/validation.ts';
import { checkPath, invalid, PathLedger, shown } from './path-rules.ts';
import { TarExtension } from './tar-extension.ts';
import { BLOCK, readHeader, type TarHeader } from './tar-header.ts';

export type Keep = (path: string, size: number) => boolean;

/** Zeros that may follow the end to fill a tape record: GNU tar writes 10 KiB records, the largest in use are 1 MiB. Bytes. */
const MAX_TRAILING_ZEROS = 1024 * 1024;

const REFUSED_TYPES: Record<string, string> = {
  '1': 'is a hard link; put the file itself into the package',
  '2': 'is a symbolic link; put the file itself into the package',
  '3': 'is a character device',
  '4': 'is a block device',
  '6': 'is a named pipe',
  '7': 'is a contiguous file, which not every tar reads alike',
  D: 'is a GNU incremental dump',
  M: 'is a part of a multi-volume archive',
  S: 'is a sparse file',
  V: 'is a volume label',
  X: 'has an obsolete Solaris extended header',
};

interface OpenFile {
  path: string;
  size: number;
  executable: boolean;
  hash: Hash;
  kept: Buffer[] | undefined;
  scans: StreamScan[];
}

type State = 'header' | 'body' | 'extension' | 'padding' | 'first-end' | 'end';

function isZero(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

export class TarScanner {
  readonly #limits: ArchiveLimits;
  readonly #keep: Keep;
  readonly #streams: readonly StreamScanner[];
  readonly #ledger: PathLedger;
  readonly #extension = new TarExtension();
  readonly #result: InspectedArchive = { files: [], bodies: new Map(), unpackedBytes: 0, streamed: [] };
  #state: State = 'header';
  /** Bytes of the current part still to come. */
  #missing = BLOCK;
  /** Bytes that fill the current entry's last block. */
  #padding = 0;
  #parts: Buffer[] = [];
  #file: OpenFile | undefined;
  #trailing = 0;

  constructor(limits: ArchiveLimits, keep: Keep, streams: readonly StreamScanner[] = []) {
    this.#limits = limits;
    this.#keep = keep;
    this.#streams = streams;
    this.#ledger = new PathLedger(limits.maxEntries);
  }

  /** Takes the next bytes of the uncompressed archive. Fails with archive_invalid or too_large. */
  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#state === 'end') {
        this.#checkTrailing(chunk.subarray(at));
        return;
      }
      const part = chunk.subarray(at, at + this.#missing);
      at += part.length;
      this.#missing -= part.length;
      this.#take(part);
      if (this.#missing === 0) this.#finishPart();
    }
  }

  /** The whole archive has been written. Fails with archive_invalid when it ends too early. */
  end(): InspectedArchive {
    if (this.#state === 'end') return this.#result;
    const where = this.#file === undefined ? ': its end marker is missing' : ` in ${shown(this.#file.path)}`;
    throw new ChandleryError('archive_invalid', `the archive is cut off${where}`);
  }

  #checkTrailing(rest: Buffer): void {
    this.#trailing += rest.length;
    if (this.#trailing > MAX_TRAILING_ZEROS || !isZero(rest)) {
      throw new ChandleryError('archive_invalid', 'there are bytes after the end of the archive');
    }
  }

  #take(part: Buffer): void {
    if (this.#state === 'padding') return;
    if (this.#state === 'body') {
      this.#file?.hash.update(part);
      this.#file?.kept?.push(Buffer.from(part));
      for (const scan of this.#file?.scans ?? []) scan.push(part);
      return;
    }
    // Copied: a header may span two chunks, and the caller may reuse its buffer before the second one comes.
    this.#parts.push(Buffer.from(part));
  }

  #finishPart(): void {
    switch (this.#state) {
      case 'extension':
        this.#extension.apply(this.#collected());
        this.#nextEntry();
        return;
      case 'body':
        this.#closeFile();
        this.#nextEntry();
        return;
      case 'padding':
        this.#expect('header', BLOCK);
        return;
      default:
        this.#headerBlock(this.#collected());
    }
  }

  #collected(): Buffer {
    const data = Buffer.concat(this.#parts);
    this.#parts = [];
    return data;
  }

  #expect(state: State, bytes: number): void {
    this.#state = state;
    this.#missing = bytes;
  }

  #nextEntry(): void {
    if (this.#padding > 0) this.#expect('padding', this.#padding);
    else this.#expect('header', BLOCK);
  }

  #headerBlock(block: Buffer): void {
    if (isZero(block)) {
      if (this.#extension.pending)
        throw new ChandleryError('archive_invalid', 'the archive ends after an extended header without its entry');
      // Two zero blocks end an archive; one alone is where some programs stop and others go on.
      this.#expect(this.#state === 'first-end' ? 'end' : 'first-end', BLOCK);
      return;
    }
    if (this.#state === 'first-end')
      throw new ChandleryError('archive_invalid', 'an entry follows a zero block, where some programs stop reading');
    const header = readHeader(block);
    this.#padding = (BLOCK - (header.size % BLOCK)) % BLOCK;
    if (!TarExtension.is(header)) {
      this.#openEntry(this.#extension.nameOf(header), header);
      return;
    }
    this.#extension.open(header);
    this.#expect('extension', header.size);
  }

  #openEntry(name: string, header: TarHeader): void {
    const refused = REFUSED_TYPES[header.type];
    if (refused !== undefined) throw invalid(name, refused);
    if (header.type === '5') this.#openDirectory(name, header);
    else if (header.type === '0') this.#openFile(name, header);
    else throw invalid(name, `is of the unknown type ${shown(header.type)}`);
  }

  #openDirectory(name: string, header: TarHeader): void {
    const path = name.endsWith('/') ? name.slice(0, -1) : name;
    checkPath(path, this.#limits);
    if (header.size !== 0) throw invalid(name, 'is a directory with content');
    this.#ledger.add(path, 'directory');
    this.#expect('header', BLOCK);
  }

  #openFile(path: string, header: TarHeader): void {
    const { maxFileBytes, maxUnpackedBytes } = this.#limits;
    checkPath(path, this.#limits);
    this.#ledger.add(path, 'file');
    if (header.size > maxFileBytes) {
      throw new ChandleryError('too_large', `entry ${shown(path)}: ${header.size} bytes, at most ${maxFileBytes} are allowed`);
    }
    this.#result.unpackedBytes += header.size;
    if (this.#result.unpackedBytes > maxUnpackedBytes) {
      throw new ChandleryError('too_large', `the files are larger than ${maxUnpackedBytes} bytes together (at ${shown(path)})`);
    }
    const kept = this.#keep(path, header.size) ? [] : undefined;
    const scans = this.#streams.filter((scanner) => scanner.wants(path, header.size)).map((scanner) => scanner.open(path));
    this.#file = { path, size: header.size, executable: header.executable, hash: createHash('sha256'), kept, scans };
    this.#expect('body', header.size);
    // An empty file has no bytes to wait for.
    if (header.size === 0) this.#finishPart();
  }

  #closeFile(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    const entry: ArchiveFile = { path: file.path, size: file.size, sha256: file.hash.digest('hex'), executable: file.executable };
    this.#result.files.push(entry);
    for (const scan of file.scans)
      this.#result.streamed.push(...scan.end().slice(0, MAX_STREAMED - this.#result.streamed.length));
    if (file.kept !== undefined) this.#result.bodies.set(file.path, Buffer.concat(file.kept, file.size));
  }
}
