import type { InspectedArchive } from './archive.ts';
import { contentHash } from './content-hash.ts';
import { type ArchiveMeaning, archiveFiles, foreignKeep, manifestOfArchive } from './foreign/index.ts';
import { subjectFiles, subjectKeep } from './subject-files.ts';
import { MANIFEST_FILE } from './template.ts';
import { type HashJudgement, judgeHash } from './trust.ts';
import type { ValidationSubject } from './validation.ts';

/** From an archive that was read to what validators look at. */

export interface ArchiveSubject {
  meaning: ArchiveMeaning;
  trust: HashJudgement;
  /** With the texts of its files. */
  subject: ValidationSubject;
}

/** The content hash of charts is nowhere sealed; their digest is the registry's word. */
const CHART = 'Helm chart';
const CHART_TRUST = { verified: false, mismatch: false, note: 'a Helm chart has no trust block — chart is unsigned' } as const;

/** Which bodies are needed; for `keep` of one reading of one archive, since it counts what it lets in. */
export function archiveKeep(): (path: string, size: number) => boolean {
  const [meant, shown] = [foreignKeep(), subjectKeep()];
  // Both count, so both are asked.
  return (path, size) => [meant(path, size), shown(path, size)].includes(true);
}

/** `where` names the archive in errors, `digest` is that of the whole. Fails with template_invalid. */
export function subjectOfArchive(archive: InspectedArchive, where: string, digest?: string): ArchiveSubject {
  const paths = archive.files.map(({ path }) => path);
  const meaning = manifestOfArchive(archiveFiles(paths, archive.bodies), where);
  const { manifest, manifestFile, foreign } = meaning;
  const hash = contentHash(archive.files, foreign?.ownIdentity === false ? '' : manifestFile);
  const trust = foreign?.format === CHART ? CHART_TRUST : judgeHash(manifest.trust, hash);
  const readme = foreign?.readme ?? manifest.metadata.readme ?? 'README.md';
  const text = archive.bodies.get(readme)?.toString('utf8');
  const subject: ValidationSubject = {
    manifest,
    manifestText: foreign ? '' : (archive.bodies.get(MANIFEST_FILE)?.toString('utf8') ?? ''),
    ...(foreign && { manifestFile }),
    paths: [...paths].sort(),
    files: subjectFiles(archive.files, archive.bodies),
    ...(text !== undefined && { readme: { path: readme, text } }),
    contentHash: hash,
    ...(digest !== undefined && { archive: digest }),
    trust: { verified: trust.verified, note: trust.note },
    streamed: archive.streamed,
  };
  return { meaning, trust, subject };
}
