import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type pg from 'pg';
import type { BlobStore, BlobUpload } from '../../domain/blob-store.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { discardBlob, STORED_BY_ONE, sweepBlobs } from './blob-sweep.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';

/** A row's payload, bytes: large enough to be few, small enough to hold in memory beside others. */
const CHUNK_BYTES = 256 * 1024;

/** Content-addressed, chunked blobs in PostgreSQL. A blob appears whole or not at all. */
export function createBlobStore(db: Database, pool: pg.Pool): BlobStore {
  return {
    has: (digest) => guarded(() => claim(db, digest)),
    size: (digest) => guarded(async () => (await find(db, digest))?.size),
    openUpload: (key, digest) => guarded(() => openUpload(db, key, digest)),
    discard: (digest) => guarded(() => discardBlob(pool, digest)),
    sweep: () => guarded(() => sweepBlobs(pool)),
    async *read(digest, offset = 0) {
      const blob = await guarded(() => find(db, digest));
      if (!blob) throw new ChandleryError('not_found', `there is no blob ${digest}`);
      yield* chunksOf(db, { ...blob, digest }, offset);
    },
  };
}

/** Whether it is there; begins its lease anew. One that is being swept at this moment is not there: the answer must come from the row itself. */
async function claim(db: Database, digest: string): Promise<boolean> {
  const row = await db.selectFrom('blobs').select('unused_since').where('digest', '=', digest).executeTakeFirst();
  if (!row?.unused_since) return row !== undefined;
  const [{ numUpdatedRows } = { numUpdatedRows: 0n }] = await db
    .updateTable('blobs')
    .set({ unused_since: null })
    .where('digest', '=', digest)
    .execute();
  return numUpdatedRows > 0n;
}

async function find(db: Database, digest: string): Promise<{ content: string; size: number } | undefined> {
  const row = await db.selectFrom('blobs').select(['content', 'size']).where('digest', '=', digest).executeTakeFirst();
  return row && { content: row.content, size: Number(row.size) };
}

interface StoredBlob {
  digest: string;
  content: string;
  size: number;
}

async function* chunksOf(db: Database, { digest, content, size }: StoredBlob, offset: number): AsyncIterable<Uint8Array> {
  const first = Math.floor(offset / CHUNK_BYTES);
  for (let n = first; n * CHUNK_BYTES < size; n += 1) {
    const row = await guarded(() =>
      db.selectFrom('blob_chunks').select('data').where('content', '=', content).where('n', '=', n).executeTakeFirst(),
    );
    if (!row) throw new ChandleryError('not_found', `the blob ${digest} was removed while it was read`);
    yield n === first ? row.data.subarray(offset % CHUNK_BYTES) : row.data;
  }
}

async function openUpload(db: Database, key: string, digest: string): Promise<BlobUpload> {
  const { content } = await db
    .insertInto('uploads')
    .values({ key, digest } as never)
    // A replay may take up the upload of an operation of long ago: the sweep must not take it away below it.
    .onConflict((conflict) => conflict.column('key').doUpdateSet({ created_at: sql<Date>`now()` }))
    .returning('content')
    .executeTakeFirstOrThrow();
  // Only whole chunks count: the tail of a broken attempt was never written, and a last short one is written anew.
  const { chunks } = await db
    .selectFrom('blob_chunks')
    .select((eb) => eb.fn.countAll<string>().as('chunks'))
    .where('content', '=', content)
    .where(sql`length(data)`, '=', CHUNK_BYTES)
    .executeTakeFirstOrThrow();
  return new Upload(db, key, digest, content, Number(chunks));
}

class Upload implements BlobUpload {
  /** Digest of each chunk as this attempt saw it, in order. */
  readonly #seen: string[] = [];
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  readonly offset: number;

  constructor(
    private readonly db: Database,
    private readonly key: string,
    private readonly digest: string,
    private readonly content: string,
    private readonly storedChunks: number,
  ) {
    this.offset = storedChunks * CHUNK_BYTES;
  }

  async *stored(): AsyncIterable<Uint8Array> {
    for (let n = 0; n < this.storedChunks; n += 1) {
      const { data } = await guarded(() =>
        this.db
          .selectFrom('blob_chunks')
          .select('data')
          .where('content', '=', this.content)
          .where('n', '=', n)
          .executeTakeFirstOrThrow(),
      );
      this.#seen.push(sha256(data));
      yield data;
    }
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.#pending.push(Buffer.from(chunk));
    this.#pendingBytes += chunk.length;
    if (this.#pendingBytes < CHUNK_BYTES) return;
    const buffered = Buffer.concat(this.#pending);
    const whole = buffered.length - (buffered.length % CHUNK_BYTES);
    for (let at = 0; at < whole; at += CHUNK_BYTES) await this.#write(buffered.subarray(at, at + CHUNK_BYTES));
    this.#pending = [buffered.subarray(whole)];
    this.#pendingBytes = buffered.length - whole;
  }

  async restart(): Promise<void> {
    this.#seen.length = 0;
    this.#pending = [];
    this.#pendingBytes = 0;
    await guarded(() =>
      this.db.transaction().execute(async (tx) => {
        await this.#lock(tx);
        await tx
          .deleteFrom('blob_chunks')
          .where('content', '=', this.content)
          // Another attempt may have completed this very upload, or this one has and did not hear of it: then it is the blob's content.
          .where(({ not, exists, selectFrom }) =>
            not(exists(selectFrom('blobs').select('digest').where('content', '=', this.content))),
          )
          .execute();
      }),
    );
  }

  async complete(size: number, digest = this.digest): Promise<void> {
    if (this.#pendingBytes > 0) await this.#write(Buffer.concat(this.#pending));
    const isPublished = await guarded(() => this.db.transaction().execute((tx) => this.#publish(tx, size, digest)));
    if (isPublished) return;
    await this.restart();
    throw new ChandleryError('network', 'two attempts wrote the same upload; it starts again');
  }

  /** False when what is stored is not what this attempt has seen. */
  async #publish(tx: Database, size: number, digest: string): Promise<boolean> {
    const isThere = await this.#lock(tx);
    if (isThere && !(await this.#isStored(tx))) return false;
    const won = isThere && (await this.#claimDigest(tx, size, digest));
    if (!won && !(await claim(tx, digest)))
      throw new ChandleryError('network', 'what was stored of the same content was just removed; it is stored again');
    if (!won) await this.#dropOwnChunks(tx, digest);
    await tx.deleteFrom('uploads').where('key', '=', this.key).where('content', '=', this.content).execute();
    return true;
  }

  /** Until the transaction ends neither the sweep nor another attempt takes the chunks away. False when the upload has ended already. */
  async #lock(tx: Database): Promise<boolean> {
    const upload = tx.selectFrom('uploads').select('key').where('key', '=', this.key).where('content', '=', this.content);
    return (await upload.forUpdate().executeTakeFirst()) !== undefined;
  }

  /** False when there is a blob of this digest already. */
  async #claimDigest(tx: Database, size: number, digest: string): Promise<boolean> {
    const won = await tx
      .insertInto('blobs')
      .values({ digest, content: this.content, size, unused_since: sql<Date>`${STORED_BY_ONE}::timestamptz` })
      .onConflict((conflict) => conflict.doNothing())
      .returning('digest')
      .executeTakeFirst();
    return won !== undefined;
  }

  async discard(): Promise<void> {
    await this.restart();
    await guarded(() => this.db.deleteFrom('uploads').where('key', '=', this.key).execute());
  }

  async #write(data: Buffer): Promise<void> {
    const n = this.#seen.push(sha256(data)) - 1;
    await guarded(() =>
      this.db
        .insertInto('blob_chunks')
        .values({ content: this.content, n, data })
        .onConflict((conflict) => conflict.columns(['content', 'n']).doUpdateSet({ data }))
        .execute(),
    );
  }

  /**
   * An attempt that was thought dead may still be writing chunks of the same upload, from a registry that sends other bytes. What
   * was hashed while it flowed must be what is stored.
   */
  async #isStored(tx: Database): Promise<boolean> {
    const rows = await tx
      .selectFrom('blob_chunks')
      .select(['n', sql<string>`encode(sha256(data), 'hex')`.as('sha256')])
      .where('content', '=', this.content)
      .orderBy('n')
      .execute();
    return rows.length === this.#seen.length && rows.every((row, at) => row.n === at && row.sha256 === this.#seen[at]);
  }

  /** Another operation published the same content first; its blob stays unless it is the very one. */
  async #dropOwnChunks(tx: Database, digest: string): Promise<void> {
    const published = await tx.selectFrom('blobs').select('content').where('digest', '=', digest).executeTakeFirst();
    if (published?.content !== this.content) await tx.deleteFrom('blob_chunks').where('content', '=', this.content).execute();
  }
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
