/** Port of the store of archives and other content, each under its digest. Fails as the ports of store.ts do. */
export interface BlobStore {
  /** Also keeps it from being swept for a week: whoever asks is about to refer to it. */
  has(digest: string): Promise<boolean>;
  size(digest: string): Promise<number | undefined>;
  /** Opens (or re-opens, after a broken attempt) an upload of content whose digest is known beforehand. */
  openUpload(key: string, digest: string): Promise<BlobUpload>;
  /** From byte `offset` on, 0 when left out. Fails with not_found when the blob is not there. */
  read(digest: string, offset?: number): AsyncIterable<Uint8Array>;
  /**
   * Removes at once what was refused, where the operation that stored it is the only one that ever asked for it and nothing refers to it;
   * else the sweep has it in time. No failure when it is not there.
   */
  discard(digest: string): Promise<void>;
  /**
   * Removes some of what nothing has referred to for a week, and of the uploads that were not finished in that time; and what
   * later looks found in bytes that nobody has installed for as long.
   */
  sweep(): Promise<BlobSweep>;
}

export interface BlobSweep {
  blobs: number;
  bytes: number;
  uploads: number;
  /** Archives whose findings are kept no more. */
  looks: number;
  /** There may be more of it. */
  more: boolean;
}

export interface BlobUpload {
  /** Bytes an earlier attempt already stored; read them back with `stored()` to go on hashing. */
  readonly offset: number;
  stored(): AsyncIterable<Uint8Array>;
  append(chunk: Uint8Array): Promise<void>;
  /** Forgets what was stored; the next append starts at byte 0. */
  restart(): Promise<void>;
  /** Publishes the blob under its digest. `size` is what the caller hashed; `digest` likewise, where it was not known beforehand. */
  complete(size: number, digest?: string): Promise<void>;
  discard(): Promise<void>;
}
