import type {
  DeploymentDependency,
  DeploymentOrigin,
  DeploymentRecord,
  InventoryItem,
  PlanSummary,
  RevisionKind,
  RevisionRecord,
  TemplatePin,
} from './deployment.ts';
import type { StepContext } from './effects.ts';
import type { ErrorCode } from './errors.ts';
import type { Identity } from './store.ts';

/** Ports of the store for deployments. Failures as in store.ts: store_unavailable, and fenced_off for a write whose fence was lost. */

export interface DeploymentKey {
  cluster: string;
  namespace: string;
  name: string;
}

/** What a revision starts with. */
export interface RevisionStart {
  kind: RevisionKind;
  origin: DeploymentOrigin;
  template: TemplatePin;
  parameters: Record<string, unknown>;
  /** True when it has secret parameters: the revision's Secret is then named after its number by `valuesSecretName`. */
  hasValues: boolean;
  rendered: string;
  plan: string;
  inventory: InventoryItem[];
  /** Uids of the volume claims that are there before it (deployment.ts); left out where nobody looked. */
  claims?: string[];
  /** What it will stand on, where that is known; the present ones when left out. A first revision's are guarded from here on. */
  dependencies?: DeploymentDependency[];
  rollbackOf?: number;
  owner?: string;
  requester: Identity;
  summary: PlanSummary;
}

export interface DeploymentFilter {
  cluster: string;
  namespace?: string;
  template?: string;
  limit: number;
  /** Names after this one, `<namespace>/<name>`. */
  after?: string;
}

export interface DeploymentStore {
  get(key: DeploymentKey): Promise<DeploymentRecord | undefined>;
  /** By namespace and name. */
  list(filter: DeploymentFilter): Promise<DeploymentRecord[]>;
  /** Newest first. */
  revisions(key: DeploymentKey): Promise<RevisionRecord[]>;
  revision(key: DeploymentKey, number: number): Promise<RevisionRecord | undefined>;
  /** Deployments that need this one. */
  dependents(key: DeploymentKey): Promise<Array<{ namespace: string; name: string; owned: boolean }>>;
  /** Deployments of the namespace that run a template of this name. */
  ofTemplate(cluster: string, namespace: string, template: string): Promise<Array<{ name: string; version: string }>>;

  /**
   * Writes the revision down as pending with its inventory, before anything is applied; the deployment too where it is the first.
   * Idempotent by root and generation of the context: asked again, it answers the same revision with the uids known by then.
   */
  begin(
    context: StepContext,
    key: DeploymentKey,
    start: RevisionStart,
  ): Promise<{ number: number; previous: number; inventory: InventoryItem[] }>;
  /** Remembers uids of applied objects (and of the values Secret) of the pending revision. */
  applied(
    context: StepContext,
    key: DeploymentKey,
    number: number,
    uids: { objects: Array<{ index: number; uid: string }>; values?: string },
  ): Promise<void>;
  /**
   * The last uids and the effect record of the step, in one transaction. False when nothing of the record was written: an earlier attempt
   * has recorded, the revision has ended, or the fence is lost.
   */
  settle(
    context: StepContext,
    key: DeploymentKey,
    number: number,
    uids: { objects: Array<{ index: number; uid: string }>; values?: string },
    entry: { inputDigest: string; result: unknown },
  ): Promise<boolean>;
  /** The pending revision becomes the current one, in one transaction with the step's effect record. Answers the result as recorded. */
  finish(
    context: StepContext,
    key: DeploymentKey,
    entry: { inputDigest: string; number: number; dependencies: DeploymentDependency[]; result: unknown },
  ): Promise<unknown>;
  /** The revision this operation began (by root and generation), with the one that was current before; undefined when it began none. */
  begun(context: StepContext, key: DeploymentKey): Promise<{ revision: RevisionRecord; previous?: RevisionRecord } | undefined>;
  /**
   * Ends the pending revision: `undone` puts the deployment back to the previous revision, or removes it where there is none (its
   * revisions then go too); `failed` keeps it as the current one, failed. Raises the fence first, like every undo.
   */
  abandon(
    context: StepContext,
    key: DeploymentKey,
    number: number,
    outcome: { state: 'undone' | 'failed'; failure?: { code: ErrorCode; message: string }; restored?: InventoryItem[] },
  ): Promise<void>;
  /** Raises the target's fence for this operation's undo, so that a late attempt can no longer write. Idempotent. */
  raiseFence(context: StepContext): Promise<void>;

  /** Marks it as being destroyed; answers it with its current revision. */
  beginDestroy(context: StepContext, key: DeploymentKey): Promise<{ deployment: DeploymentRecord; revisions: RevisionRecord[] }>;
  /** After an undone destroy: ready again, with the uids of what had to be made anew. */
  keep(context: StepContext, key: DeploymentKey, number: number, inventory: InventoryItem[]): Promise<void>;
  /** Forgets it with its revisions, in one transaction with the step's effect record. */
  forget(context: StepContext, key: DeploymentKey, entry: { inputDigest: string; result: unknown }): Promise<unknown>;
}

export type DocumentKind = 'rendered' | 'plan' | 'draft' | 'subject' | 'decision' | 'signature';

/** Rendered objects, plans and what validators look at: JSON by digest, immutable, without secrets. */
export interface DocumentStore {
  /** Stores it and answers its digest (`jsonDigest`, or `digest` where the caller has its own rule). */
  put(kind: DocumentKind, body: unknown, digest?: string): Promise<string>;
  get(kind: DocumentKind, digest: string): Promise<unknown>;
}

/** `<deployment>.v<revision>`, as Helm's release Secrets; holds the secret parameters of one revision. */
export function valuesSecretName(deployment: string, revision: number): string {
  return `chandlery.${deployment}.v${revision}`;
}

/** Holds the secret parameters of a deployment that is gone but whose volumes were kept, for the next one of its name. */
export function keptValuesName(deployment: string): string {
  return `chandlery.${deployment}.kept`;
}
