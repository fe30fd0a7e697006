import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { MANIFEST_FILE } from '../../domain/template.ts';
import { createArchiveReader } from '../archive/inspect.ts';
import { packDirectory } from '../archive/pack.ts';
import type { Source } from './folder-scan.ts';

/** Bytes per piece of a body: large enough to be cheap, small enough to be fair. */
const CHUNK_BYTES = 64 * 1024;
/** Characters a manifest or a readme may have; longer ones are mistakes. */
const MAX_TEXT_BYTES = 512 * 1024;

export interface PackedArchive {
  digest: string;
  /** bytes */
  size: number;
  /** Absent for ready-made archives, which are read from the disk each time. */
  bytes?: Buffer;
}

/** Packs a folder, or hashes a ready-made archive. Fails with archive_invalid or too_large. */
export async function packSource(source: Source): Promise<PackedArchive> {
  if (source.kind === 'directory') {
    const bytes = await packDirectory(source.path);
    return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, size: bytes.length, bytes };
  }
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of readArchive(source.path, 0, Number.POSITIVE_INFINITY)) {
    size += chunk.length;
    if (size > DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes)
      throw new ChandleryError('too_large', `larger than ${DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes} bytes`);
    hash.update(chunk);
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}

/** The text of the version's manifest: in the folder, beside the archive, or out of the archive through its guard. */
export async function readManifest(source: Source): Promise<{ text: string; file: string }> {
  const file = source.kind === 'directory' ? join(source.path, MANIFEST_FILE) : source.manifestPath;
  if (file !== undefined) return { text: await readText(file), file };
  const keep = (path: string) => path === MANIFEST_FILE;
  const { bodies } = await createArchiveReader().inspect(readArchive(source.path, 0, Number.POSITIVE_INFINITY), { keep });
  const body = bodies.get(MANIFEST_FILE);
  if (!body) throw new ChandleryError('template_invalid', `the archive holds no ${MANIFEST_FILE}`);
  return { text: body.toString('utf8'), file: `${source.path}!${MANIFEST_FILE}` };
}

/** The readme a manifest names (README.md by default), where the version is a folder and holds it. */
export async function readReadme(source: Source, named: string | undefined): Promise<string | undefined> {
  const file = named ?? 'README.md';
  // Only a file the scan itself listed is opened, so a manifest cannot point outside its folder.
  if (source.kind !== 'directory' || !source.files.includes(file)) return undefined;
  return await readText(join(source.path, file)).catch(() => undefined);
}

async function readText(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    if (size > MAX_TEXT_BYTES) throw new ChandleryError('too_large', `${file} is larger than ${MAX_TEXT_BYTES} bytes`);
    return await readFile(handle, 'utf8');
  } finally {
    await handle.close();
  }
}

/** Bytes `from`..`to` (exclusive) of a file. It is opened when the first piece is asked for, so an unread body leaks nothing. */
export async function* readArchive(
  path: string,
  from: number,
  to: number,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const handle = await open(path, 'r');
  try {
    for (let position = from; position < to; ) {
      signal?.throwIfAborted();
      const { bytesRead, buffer } = await handle.read(
        Buffer.alloc(CHUNK_BYTES),
        0,
        Math.min(CHUNK_BYTES, to - position),
        position,
      );
      if (bytesRead === 0) break;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** The bytes from an offset in pieces. */
export async function* sliceBytes(bytes: Buffer, from: number, signal?: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  for (let position = from; position < bytes.length; position += CHUNK_BYTES) {
    signal?.throwIfAborted();
    yield bytes.subarray(position, position + CHUNK_BYTES);
  }
}
