import { sql } from 'kysely';
import type { StepContext } from '../../domain/effects.ts';
import { jsonDigest } from '../../domain/json-digest.ts';
import type { PublishedStore, PublishOutcome } from '../../domain/published.ts';
import { checkCandidate } from '../../domain/published.ts';
import type { Database } from './database.ts';
import { checkFence, effectOf, markStepUndone, raiseFence, recordEffect, recordedOutcome } from './effect-transaction.ts';
import type { Tx } from './install-rows.ts';
import { addSignature, removeSignature } from './published-signatures.ts';

type PublishEntry = Parameters<PublishedStore['publish']>[1];

/** What undo needs: whether the version came with this effect, and which. */
interface PublishUndo {
  name: string;
  version: string;
  made: boolean;
  /** Digest of the signature that came with it. */
  signature?: string;
}

/** A version with its effect's record, or neither. The name is claimed by whoever comes first. */
export async function publishVersion(tx: Tx, context: StepContext, entry: PublishEntry): Promise<PublishOutcome> {
  await checkFence(tx, context);
  const recorded = await recordedOutcome<PublishOutcome>(tx, context);
  if (recorded) return recorded;
  const { name, version, digest, size, publisher } = entry.version;
  const owners = await claimName(tx, context, name, publisher);
  const published = await tx
    .selectFrom('published_versions')
    .select('digest')
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst();
  const isThere = checkCandidate(
    { name, version, digest, publisher, byScope: entry.byScope ?? false },
    { name, owners },
    published,
  );
  if (!isThere) {
    const { manifest, dependencies, contentHash, status } = entry.version;
    await tx
      .insertInto('published_versions')
      .values({
        ...{ name, version, digest, size, publisher, status, content_hash: contentHash, operation: context.operation },
        manifest: JSON.stringify(manifest),
        dependencies: JSON.stringify(dependencies),
        report: JSON.stringify(entry.report),
        readme: entry.readme?.replaceAll('\0', '') ?? null,
      })
      .execute();
  }
  const bundle = entry.signature;
  const added =
    bundle === undefined ? undefined : await addSignature(tx, { name, version, bundle, operation: context.operation });
  if (!isThere || added !== undefined) await bump(tx);
  const outcome: PublishOutcome = { changed: !isThere, ...(added !== undefined && { signed: true }), name, version, digest };
  const undo: PublishUndo = { name, version, made: !isThere, ...(added !== undefined && { signature: added }) };
  await recordEffect(tx, context, { inputDigest: entry.inputDigest, result: outcome, resultDigest: jsonDigest(outcome), undo });
  return outcome;
}

/** The owners of the name, which is the publisher's from now on if it was nobody's. The row stays locked: one writer a name. */
async function claimName(tx: Tx, { operation }: StepContext, name: string, publisher: string): Promise<string[]> {
  await tx
    .insertInto('published_names')
    .values({ name, owners: JSON.stringify([publisher]), operation })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await tx
    .selectFrom('published_names')
    .select('owners')
    .where('name', '=', name)
    .forUpdate()
    .executeTakeFirstOrThrow();
  return row.owners;
}

/** Removes what this effect published, and the name where nothing else has it and this operation brought it. */
export async function undoPublish(tx: Tx, context: StepContext): Promise<{ undone: boolean; warnings: string[] }> {
  await raiseFence(tx, context);
  const effect = await effectOf(tx, context);
  if (!effect || effect.undone_at) return { undone: effect !== undefined, warnings: [] };
  const { name, version, made, signature } = effect.undo as PublishUndo;
  if (signature !== undefined && !made) {
    await removeSignature(tx, { name, version, digest: signature, operation: context.operation });
    await bump(tx);
  }
  if (made) {
    await tx.selectFrom('published_names').select('name').where('name', '=', name).forUpdate().execute();
    await tx
      .deleteFrom('published_versions')
      .where('name', '=', name)
      .where('version', '=', version)
      .where('operation', '=', context.operation)
      .execute();
    await tx
      .deleteFrom('published_names')
      .where('name', '=', name)
      .where('operation', '=', context.operation)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('published_versions').select('name').where('name', '=', name))),
      )
      .execute();
    await bump(tx);
  }
  await markStepUndone(tx, context);
  return { undone: true, warnings: [] };
}

/** The listing is another one from the end of this transaction on. */
export async function bump(tx: Database): Promise<void> {
  await sql`update published_state set revision = revision + 1`.execute(tx);
}
