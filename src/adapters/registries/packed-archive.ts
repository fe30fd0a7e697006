import type { ArchiveRange, ArchiveStream } from '../../domain/registry.ts';
import { sliceBytes } from './folder-archive.ts';

/** An archive that is in memory. A range of other bytes than the caller holds is answered with the whole, as with If-Range. */
export function packedArchive(bytes: Buffer, digest: string, range: ArchiveRange = {}): ArchiveStream {
  const { offset = 0, digest: held, signal } = range;
  const isSame = (held === undefined || held === digest) && offset <= bytes.length;
  const start = isSame ? offset : 0;
  return { offset: start, size: bytes.length, digest, mediaType: 'application/x-tar', body: sliceBytes(bytes, start, signal) };
}
