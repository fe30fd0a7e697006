import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type pg from 'pg';
import type {
  PublishedLine,
  PublishedStore,
  PublishedVersion,
  Rating,
  TemplateFacts,
  VerifiedMark,
} from '../../domain/published.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';
import { bump, publishVersion, undoPublish } from './published-changes.ts';
import { countDownload, countInstall } from './published-downloads.ts';
import type { PublishedTables } from './published-schema.ts';
import { readSignatures } from './published-signatures.ts';

/** The registry protocol's own limit (domain/registry-schemas.ts). */
const MAX_VERSIONS = 10_000;

/** All columns but the two long ones that no listing shows. */
const COLUMNS = [
  ...(['name', 'version', 'digest', 'size', 'content_hash', 'manifest', 'dependencies', 'status'] as const),
  ...(['publisher', 'operation', 'published_at', 'yanked_at', 'yanked_by', 'yank_reason'] as const),
] as const;
type Row = Pick<Selectable<PublishedTables['published_versions']>, (typeof COLUMNS)[number]>;

/** What is published to this server: one row a version, and what people say of it. */
export function createPublishedStore(db: Database, pool: pg.Pool): PublishedStore {
  return {
    publish: (context, entry) => guarded(() => db.transaction().execute((tx) => publishVersion(tx, context, entry))),
    undo: (context) => guarded(() => db.transaction().execute((tx) => undoPublish(tx, context))),
    ...reads(db),
    ...opinions(db),
    setOwners: (name, owners) =>
      guarded(async () => {
        const row = await db
          .updateTable('published_names')
          .set({ owners: JSON.stringify(owners) })
          .where('name', '=', name)
          .returning(['name', 'owners'])
          .executeTakeFirst();
        return row;
      }),
    setYanked: (name, version, yanked) =>
      guarded(() =>
        db.transaction().execute(async (tx) => {
          const row = await tx
            .updateTable('published_versions')
            .set({
              yanked_at: yanked ? new Date() : null,
              yanked_by: yanked?.by ?? null,
              yank_reason: yanked?.reason ?? null,
            })
            .where('name', '=', name)
            .where('version', '=', version)
            .returning('name')
            .executeTakeFirst();
          if (row) await bump(tx);
          return row !== undefined;
        }),
      ),
    countDownload: (name, version) => guarded(() => countDownload(db, name, version)),
    countInstall: (context, where) => guarded(() => countInstall(pool, context, where)),
  };
}

type Reads = 'stamp' | 'listed' | 'versionsOf' | 'find' | 'readme' | 'signatures' | 'report' | 'owners';

function reads(db: Database): Pick<PublishedStore, Reads> {
  return {
    stamp: () =>
      guarded(async () => {
        const { rows } = await sql<{ revision: string; downloads: string }>`
          select revision, (select coalesce(sum(count), 0) from template_downloads) as downloads from published_state`.execute(
          db,
        );
        return { revision: Number(rows[0]?.revision ?? 0), downloads: Number(rows[0]?.downloads ?? 0) };
      }),
    listed: () => guarded(() => readLines(db)),
    versionsOf: (name) =>
      guarded(async () => {
        const all = db.selectFrom('published_versions').select(COLUMNS).where('name', '=', name);
        return (await all.orderBy('published_at').limit(MAX_VERSIONS).execute()).map(toVersion);
      }),
    find: (name, version) =>
      guarded(async () => {
        const row = await db
          .selectFrom('published_versions')
          .select(COLUMNS)
          .where('name', '=', name)
          .where('version', '=', version)
          .executeTakeFirst();
        return row && toVersion(row);
      }),
    readme: (name, version) =>
      guarded(async () => {
        const row = await db
          .selectFrom('published_versions')
          .select('readme')
          .where('name', '=', name)
          .where('version', '=', version)
          .executeTakeFirst();
        return row?.readme ?? undefined;
      }),
    signatures: (name, version) => readSignatures(db, name, version),
    report: (name, version) =>
      guarded(async () => {
        const row = await db
          .selectFrom('published_versions')
          .select('report')
          .where('name', '=', name)
          .where('version', '=', version)
          .executeTakeFirst();
        return row?.report;
      }),
    owners: (name) =>
      guarded(() => db.selectFrom('published_names').select(['name', 'owners']).where('name', '=', name).executeTakeFirst()),
  };
}

/** What is known about templates besides: of the server's own folders too. */
function opinions(db: Database): Pick<PublishedStore, 'facts' | 'rate' | 'ratings' | 'verified' | 'setVerified'> {
  return {
    facts: (name) => guarded(() => readFacts(db, name)),
    rate: (name, { user, rating, comment }) =>
      guarded(() =>
        db.transaction().execute(async (tx) => {
          const values = { rating, comment: comment ?? null, at: new Date() };
          await tx
            .insertInto('template_ratings')
            .values({ name, user_name: user, ...values })
            .onConflict((conflict) => conflict.columns(['name', 'user_name']).doUpdateSet(values))
            .execute();
          await bump(tx);
        }),
      ),
    ratings: (name, limit) =>
      guarded(async () => {
        const rows = await db
          .selectFrom('template_ratings')
          .selectAll()
          .where('name', '=', name)
          .orderBy('at', 'desc')
          .orderBy('user_name')
          .limit(limit)
          .execute();
        return rows.map(
          ({ user_name, rating, comment, at }): Rating => ({
            ...{ user: user_name, rating, at: at.toISOString() },
            ...(comment !== null && { comment }),
          }),
        );
      }),
    verified: (name) =>
      guarded(async () => {
        const row = await db.selectFrom('template_marks').selectAll().where('name', '=', name).executeTakeFirst();
        return row && { by: row.marked_by, note: row.note, at: row.at.toISOString() };
      }),
    setVerified: (name, mark) =>
      guarded(() =>
        db.transaction().execute(async (tx) => {
          if (mark) await putMark(tx, name, mark);
          else await tx.deleteFrom('template_marks').where('name', '=', name).execute();
          await bump(tx);
        }),
      ),
  };
}

async function putMark(tx: Database, name: string, { by, note }: Omit<VerifiedMark, 'at'>): Promise<void> {
  const values = { marked_by: by, note, at: new Date() };
  await tx
    .insertInto('template_marks')
    .values({ name, ...values })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
    .execute();
}

async function readLines(db: Database): Promise<PublishedLine[]> {
  type Line = Omit<PublishedLine, 'publishedAt'> & { published_at: Date };
  const { rows } = await sql<Line>`
    select name, version, digest, published_at, yanked_at is not null as yanked, manifest->'metadata' as metadata,
      manifest->'spec'->>'type' as type
    from published_versions order by name, published_at`.execute(db);
  return rows.map(({ published_at, ...line }) => ({ ...line, publishedAt: published_at.toISOString() }));
}

async function readFacts(db: Database, only?: string): Promise<ReadonlyMap<string, TemplateFacts>> {
  const wanted = only === undefined ? sql`true` : sql`name = ${only}`;
  const { rows } = await sql<{ name: string; downloads: string; rating: string | null; ratings: string; verified: boolean }>`
    select name, coalesce(d.downloads, 0) as downloads, r.rating, coalesce(r.ratings, 0) as ratings, coalesce(m.marked, false) as verified
    from (select name, sum(count) as downloads from template_downloads where ${wanted} group by name) d
    full join (select name, avg(rating) as rating, count(*) as ratings from template_ratings where ${wanted} group by name) r using (name)
    full join (select name, true as marked from template_marks where ${wanted}) as m using (name)`.execute(db);
  return new Map(
    rows.map(({ name, downloads, rating, ratings, verified }) => [
      name,
      {
        downloads: Number(downloads),
        ...(rating !== null && { rating: Math.round(Number(rating) * 10) / 10 }),
        ratingCount: Number(ratings),
        verified,
      },
    ]),
  );
}

function toVersion(row: Row): PublishedVersion {
  return {
    name: row.name,
    version: row.version,
    digest: row.digest,
    size: Number(row.size),
    contentHash: row.content_hash,
    manifest: row.manifest,
    dependencies: row.dependencies,
    status: row.status,
    publisher: row.publisher,
    operation: row.operation,
    publishedAt: row.published_at.toISOString(),
    ...(row.yanked_at && {
      yanked: { by: row.yanked_by ?? '', reason: row.yank_reason ?? '', at: row.yanked_at.toISOString() },
    }),
  };
}
