import type { ArchiveOrigin } from './lock.ts';
import type { TemplateReceiver } from './receiver.ts';
import type { SignatureSet } from './signature.ts';
import type { TemplateManifest } from './template.ts';

/** Trust class of a registry; decides its default policy. */
export type RegistryType = 'official' | 'community' | 'institutional' | 'private';
/** Protocol of a registry; `plugin` is a module of the operator's own. */
export type RegistryKind = 'chandlery' | 'helm' | 'oci' | 'helmdeck' | 'ark' | 'git' | 'plugin';

/** A range another template asks for. `registry` absent = the registry the dependent came from. */
export interface DependencySpec {
  name: string;
  /** semver range */
  version: string;
  registry?: string;
  optional?: boolean;
  scope?: 'namespace' | 'cluster';
  /** Comes inside the archive (a chart's packed subchart): shown to people, never resolved or installed by itself. */
  bundled?: boolean;
}

/** One published version as a registry lists it: what the resolver needs, nothing else. */
export interface VersionEntry {
  version: string;
  /** `sha256:<hex>` of the archive's bytes as served. */
  digest: string;
  /** bytes; 0 where the registry does not say */
  size: number;
  dependencies: DependencySpec[];
  yanked?: boolean;
  /** RFC 3339 */
  publishedAt?: string;
  /** Only of a registry that a later step may not find any more. */
  origin?: ArchiveOrigin;
}

/** One line of a search answer. */
export interface TemplateSummary {
  name: string;
  version: string;
  displayName?: string;
  description: string;
  category?: string;
  tags: string[];
  license?: string;
  type: TemplateManifest['spec']['type'];
  registry: string;
  registryType: RegistryType;
  /** `sha256:<hex>` of the archive; absent where only asking for the version would tell. */
  digest?: string;
  homepage?: string;
  /** URL */
  icon?: string;
  downloads?: number;
  /** 0..5 */
  rating?: number;
  ratingCount?: number;
  verified?: boolean;
  deprecated?: boolean;
  /** RFC 3339 */
  updatedAt?: string;
}

export interface TemplateDetail extends TemplateSummary {
  manifest: TemplateManifest;
  versions: string[];
  /** bytes; 0 where the registry does not say */
  size: number;
  readme?: string;
  /** Where `manifest.spec.parameters` come from, for templates that were not written for us. */
  parametersFrom?: 'schema' | 'inferred';
  /** What comes inside the archive (a chart's packed subcharts), each `bundled`; the manifest has what is installed beside it. */
  packedDependencies?: DependencySpec[];
  /** Texts of the Sigstore bundles of the archive, unverified; nobody may show them as a sign of trust. */
  signatures?: string[];
}

export interface SearchFilter {
  q?: string;
  category?: string[];
  tag?: string[];
  type?: string;
  sort?: 'relevance' | 'name';
  cursor?: string;
  /** 1-based page of `limit` lines; instead of a cursor. */
  page?: number;
  /** 1..100, default 20 */
  limit?: number;
}

export interface SearchPage {
  templates: TemplateSummary[];
  total: number;
  nextCursor?: string;
}

/** What `connect` learned. Never holds anything secret. */
export interface ConnectionInfo {
  credential: 'none' | 'token' | 'basic' | 'ssh_key' | 'docker_config';
  /** RFC 3339, where the registry says it */
  expiresAt?: string;
}

/** Something a registry lists that cannot be used, and why; it takes nothing from its neighbours. */
export interface ListingProblem {
  /** which entry, in the registry's own words */
  subject: string;
  message: string;
}

export interface ListOptions {
  /** What the last complete listing gave; lets the registry answer that nothing changed. */
  validator?: string;
  signal?: AbortSignal;
  onProblem?: (problem: ListingProblem) => void;
}

/** Everything a registry offers, one line for each template (its default version). */
export type Listing =
  | { unchanged: true }
  | {
      unchanged: false;
      /** Opaque; to be given back. Only valid after `templates` was read to its end without an error. */
      validator?: string;
      /** In batches, so that a long list is never in memory at once. */
      templates: AsyncIterable<TemplateSummary[]>;
    };

export interface ArchiveRange {
  /** First byte wanted; 0 = whole. */
  offset?: number;
  /** `sha256:<hex>` the caller expects; lets the registry refuse a range of something else. */
  digest?: string;
  signal?: AbortSignal;
}

export interface ArchiveStream {
  /** First byte of `body` within the archive; may be 0 although an offset was asked for (registry without ranges). */
  offset: number;
  /** Total size of the archive where known, bytes. */
  size?: number;
  /** `sha256:<hex>` the registry names for these bytes; a promise of the registry, not a check. */
  digest?: string;
  /** How the registry packed it, where known; the archive guard decides by the bytes themselves. */
  mediaType?: 'application/x-tar' | 'application/gzip';
  body: AsyncIterable<Uint8Array>;
}

/**
 * A place templates come from (reference 2's RegistryPlugin: connect, search, getTemplate; the other two are what an install needs).
 * Every method fails with a ChandleryError of the registry family and honours the signal. No retries inside: Temporal retries steps.
 */
export interface RegistryPlugin {
  readonly name: string;
  readonly kind: RegistryKind;
  readonly type: RegistryType;
  connect(signal?: AbortSignal): Promise<ConnectionInfo>;
  search(filter: SearchFilter, signal?: AbortSignal): Promise<SearchPage>;
  /** For the catalog: all at once, conditional. Entries that cannot be used go to `onProblem`. */
  list(options?: ListOptions): Promise<Listing>;
  /** Fails with template_not_found or version_not_found. Without a version: the newest that is neither yanked nor a pre-release, else the newest. */
  getTemplate(name: string, version?: string, signal?: AbortSignal): Promise<TemplateDetail>;
  /**
   * Newest first. Fails with template_not_found. A registry that has to ask for each version (oci) lists the newest, and the newest that
   * fit `range`; all others list everything.
   */
  listVersions(name: string, signal?: AbortSignal, range?: string): Promise<VersionEntry[]>;
  openArchive(name: string, version: string, range?: ArchiveRange): Promise<ArchiveStream>;
  /** Only of a registry that templates can be published to. */
  readonly receiver?: TemplateReceiver;
  /** When the index that the last answers came from was made, RFC 3339; only of registries that date their index. */
  indexDate?(): Promise<string | undefined>;
  /** Signatures of one version, unread; absent where the protocol has no place for them. Fails with template_not_found or version_not_found. */
  signatures?(name: string, version: string, signal?: AbortSignal): Promise<SignatureSet>;
}

/** The registries this server knows, and which of them answers bare names. */
export interface RegistrySet {
  readonly all: readonly RegistryPlugin[];
  readonly default: RegistryPlugin | undefined;
  /** This server's own templates, built-in ones included; bare names mean them before the default registry's. */
  readonly local: RegistryPlugin | undefined;
  /** Fails with registry_not_found, naming the configured ones. */
  get(name: string): RegistryPlugin;
  /** Reads again which registries there are, where more may be added while this runs. Used through findRegistry. */
  reload?(): Promise<void>;
}
