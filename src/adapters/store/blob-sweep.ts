import type pg from 'pg';
import type { BlobSweep } from '../../domain/blob-store.ts';

/** Migration 010. Null while something refers to the blob, or nobody has looked; STORED_BY_ONE at first. */
export const SWEEP_MIGRATION = `
    alter table blobs add column unused_since timestamptz;
    create index blobs_unused on blobs (unused_since) where unused_since is not null;
    create index uploads_created on uploads (created_at);
    create index installs_digest on installs (digest);
    create index published_versions_digest on published_versions (digest);
    create index revisions_digest on revisions ((template ->> 'digest'));
`;

/**
 * The lease of what nothing refers to, days: an operation that found or stored an archive refers to it within its deadline of an hour, and
 * its undo puts back within a day what it took away. Many times that, so that a template that is used again soon is not fetched again.
 */
const UNUSED_DAYS = 7;
/** An upload that nobody has finished for this long, days; its operation has ended long ago. */
const UPLOAD_DAYS = 7;
/** What was found in bytes that nobody has installed since, days: whoever installs them again soon is not told of it as of something new. */
const LOOK_DAYS = 7;
/** A blob may have a thousand rows of 256 KiB, and one statement has 8 s. */
const AT_ONCE = 5;

const REFERRED = `(
  exists (select from installs i where i.digest = b.digest)
  or exists (select from published_versions v where v.digest = b.digest)
  or exists (select from revisions r where r.template ->> 'digest' = b.digest)
)`;

/**
 * `unused_since` of what one upload has stored and nobody else has asked about yet: `has`, and another upload of the same bytes, take it away.
 * Only such a blob may go before its lease is over, since no other operation counts on it.
 */
export const STORED_BY_ONE = 'infinity';

const MARK = `
  update blobs b set unused_since = now() where (unused_since is null or unused_since = '${STORED_BY_ONE}') and not ${REFERRED}`;
const UNMARK = `update blobs b set unused_since = null where unused_since is not null and ${REFERRED}`;
/** One that an operation takes up at this moment is locked by it (blobs.ts), or not found by it any more. */
const COLLECT = `
  with gone as (
    delete from blobs where digest in (
      select digest from blobs b where unused_since < now() - interval '${UNUSED_DAYS} days' and not ${REFERRED}
      limit ${AT_ONCE} for update skip locked
    ) returning content, size
  ), chunks as (delete from blob_chunks c using gone where c.content = gone.content)
  select count(*)::integer as count, coalesce(sum(size), 0)::double precision as bytes from gone`;
/** As COLLECT, of one. */
const DISCARD = `
  with gone as (
    delete from blobs where digest in (
      select digest from blobs b where digest = $1 and unused_since = '${STORED_BY_ONE}' and not ${REFERRED} for update skip locked
    ) returning content
  )
  delete from blob_chunks c using gone where c.content = gone.content`;
const DROP_UPLOADS = `
  with gone as (
    delete from uploads where key in (
      select key from uploads where created_at < now() - interval '${UPLOAD_DAYS} days' limit ${AT_ONCE} for update skip locked
    ) returning content
  ), chunks as (
    delete from blob_chunks c using gone where c.content = gone.content and not exists (select from blobs b where b.content = gone.content)
  )
  select count(*)::integer as count from gone`;

/** A look that is under way holds its row, and is left alone. */
const DROP_LOOKS = `
  with gone as (
    delete from install_checks where digest in (
      select digest from install_checks c
      where checked_at < now() - interval '${LOOK_DAYS} days' and not exists (select from installs i where i.digest = c.digest)
      limit ${AT_ONCE} for update skip locked
    ) returning digest
  ), findings as (delete from install_findings f using gone where f.digest = gone.digest)
  select count(*)::integer as count from gone`;

/** Removes what one operation alone has stored and nothing refers to; leaves everything else to the sweep. */
export async function discardBlob(pool: pg.Pool, digest: string): Promise<void> {
  await pool.query(DISCARD, [digest]);
}

/** One round: marks what nothing refers to, and removes a few of those whose lease is over. */
export async function sweepBlobs(pool: pg.Pool): Promise<BlobSweep> {
  await pool.query(UNMARK);
  await pool.query(MARK);
  const { rows: blobs } = await pool.query<{ count: number; bytes: number }>(COLLECT);
  const { rows: uploads } = await pool.query<{ count: number }>(DROP_UPLOADS);
  const { rows: looks } = await pool.query<{ count: number }>(DROP_LOOKS);
  const { count = 0, bytes = 0 } = blobs[0] ?? {};
  const [dropped = 0, forgotten = 0] = [uploads[0]?.count, looks[0]?.count];
  const more = [count, dropped, forgotten].includes(AT_ONCE);
  return { blobs: count, bytes, uploads: dropped, looks: forgotten, more };
}
