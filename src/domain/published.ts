import type { StepContext } from './effects.ts';
import { ChandleryError } from './errors.ts';
import type { RemoteVerdict } from './receiver.ts';
import type { DependencySpec } from './registry.ts';
import type { TemplateManifest, TemplateMetadata, TemplateType } from './template.ts';
import type { ValidationReport } from './validation-report.ts';
import { isVersion } from './versions.ts';

/** What people publish to this server, what they say of it, and the port of the store that keeps both. */

/** One version, immutable once it is there but for being yanked. */
export interface PublishedVersion {
  name: string;
  version: string;
  /** `sha256:<hex>` of the archive, which is a blob of the store */
  digest: string;
  /** bytes */
  size: number;
  contentHash: string;
  manifest: TemplateManifest;
  dependencies: DependencySpec[];
  status: 'approved' | 'needs-review';
  /** user */
  publisher: string;
  operation: string;
  /** RFC 3339 */
  publishedAt: string;
  yanked?: Yanked;
}

/** What a listing needs of a version. */
export interface PublishedLine {
  name: string;
  version: string;
  digest: string;
  /** RFC 3339 */
  publishedAt: string;
  yanked: boolean;
  metadata: TemplateMetadata;
  type: TemplateType;
}

export interface Yanked {
  /** user */
  by: string;
  reason: string;
  /** RFC 3339 */
  at: string;
}

export interface PublishOutcome {
  /** False when exactly these bytes were published already. */
  changed: boolean;
  /** A signature was added, to a new version or to one that was there. */
  signed?: true;
  name: string;
  version: string;
  digest: string;
  /** Of one that was published to another server: its operation there, and how that server judged it. Absent when nothing had to be sent. */
  there?: { operation: string; verdict?: RemoteVerdict; warnings: string[] };
}

/** What is known about a template beside its versions. */
export interface TemplateFacts {
  downloads: number;
  /** 1..5; absent: nobody rated it */
  rating?: number;
  ratingCount: number;
  verified: boolean;
}

/** Users that may publish and yank versions of a name; the first publisher is the first of them. */
export interface NameOwners {
  name: string;
  owners: string[];
}

export interface Rating {
  user: string;
  /** 1..5 */
  rating: number;
  comment?: string;
  /** RFC 3339 */
  at: string;
}

export interface VerifiedMark {
  /** user of the administrator who set it */
  by: string;
  /** how the ownership was proven, in words */
  note: string;
  /** RFC 3339 */
  at: string;
}

/** Names for what has changed; equal stamps mean an equal listing. */
export interface PublishedStamp {
  /** rises with every change but downloads that are counted; it does when one is taken back */
  revision: number;
  downloads: number;
}

/** Port of the store. Each method fails with store_unavailable when the database cannot be reached. */
export interface PublishedStore {
  /** Fails with version_exists or not_owner; in one transaction with the effect's record. */
  publish(
    context: StepContext,
    entry: {
      inputDigest: string;
      version: Omit<PublishedVersion, 'publishedAt' | 'operation' | 'yanked'>;
      readme?: string;
      /** The text of a Sigstore bundle that was verified against the archive. */
      signature?: string;
      report: ValidationReport;
      /** See PublishCandidate. */
      byScope?: boolean;
    },
  ): Promise<PublishOutcome>;
  /** Takes back what the step of this context published, if it did: the version, and the name if it came with it. Idempotent. */
  undo(context: StepContext): Promise<{ undone: boolean; warnings: string[] }>;
  stamp(): Promise<PublishedStamp>;
  /** Every version there is, by name. */
  listed(): Promise<PublishedLine[]>;
  /** Oldest first; none for a name that nobody has published. */
  versionsOf(name: string): Promise<PublishedVersion[]>;
  /** By name; only templates of which something is known. With a name: of that one. */
  facts(name?: string): Promise<ReadonlyMap<string, TemplateFacts>>;
  find(name: string, version: string): Promise<PublishedVersion | undefined>;
  readme(name: string, version: string): Promise<string | undefined>;
  /** Texts of Sigstore bundles, oldest first. */
  signatures(name: string, version: string): Promise<string[]>;
  /** What validation said of it when it was published. */
  report(name: string, version: string): Promise<ValidationReport | undefined>;
  owners(name: string): Promise<NameOwners | undefined>;
  /** Undefined when nobody has published the name. */
  setOwners(name: string, owners: string[]): Promise<NameOwners | undefined>;
  /** Yanks, or with undefined takes that back. False when there is no such version. */
  setYanked(name: string, version: string, yanked: Omit<Yanked, 'at'> | undefined): Promise<boolean>;
  /** The latest of each user counts. */
  rate(name: string, rating: Omit<Rating, 'at'>): Promise<void>;
  /** Newest first. */
  ratings(name: string, limit: number): Promise<Rating[]>;
  verified(name: string): Promise<VerifiedMark | undefined>;
  setVerified(name: string, mark: Omit<VerifiedMark, 'at'> | undefined): Promise<void>;
  /** Of an archive that was read over HTTP. */
  countDownload(name: string, version: string): Promise<void>;
  /**
   * Counts what the install of the context's operation has changed in the namespace and what this server itself publishes, one for each
   * version: once for an install, however often and in whichever replay it is asked. Of one that was undone nothing stays counted.
   */
  countInstall(context: StepContext, where: { cluster: string; namespace: string }): Promise<void>;
}

/** What somebody wants to publish, as far as the rules of names and versions look at it. */
export interface PublishCandidate {
  name: string;
  version: string;
  digest: string;
  publisher: string;
  /** The publisher's token was given for names like this one. */
  byScope?: boolean;
}

/** Whether the owners of the name let this user in. Fails with not_owner. */
export function checkOwner(user: string, { name, owners }: NameOwners): void {
  if (owners.includes(user)) return;
  throw new ChandleryError('not_owner', `the name ${name} belongs to ${owners.join(', ')}; ${user} is none of them`, {
    template: name,
    owners,
  });
}

/** Why nobody can be made the owner of what lies in a folder of this server: it is the operator's. */
export function folderName(name: string): ChandleryError {
  return new ChandleryError('not_owner', `the name ${name} belongs to a template of this server's own folders`, {
    template: name,
    owners: [],
  });
}

/**
 * Whether the candidate may still become a version: `published` is what has the same name and version. Answers true when exactly these
 * bytes are there already. Fails with not_owner, version_exists.
 */
export function checkCandidate(
  { name, version, digest, publisher, byScope = false }: PublishCandidate,
  owners: NameOwners | undefined,
  published: { digest: string } | undefined,
): boolean {
  if (owners && !byScope) checkOwner(publisher, owners);
  if (!published) return false;
  if (published.digest === digest) return true;
  throw new ChandleryError('version_exists', `${name}@${version} is published already, with other bytes (${published.digest})`, {
    template: `${name}@${version}`,
    digest: published.digest,
  });
}

/** `NAME@VERSION` of one exact version; undefined for anything else. */
export function parseExactReference(text: string): { name: string; version: string } | undefined {
  const at = text.lastIndexOf('@');
  const [name, version] = [text.slice(0, at), text.slice(at + 1)];
  return at > 0 && isVersion(version) ? { name, version } : undefined;
}
