import type { MissingDependency } from './foreign/chart-dependencies.ts';
import type { Judgement } from './judgement.ts';
import type { TemplateManifest } from './template.ts';

/** What was found in an archive, and the port of the store that keeps it. */
export interface ScanVerdict {
  contentHash: string;
  manifest: TemplateManifest;
  trust: { verified: boolean; note: string };
  files: number;
  unpackedBytes: number;
  /** For an archive of another format: the manifest is under the archive's own name and version, and is used under the lock's. */
  foreign?: { format: string; ownIdentity: boolean; notes: string[]; missing?: MissingDependency[] };
  /** What validators and scorers said; absent where only the structure was looked at. */
  judgement?: Judgement;
}

/** Verdicts by content digest and ruleset, so that the same bytes are scanned once. */
export interface ScanStore {
  /** `anyAge`: also one that is too old to spare a scan, for what was already let in by it. */
  find(digest: string, ruleset: string, options?: { anyAge?: boolean }): Promise<ScanVerdict | undefined>;
  save(digest: string, ruleset: string, verdict: ScanVerdict): Promise<void>;
  /** The newest verdict on these bytes, by whatever ruleset. */
  latest(digest: string): Promise<StoredVerdict | undefined>;
}

export interface StoredVerdict {
  ruleset: string;
  /** RFC 3339 */
  at: string;
  verdict: ScanVerdict;
}
