import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { ChandleryError } from '../../domain/errors.ts';
import type { BlobStore, BlobUpload } from '../../domain/store.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';

/** A row's payload, bytes: large enough to be few, small enough to hold in memory beside others. */
const CHUNK_BYTES = 256 * 1024;

/** Content-addressed, chunked blobs in PostgreSQL. A blob appears whole or not at all. */
export function createBlobStore(db: Database): BlobStore {
  return {
    has: (digest) => guarded(async () => (await find(db, digest)) !== undefined),
    size: (digest) => guarded(async () => (await find(db, digest))?.size),
    openUpload: (key, digest) => guarded(() => openUpload(db, key, digest)),
    async *read(digest) {
      const blob = await guarded(() => find(db, digest));
      if (!blob) throw new ChandleryError('not_found', `there is no blob ${digest}`);
      yield* chunksOf(db, blob.content);
    },
  };
}

async function find(db: Database, digest: string): Promise<{ content: string; size: number } | undefined> {
  const row = await db.selectFrom('blobs').select(['content', 'size']).where('digest', '=', digest).executeTakeFirst();
  return row && { content: row.content, size: Number(row.size) };
}

async function* chunksOf(db: Database, content: string): AsyncIterable<Uint8Array> {
  for (let n = 0; ; n += 1) {
    const row = await guarded(() =>
      db.selectFrom('blob_chunks').select('data').where('content', '=', content).where('n', '=', n).executeTakeFirst(),
    );
    if (!row) return;
    yield row.data;
    if (row.data.length < CHUNK_BYTES) return;
  }
}

async function openUpload(db: Database, key: string, digest: string): Promise<BlobUpload> {
  await db
    .insertInto('uploads')
    .values({ key, digest } as never)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const { content } = await db.selectFrom('uploads').select('content').where('key', '=', key).executeTakeFirstOrThrow();
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
    await guarded(() => this.db.deleteFrom('blob_chunks').where('content', '=', this.content).execute());
  }

  async complete(size: number): Promise<void> {
    if (this.#pendingBytes > 0) await this.#write(Buffer.concat(this.#pending));
    await this.#checkStored();
    await guarded(() =>
      this.db.transaction().execute(async (tx) => {
        const won = await tx
          .insertInto('blobs')
          .values({ digest: this.digest, content: this.content, size })
          .onConflict((conflict) => conflict.doNothing())
          .returning('digest')
          .executeTakeFirst();
        if (!won) await this.#dropOwnChunks(tx);
        await tx.deleteFrom('uploads').where('key', '=', this.key).execute();
      }),
    );
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
  async #checkStored(): Promise<void> {
    const rows = await guarded(() =>
      this.db
        .selectFrom('blob_chunks')
        .select(['n', sql<string>`encode(sha256(data), 'hex')`.as('sha256')])
        .where('content', '=', this.content)
        .orderBy('n')
        .execute(),
    );
    const same = rows.length === this.#seen.length && rows.every((row, at) => row.n === at && row.sha256 === this.#seen[at]);
    if (same) return;
    await this.restart();
    throw new ChandleryError('network', 'two attempts wrote the same upload; it starts again');
  }

  /** Another operation published the same content first; its blob stays unless it is the very one. */
  async #dropOwnChunks(tx: Database): Promise<void> {
    const published = await tx.selectFrom('blobs').select('content').where('digest', '=', this.digest).executeTakeFirst();
    if (published?.content !== this.content) await tx.deleteFrom('blob_chunks').where('content', '=', this.content).execute();
  }
}

function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
