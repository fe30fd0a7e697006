import { ChandleryError } from '../../domain/errors.ts';
import { BLOCK, readHeader, type TarHeader } from '../archive/tar-header.ts';

/**
 * Looks for files in a layer of a container image. Unlike the guard of template archives it passes over links, devices and everything
 * else that a file system has: nothing of a layer but the files asked for is ever used.
 */

/** Bytes of an extended header; a path has at most 4 KiB, attributes that stand beside it at most 64 KiB each. */
const MAX_EXTENSION_BYTES = 1024 * 1024;

export interface LayerEntry {
  /** Without `./` and `/` at either end. */
  path: string;
  size: number;
  isFile: boolean;
}

type Part = 'header' | 'body' | 'extension' | 'end';

export class LayerTar {
  readonly #want: (entry: LayerEntry) => boolean;
  readonly #found: (path: string, body: Buffer) => void;
  #part: Part = 'header';
  #missing = BLOCK;
  #padding = 0;
  #kept: Buffer[] | undefined = [];
  #entry: LayerEntry = { path: '', size: 0, isFile: false };
  #extension: 'pax' | 'name' | 'other' = 'other';
  #longName: string | undefined;

  /** `want` is told every entry; the bodies of those it wants come to `found`. It bounds their size. */
  constructor(want: (entry: LayerEntry) => boolean, found: (path: string, body: Buffer) => void) {
    this.#want = want;
    this.#found = found;
  }

  /** Takes the next uncompressed bytes. Fails with archive_invalid when they are no tar. */
  write(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.#part !== 'end'; ) {
      const piece = chunk.subarray(at, at + this.#missing);
      at += piece.length;
      this.#missing -= piece.length;
      // Copied: the decompressor uses its buffer again.
      this.#kept?.push(Buffer.from(piece));
      if (this.#missing === 0) this.#finish();
    }
  }

  /** Fails with archive_invalid when the layer ended within an entry. */
  end(): void {
    const isBetween = this.#part === 'header' && this.#missing === BLOCK;
    if (this.#part !== 'end' && !isBetween) throw new ChandleryError('archive_invalid', 'a layer of the image is cut off');
  }

  #finish(): void {
    const bytes = Buffer.concat(this.#kept ?? []);
    if (this.#part === 'header') {
      if (bytes.every((byte) => byte === 0)) this.#part = 'end';
      else this.#open(readHeader(bytes));
      return;
    }
    if (this.#padding > 0) {
      this.#missing = this.#padding;
      this.#padding = 0;
      this.#take(bytes);
      this.#kept = undefined;
      return;
    }
    if (this.#kept) this.#take(bytes);
    this.#expect('header', BLOCK, true);
  }

  #take(bytes: Buffer): void {
    if (!this.#kept) return;
    if (this.#part === 'body') this.#found(this.#entry.path, bytes);
    else if (this.#extension === 'name') this.#longName = bytes.toString('utf8').replace(/\0+$/, '');
    else if (this.#extension === 'pax') this.#longName = paxPath(bytes) ?? this.#longName;
  }

  #open(header: TarHeader): void {
    this.#padding = (BLOCK - (header.size % BLOCK)) % BLOCK;
    const { type } = header;
    if (type === 'x' || type === 'L' || type === 'K' || type === 'g') {
      if (header.size > MAX_EXTENSION_BYTES)
        throw new ChandleryError('archive_invalid', 'an extended header of a layer is too long');
      this.#extension = type === 'x' ? 'pax' : type === 'L' ? 'name' : 'other';
      this.#expect('extension', header.size, true);
      return;
    }
    const path = (this.#longName ?? header.rawName.toString('utf8')).replace(/^(\.?\/)+|\/+$/g, '');
    this.#longName = undefined;
    this.#entry = { path, size: header.size, isFile: type === '0' };
    this.#expect('body', header.size, this.#want(this.#entry));
  }

  #expect(part: Part, bytes: number, keep: boolean): void {
    this.#part = part;
    this.#missing = bytes;
    this.#kept = keep ? [] : undefined;
    // What has no bytes is finished already.
    if (bytes === 0) this.#finish();
  }
}

/** The `path` of a pax header. Attributes beside it may hold any bytes, so only what is looked for is decoded. */
function paxPath(data: Buffer): string | undefined {
  let found: string | undefined;
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at);
    const length = space < 0 ? 0 : Number(data.toString('latin1', at, space));
    if (!Number.isInteger(length) || length <= space - at || at + length > data.length)
      throw new ChandleryError('archive_invalid', 'a pax header of a layer is malformed');
    const record = data.subarray(space + 1, at + length - 1);
    if (record.toString('latin1', 0, 5) === 'path=') found = record.toString('utf8', 5);
    at += length;
  }
  return found;
}
