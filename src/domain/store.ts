import type { RoleGrant } from './access.ts';
import type { AuditLog } from './audit.ts';
import type { BlobStore } from './blob-store.ts';
import type { CatalogStore } from './catalog.ts';
import type { DeploymentStore, DocumentStore } from './deployment-store.ts';
import type { EffectKey, EffectRecord, FencedWriter, StepContext } from './effects.ts';
import type { HealthStore } from './health.ts';
import type { HeldDetailStore } from './held-details.ts';
import type { InstallFindingStore } from './install-findings.ts';
import type { LockedTemplate } from './lock.ts';
import type { AttemptView } from './operation.ts';
import type { Decision } from './policy/decision.ts';
import type { SeenStore } from './policy/seen-store.ts';
import type { PublishedStore } from './published.ts';
import type { RegistryStore } from './registry-store.ts';
import type { RequestKeyStore } from './request-keys.ts';
import type { ScanStore } from './scan-store.ts';
import type { TemplateManifest } from './template.ts';
import type { TemplateMetricsStore } from './template-metrics.ts';
import type { VulnerabilityStore } from './vulnerabilities/database.ts';

/** Ports of the store. Each method fails with store_unavailable when the database cannot be reached, with fenced_off when the fence was lost. */

export interface EffectStore {
  /** The record of exactly this key, undone or not. */
  find(key: EffectKey): Promise<EffectRecord | undefined>;
  /** The newest record of the step (any generation up to this one) that is not undone. */
  findStanding(key: EffectKey): Promise<EffectRecord | undefined>;
  /** All records of one root operation. */
  listByRoot(root: string): Promise<EffectRecord[]>;
  /** The highest generation that wrote anything (an effect or a failed attempt); -1 when none did. */
  lastGeneration(root: string): Promise<number>;
  /** Writes a record once; on conflict the stored one is returned. */
  record(
    key: EffectKey,
    writer: FencedWriter,
    entry: { inputDigest: string; result: unknown; resultDigest: string },
  ): Promise<EffectRecord>;
}

export interface FenceStore {
  /** Takes the fence of a target for an operation, once; an operation that started earlier than the holder is refused. */
  take(target: string, operation: string, startedAt: number): Promise<number>;
}

export interface AttemptStore {
  /** Writes a failed attempt and answers how many failures the step now has in this generation, those with an `uncounted` code left out. */
  recordFailure(
    key: EffectKey,
    attempt: number,
    failure: { code: string; message: string },
    uncounted?: readonly string[],
  ): Promise<number>;
  listByRoot(root: string, generation: number): Promise<Array<AttemptView & { step: string }>>;
}

/** A template version present in a namespace. */
export interface InstallRecord {
  cluster: string;
  namespace: string;
  name: string;
  registry: string;
  version: string;
  digest: string;
  contentHash: string;
  /** False for one that came only as a dependency. */
  explicit: boolean;
  manifest: TemplateManifest;
  dependencies: Array<{ name: string; range: string }>;
  trust: { verified: boolean; note: string };
  requester: string;
  operation: string;
  installedAt: string;
  /** Why it was let in; absent for one that was installed before decisions were written down. */
  decision?: Decision;
}

export interface InstallItem {
  locked: LockedTemplate;
  contentHash: string;
  manifest: TemplateManifest;
  trust: { verified: boolean; note: string };
  decision?: Decision;
}

export interface InstallOutcome {
  changed: boolean;
  installed: Array<{ name: string; version: string; digest: string; changed: boolean; replaced?: string }>;
}

export interface InstallStore {
  get(cluster: string, namespace: string, name: string): Promise<InstallRecord | undefined>;
  /** Without the decisions. */
  list(cluster: string, namespace?: string): Promise<InstallRecord[]>;
  /** Materialises all items in one transaction with the effect record. */
  materialise(
    context: StepContext,
    entry: {
      inputDigest: string;
      namespace: string;
      cluster: string;
      root: string;
      items: InstallItem[];
      requester: string;
      force: boolean;
    },
  ): Promise<InstallOutcome>;
  /** Removes one install in one transaction with the effect record; fails with in_use while something needs it. */
  remove(
    context: StepContext,
    entry: { inputDigest: string; cluster: string; namespace: string; name: string },
  ): Promise<{ removed: boolean; orphaned: string[] }>;
  /** Takes back what the step of this context did, if it did it. Idempotent. Answers warnings for what had to stay. */
  undo(context: StepContext): Promise<{ undone: boolean; warnings: string[] }>;
  /** Who in the namespace needs the named one. */
  dependents(cluster: string, namespace: string, name: string): Promise<Array<{ name: string; version: string; range: string }>>;
}

export interface Identity {
  user: string;
  groups: string[];
}

/** A token as the store knows it; its value is nowhere. */
export interface TokenRecord {
  id: string;
  name: string;
  identity: Identity;
  roles: RoleGrant[];
  /** Left out = not narrowed. */
  scopes?: string[];
  createdAt: string;
  /** User who made it; left out for one that the server itself made. */
  createdBy?: string;
  expiresAt?: string;
  revokedAt?: string;
  /** To the minute. */
  lastUsedAt?: string;
}

/** What a new token may. */
export interface TokenGrant {
  /** `viewer` everywhere when left out. */
  roles?: RoleGrant[];
  scopes?: string[];
  /** ISO time; never when left out. */
  expiresAt?: string;
  createdBy?: string;
}

export interface TokenStore {
  /** Undefined for an unknown, expired or revoked token. */
  authenticate(token: string): Promise<TokenRecord | undefined>;
  /** Adds a token; only its hash is stored. The same token again: identity and rights are replaced, a revocation stays. */
  add(token: string, name: string, identity: Identity, grant?: TokenGrant): Promise<TokenRecord>;
  /** Newest first, those that have ended too; never the tokens. */
  list(): Promise<TokenRecord[]>;
  get(id: string): Promise<TokenRecord | undefined>;
  /** Ends it for good; undefined when there is none of that id. One that was revoked before stays as it is. */
  revoke(id: string): Promise<TokenRecord | undefined>;
  /** Whether any token exists. */
  any(): Promise<boolean>;
}

export interface AuditEntry {
  actor: string;
  action: string;
  object: string;
  outcome: 'allowed' | 'denied';
  code?: string;
  operation?: string;
  /** Where the object's name does not say it. */
  namespace?: string;
  detail?: Record<string, unknown>;
}

export interface AuditStore {
  /** Appends; an entry with the same operation and action is written once. */
  append(entry: AuditEntry): Promise<void>;
}

/** Told to every server when something changed, so that each drops exactly the cache entries concerned. */
export type ChangeEvent =
  | {
      type: 'install.changed';
      cluster: string;
      namespace: string;
      /** Empty: any name of the namespace. */
      names: string[];
      operation: string;
    }
  /** What this installation publishes has changed: a version, a yank, a rating, a mark. With a registry: what it has published there. */
  | { type: 'published.changed'; name: string; registry?: string }
  /** A registry was added, changed or removed over the API. */
  | { type: 'registries.changed'; name: string }
  | { type: 'token.revoked'; id: string }
  /** Some changes may have been missed: drop everything. */
  | { type: 'resync' };

export interface ChangeFeed {
  publish(event: ChangeEvent): Promise<void>;
  subscribe(listener: (event: ChangeEvent) => void): () => void;
}

export interface Store {
  effects: EffectStore;
  fences: FenceStore;
  attempts: AttemptStore;
  installs: InstallStore;
  blobs: BlobStore;
  scans: ScanStore;
  deployments: DeploymentStore;
  documents: DocumentStore;
  catalog: CatalogStore;
  details: HeldDetailStore;
  health: HealthStore;
  templateMetrics: TemplateMetricsStore;
  registries: RegistryStore;
  published: PublishedStore;
  tokens: TokenStore;
  vulnerabilities: VulnerabilityStore;
  requestKeys: RequestKeyStore;
  audit: AuditStore;
  /** What registries said before. */
  seen: SeenStore;
  auditLog: AuditLog;
  findings: InstallFindingStore;
  changes: ChangeFeed;
  /** Fails with store_unavailable. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
