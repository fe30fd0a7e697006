import type { Finding, StreamScanner } from './validation.ts';

/** What an archive may be. The guard in src/adapters/archive enforces it; nothing is written to a disk by reading one. */

export interface ArchiveLimits {
  /** compressed bytes */
  maxArchiveBytes: number;
  /** sum of all file sizes after decompression, bytes */
  maxUnpackedBytes: number;
  /** one file, bytes */
  maxFileBytes: number;
  maxEntries: number;
  /** unpacked / packed; a bomb is far above, a text-only template below 100 */
  maxRatio: number;
  maxPathLength: number;
  maxDepth: number;
}

export const DEFAULT_ARCHIVE_LIMITS: Readonly<ArchiveLimits> = Object.freeze({
  maxArchiveBytes: 256 * 1024 * 1024,
  maxUnpackedBytes: 512 * 1024 * 1024,
  maxFileBytes: 128 * 1024 * 1024,
  maxEntries: 10_000,
  maxRatio: 200,
  maxPathLength: 512,
  maxDepth: 32,
});

/** One file of an archive as the guard let it through. */
export interface ArchiveFile {
  /** forward slashes, relative, no `.` or `..` */
  path: string;
  size: number;
  /** lower-case hex SHA-256 of the bytes */
  sha256: string;
  executable: boolean;
}

/** The result of reading an archive once: every file's hash, and the bodies of the small ones the caller asked for. */
export interface InspectedArchive {
  files: ArchiveFile[];
  /** bodies of the files `keep` chose, by path */
  bodies: Map<string, Buffer>;
  unpackedBytes: number;
  /** What the stream scanners found, in the order of the files; at most MAX_STREAMED. */
  streamed: Finding[];
}

/** Findings that stream scanners may leave of one archive: a report shows fewer, and an archive could be made of nothing else. */
export const MAX_STREAMED = 1000;

export interface ArchiveReader {
  /** Reads a tar or tar.gz (told apart by its first bytes). Fails with archive_invalid or too_large. */
  inspect(
    source: AsyncIterable<Uint8Array>,
    options?: {
      limits?: Partial<ArchiveLimits>;
      keep?: (path: string, size: number) => boolean;
      /** Fed with every byte of the files they want. */
      streams?: readonly StreamScanner[];
      signal?: AbortSignal;
    },
  ): Promise<InspectedArchive>;
}
