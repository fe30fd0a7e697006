import { createHash } from 'node:crypto';
import { ChandleryError } from '../../domain/errors.ts';
import { LIMITS } from '../../domain/registry-schemas.ts';
import type { Database } from './database.ts';
import { guarded } from './database.ts';
import type { Tx } from './install-rows.ts';

/** Migration 016. A version is signed when it is published, or later by publishing the same bytes again; its signatures go with it. */
export const SIGNATURES_MIGRATION = `
    create table published_signatures (
      name text collate "C" not null, version text collate "C" not null, digest text not null, bundle text not null,
      operation text not null, at timestamptz not null default now(),
      primary key (name, version, digest),
      foreign key (name, version) references published_versions on delete cascade
    );
  `;

/** Adds a bundle to a version whose name's row is locked. Answers its digest; undefined where it was there. Fails with too_large for one too many. */
export async function addSignature(
  tx: Tx,
  { name, version, bundle, operation }: { name: string; version: string; bundle: string; operation: string },
): Promise<string | undefined> {
  const digest = `sha256:${createHash('sha256').update(bundle).digest('hex')}`;
  const there = await tx
    .selectFrom('published_signatures')
    .select('digest')
    .where('name', '=', name)
    .where('version', '=', version)
    .execute();
  if (there.some((row) => row.digest === digest)) return undefined;
  if (there.length >= LIMITS.signatures)
    throw new ChandleryError('too_large', `${name}@${version} has ${there.length} signatures already, as many as one may have`, {
      template: `${name}@${version}`,
    });
  await tx.insertInto('published_signatures').values({ name, version, digest, bundle, operation }).execute();
  return digest;
}

/** Takes back what an operation added. */
export async function removeSignature(
  tx: Tx,
  { name, version, digest, operation }: { name: string; version: string; digest: string; operation: string },
): Promise<void> {
  await tx
    .deleteFrom('published_signatures')
    .where('name', '=', name)
    .where('version', '=', version)
    .where('digest', '=', digest)
    .where('operation', '=', operation)
    .execute();
}

/** The texts of the bundles, oldest first. */
export function readSignatures(db: Database, name: string, version: string): Promise<string[]> {
  return guarded(async () => {
    const rows = await db
      .selectFrom('published_signatures')
      .select('bundle')
      .where('name', '=', name)
      .where('version', '=', version)
      .orderBy('at')
      .orderBy('digest')
      .execute();
    return rows.map(({ bundle }) => bundle);
  });
}
