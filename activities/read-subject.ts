import type { InspectedArchive } from '../src/domain/archive.ts';
import { type ArchiveSubject, archiveKeep, subjectOfArchive } from '../src/domain/archive-subject.ts';
import { VALIDATION } from '../src/domain/validation-set.ts';
import type { ActivityDeps } from './deps.ts';

/** An archive of the store, read once for everything that is asked of it. */
export interface ReadArchive extends ArchiveSubject {
  archive: InspectedArchive;
}

/** Reads it, feeding the stream scanners. Fails as the archive reader does, or with template_invalid; `where` names the archive. */
export async function readArchive(deps: ActivityDeps, digest: string, where: string, signal: AbortSignal): Promise<ReadArchive> {
  const { streams } = deps.validation ?? VALIDATION;
  const archive = await deps.archive.inspect(deps.store.blobs.read(digest), { keep: archiveKeep(), streams, signal });
  return { archive, ...subjectOfArchive(archive, where, digest) };
}
