import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { hexOf } from '../domain/digest.ts';
import { ChandleryError } from '../domain/errors.ts';
import type { ArchiveStream, RegistryPlugin, VersionEntry } from '../domain/registry.ts';

/** One read of an archive, as the audit and the counters see it. */
export interface ArchiveRead {
  name: string;
  version: string;
  digest: string;
  /** First byte sent, and the one after the last. */
  start: number;
  end: number;
}

export type OnArchiveRead = (read: ArchiveRead, request: Request) => void | Promise<void>;

/** Told after the last byte of an archive went out: a read that was resumed counts once. Never awaited. */
export type OnArchiveSent = (read: Pick<ArchiveRead, 'name' | 'version'>) => void;

interface ArchiveAnswer {
  request: Request;
  response: Response;
  onArchiveRead?: OnArchiveRead | undefined;
  onArchiveSent?: OnArchiveSent | undefined;
}

interface ByteRange {
  start: number;
  /** exclusive */
  end: number;
}

/** Serves one archive: whole, one range of it (206), 304 when the caller has it, 416 when the range lies outside. */
export async function sendArchive(
  source: RegistryPlugin,
  name: string,
  entry: VersionEntry,
  { request, response, onArchiveRead, onArchiveSent }: ArchiveAnswer,
): Promise<void> {
  const etag = `"${entry.digest}"`;
  response.set({ ETag: etag, 'Accept-Ranges': 'bytes', 'Cache-Control': 'private, no-cache' });
  if (matchesEtag(request.get('if-none-match'), etag)) return void response.status(304).end();
  const range = rangeOf(request, etag, entry.size);
  if (range === 'unsatisfiable') return void response.status(416).set('Content-Range', `bytes */${entry.size}`).end();
  const { start, end } = range ?? { start: 0, end: entry.size };
  // First of all: a read that cannot be recorded is not served.
  if (request.method !== 'HEAD')
    await onArchiveRead?.({ name, version: entry.version, digest: entry.digest, start, end }, request);
  const stream = await open(source, name, entry, start, response);
  setHeaders(response, entry, stream, `${name}-${entry.version}`);
  response.set('Content-Length', String(end - start));
  if (range) response.status(206).set('Content-Range', `bytes ${start}-${end - 1}/${entry.size}`);
  if (request.method === 'HEAD') return await abandon(stream, response);
  const isSent = await pipe(cut(stream.body, start - stream.offset, end - start), response);
  if (isSent && end === entry.size) onArchiveSent?.({ name, version: entry.version });
}

async function open(
  source: RegistryPlugin,
  name: string,
  entry: VersionEntry,
  offset: number,
  response: Response,
): Promise<ArchiveStream> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const stream = await source.openArchive(name, entry.version, { offset, digest: entry.digest, signal: gone.signal });
  if (stream.digest === undefined || stream.digest === entry.digest) return stream;
  gone.abort();
  throw new ChandleryError('registry_unavailable', `${name}@${entry.version} changed while it was opened`, {
    registry: source.name,
  });
}

function setHeaders(response: Response, entry: VersionEntry, stream: ArchiveStream, fileName: string): void {
  const base64 = Buffer.from(hexOf(entry.digest), 'hex').toString('base64');
  const ending = stream.mediaType === 'application/gzip' ? 'tar.gz' : 'tar';
  response.set({
    'Content-Type': stream.mediaType ?? 'application/octet-stream',
    // Both speak of the whole archive, also on a part of it: RFC 3230 for old clients, RFC 9530 for new ones.
    Digest: `sha-256=${base64}`,
    'Repr-Digest': `sha-256=:${base64}:`,
    'Content-Disposition': `attachment; filename="${fileName}.${ending}"`,
  });
}

function matchesEtag(header: string | undefined, etag: string): boolean {
  return header?.split(',').some((part) => ['*', etag, `W/${etag}`].includes(part.trim())) ?? false;
}

/** Undefined = the whole archive: no range, one of other bytes (If-Range), or a form that RFC 9110 lets a server ignore. */
function rangeOf(request: Request, etag: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const ifRange = request.get('if-range');
  if (ifRange !== undefined && ifRange.trim() !== etag) return undefined;
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(request.get('range')?.trim() ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return suffixRange(Number(last), size);
  const [start, end] = [Number(first), last === '' ? size : Math.min(Number(last) + 1, size)];
  if (last !== '' && Number(last) < start) return undefined;
  return start < size ? { start, end } : 'unsatisfiable';
}

function suffixRange(length: number, size: number): ByteRange | 'unsatisfiable' {
  return length > 0 && size > 0 ? { start: Math.max(size - length, 0), end: size } : 'unsatisfiable';
}

/** Drops `skip` bytes, for a source that cannot start in the middle, then passes `length` bytes. */
async function* cut(body: AsyncIterable<Uint8Array>, skip: number, length: number): AsyncGenerator<Uint8Array, void, undefined> {
  let [toSkip, left] = [skip, length];
  for await (const chunk of body) {
    const piece = chunk.subarray(Math.min(toSkip, chunk.byteLength)).subarray(0, left);
    toSkip -= Math.min(toSkip, chunk.byteLength);
    left -= piece.byteLength;
    if (piece.byteLength > 0) yield piece;
    if (left === 0) return;
  }
  if (left > 0) throw new ChandleryError('network', `the archive ended ${left} bytes early`);
}

/** False when the caller hung up; it will come back for the rest. */
async function pipe(body: AsyncIterable<Uint8Array>, response: Response): Promise<boolean> {
  try {
    await pipeline(Readable.from(body, { objectMode: false }), response);
    return true;
  } catch (error) {
    if (!response.writableEnded && response.destroyed && (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE')
      return false;
    throw error;
  }
}

/** Ends a body that nobody will read; it has to be started first, or its own clean-up would not run. */
async function abandon(stream: ArchiveStream, response: Response): Promise<void> {
  const iterator = stream.body[Symbol.asyncIterator]();
  await iterator.next();
  await iterator.return?.();
  response.end();
}
