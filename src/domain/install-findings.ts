import type { ErrorCode } from './errors.ts';
import type { Finding } from './validation.ts';

/** What later looks at installed archives have found, and the port of the store that keeps it. Findings belong to bytes, not to installs. */

/** Kept of one archive, the worst first; one with more is understood by then. */
export const MAX_KEPT_FINDINGS = 500;

/** Installed bytes that are to be looked at again. */
export interface StaleArchive {
  digest: string;
  /** One of the installs with these bytes, for people. */
  template: string;
}

/** The last look at some bytes. */
export interface ArchiveCheck {
  ruleset: string;
  /** RFC 3339 */
  checkedAt: string;
  /** Why it could not be looked at. What was found before stands. */
  failure?: { code: ErrorCode; message: string };
}

/** One thing that was found, and is found still. */
export interface StandingFinding extends Finding {
  /** RFC 3339 */
  since: string;
}

export interface ArchiveFindings {
  check: ArchiveCheck;
  findings: StandingFinding[];
}

/** Raised once, when something is found in installed bytes that no look before has found. */
export interface FindingEvent {
  /** Rises from event to event, with gaps. */
  id: number;
  /** RFC 3339 */
  at: string;
  type: 'finding.new';
  digest: string;
  ruleset: string;
  finding: Finding;
  /** Not found any more by a later look. RFC 3339 */
  goneAt?: string;
  /** What is installed with these bytes now. */
  installs: Array<{ cluster: string; namespace: string; name: string; version: string }>;
}

/** Port of the store. Each method fails with store_unavailable when the database cannot be reached. */
export interface InstallFindingStore {
  /**
   * Bytes of installs that no look by this ruleset is known of, or none that is young enough; those that waited longest first. `maxAgeMs`
   * of one that succeeded, `retryMs` of one that failed.
   */
  stale(ruleset: string, options: { maxAgeMs: number; retryMs: number; limit: number }): Promise<StaleArchive[]>;
  /**
   * Writes down a look; what it did not find any more is gone. Answers what nobody had found before, which becomes an event. `before`: what
   * was found when it was let in, and is no event therefore; only the first look asks for it.
   */
  record(
    digest: string,
    look: { ruleset: string; findings: readonly Finding[]; before?: readonly Finding[] },
  ): Promise<Finding[]>;
  recordFailure(digest: string, look: { ruleset: string; failure: NonNullable<ArchiveCheck['failure']> }): Promise<void>;
  /** By digest; only what was looked at. */
  of(digests: readonly string[]): Promise<ReadonlyMap<string, ArchiveFindings>>;
  /** Newest first, about what is installed now. `below`: only events with a lower id. */
  events(query: { namespace?: string; below?: number; limit: number }): Promise<FindingEvent[]>;
}
