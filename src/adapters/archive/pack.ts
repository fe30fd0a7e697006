/**
 * Deterministic packing. The result is a plain tar, not a tar.gz: compressed bytes differ between zlib versions and levels, so their digest
 * would change with the machine that packed. The tar depends on names, bytes and the executable bit only; transports compress if they like.
 * The headers are written here, not by a library, for the same reason: another release of it could choose another encoding.
 */

import type { Stats } from 'node:fs';
import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchiveLimits, DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { checkPath, invalid, PathLedger, shown } from './path-rules.ts';
import { BLOCK } from './tar-header.ts';

export interface PackFile {
  /** forward slashes, relative */
  path: string;
  data: Buffer;
  executable?: boolean;
}

// The epoch, as reproducible builds use: a real time would make every packing of the same files another archive.
const MTIME = 0;
const MAX_USTAR_NAME = 100;
const ASCII = /^[\x20-\x7e]*$/;

function field(header: Buffer, at: number, width: number, value: number): void {
  header.write(`${value.toString(8).padStart(width - 1, '0')}\0`, at, 'latin1');
}

function headerBlock(name: Buffer, type: '0' | 'x', size: number, mode: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  name.copy(header, 0);
  field(header, 100, 8, mode);
  field(header, 108, 8, 0);
  field(header, 116, 8, 0);
  field(header, 124, 12, size);
  field(header, 136, 12, MTIME);
  header.write(`        ${type}`, 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  field(header, 329, 8, 0);
  field(header, 337, 8, 0);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}

function padded(data: Buffer): Buffer[] {
  const rest = data.length % BLOCK;
  return rest === 0 ? [data] : [data, Buffer.alloc(BLOCK - rest)];
}

/** `<length> path=<name>\n`, where the length counts its own digits. */
function paxPath(path: string): Buffer {
  const tail = ` path=${path}\n`;
  const bytes = Buffer.byteLength(tail);
  let length = bytes + String(bytes).length;
  if (bytes + String(length).length !== length) length += 1;
  return Buffer.from(`${length}${tail}`, 'utf8');
}

function blocksOf(file: PackFile): Buffer[] {
  const mode = file.executable === true ? 0o755 : 0o644;
  const name = Buffer.from(file.path, 'utf8');
  const blocks: Buffer[] = [];
  // ustar names are 100 bytes of ASCII; everything else is told by a pax record that every current tar reads.
  if (name.length > MAX_USTAR_NAME || !ASCII.test(file.path)) {
    const record = paxPath(file.path);
    blocks.push(headerBlock(Buffer.from('PaxHeader'), 'x', record.length, 0o644), ...padded(record));
  }
  blocks.push(headerBlock(name.subarray(0, MAX_USTAR_NAME), '0', file.data.length, mode), ...padded(file.data));
  return blocks;
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
}

/** Counts what goes into one archive and stops at the limits. */
class Budget {
  readonly #limits: ArchiveLimits;
  readonly #ledger: PathLedger;
  #bytes = 0;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
    this.#ledger = new PathLedger(limits.maxEntries);
  }

  take(path: string, size: number): void {
    checkPath(path, this.#limits);
    this.#ledger.add(path, 'file');
    if (size > this.#limits.maxFileBytes) {
      throw new ChandleryError(
        'too_large',
        `file ${shown(path)}: ${size} bytes, at most ${this.#limits.maxFileBytes} are allowed`,
      );
    }
    this.#bytes += size;
    if (this.#bytes > this.#limits.maxUnpackedBytes) {
      throw new ChandleryError(
        'too_large',
        `the files are larger than ${this.#limits.maxUnpackedBytes} bytes together (at ${shown(path)})`,
      );
    }
  }
}

function tarOf(files: readonly PackFile[], maxArchiveBytes: number): Buffer {
  const sorted = [...files].sort((a, b) => byBytes(a.path, b.path));
  const tar = [...sorted.flatMap(blocksOf), Buffer.alloc(2 * BLOCK)];
  const size = tar.reduce((total, block) => total + block.length, 0);
  if (size > maxArchiveBytes)
    throw new ChandleryError('too_large', `the archive would be ${size} bytes, at most ${maxArchiveBytes} are allowed`);
  return Buffer.concat(tar, size);
}

/** Packs files held in memory. The order of `files` does not matter. Fails with archive_invalid or too_large. */
export function packFiles(files: readonly PackFile[], limits: Partial<ArchiveLimits> = {}): Buffer {
  const all = { ...DEFAULT_ARCHIVE_LIMITS, ...limits };
  const budget = new Budget(all);
  for (const file of files) budget.take(file.path, file.data.length);
  return tarOf(files, all.maxArchiveBytes);
}

function refuseSpecial(path: string, stats: Stats): void {
  if (stats.isSymbolicLink()) throw invalid(path, 'is a symbolic link; put the file itself into the package');
  if (!stats.isFile()) throw invalid(path, 'is neither a file nor a directory');
}

async function readOne(root: string, path: string, budget: Budget): Promise<PackFile> {
  const absolute = join(root, path);
  refuseSpecial(path, await lstat(absolute));
  // Between lstat and open the name may have become a link or a pipe: O_NOFOLLOW refuses the one, O_NONBLOCK does not hang on the other.
  const handle = await open(absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const stats = await handle.stat();
    refuseSpecial(path, stats);
    budget.take(path, stats.size);
    const data = Buffer.alloc(stats.size);
    const { bytesRead } = await handle.read(data, 0, stats.size, 0);
    if (bytesRead !== stats.size) throw invalid(path, 'changed while it was read');
    return { path, data, executable: (stats.mode & 0o100) !== 0 };
  } finally {
    await handle.close();
  }
}

async function listFiles(root: string, under: string, limits: ArchiveLimits, found: string[]): Promise<void> {
  const entries = await readdir(join(root, under), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => byBytes(a.name, b.name))) {
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    checkPath(path, limits);
    if (entry.isDirectory()) await listFiles(root, path, limits, found);
    else found.push(path);
    if (found.length > limits.maxEntries)
      throw new ChandleryError('too_large', `the directory has more than ${limits.maxEntries} files (at ${shown(path)})`);
  }
}

/**
 * Packs every file under `dir`, dot files included; empty directories are not content and are left out.
 * Fails with archive_invalid (links, devices, unsafe names) or too_large. Errors of the file system pass through.
 */
export async function packDirectory(dir: string, limits: Partial<ArchiveLimits> = {}): Promise<Buffer> {
  const all = { ...DEFAULT_ARCHIVE_LIMITS, ...limits };
  const paths: string[] = [];
  await listFiles(dir, '', all, paths);
  const budget = new Budget(all);
  const files: PackFile[] = [];
  for (const path of paths) files.push(await readOne(dir, path, budget));
  return tarOf(files, all.maxArchiveBytes);
}
