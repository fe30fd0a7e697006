import type { ObjectRef } from './cluster.ts';
import type { ErrorCode } from './errors.ts';
import type { Identity } from './store.ts';

/** What a deployment is, in the words of DESIGN sections 5 and 13. Ports of its store: deployment-store.ts. */

/** One exact template version. */
export interface TemplatePin {
  registry: string;
  name: string;
  version: string;
  /** of the archive */
  digest: string;
}

/** Where the template came from; on the wire `source`, as reference 1 names it. */
export type DeploymentOrigin = 'marketplace' | 'builtin' | 'direct';

/**
 * `deploying`: its first revision is on its way; `changing`: a later one is; `ready`: the current revision got ready; `failed`: the last
 * change failed and was kept so (keepFailed), or could not be undone whole; `destroying`: being removed.
 */
export type DeploymentState = 'deploying' | 'changing' | 'ready' | 'failed' | 'destroying';

/** Another deployment that this one needs. */
export interface DeploymentDependency {
  namespace: string;
  /** of the deployment */
  name: string;
  template: string;
  range: string;
  /** True when it was deployed for this one, and goes with it. */
  owned: boolean;
}

export interface DeploymentRecord {
  cluster: string;
  namespace: string;
  name: string;
  origin: DeploymentOrigin;
  template: TemplatePin;
  state: DeploymentState;
  /** Number of the current revision; 0 while the first is on its way. */
  revision: number;
  /** Name of the deployment it was deployed for, in the same namespace. */
  owner?: string;
  dependencies: DeploymentDependency[];
  /** Who asked for the last change. */
  requester: Identity;
  /** Id of the operation that made the last change. */
  operation: string;
  createdAt: string;
  updatedAt: string;
}

/** An object of a revision. Written before it is applied; the uid afterwards. */
export interface InventoryItem {
  ref: ObjectRef;
  wave: number;
  /** Whether it was there, and ours, before the operation that made this revision. */
  existed: boolean;
  uid?: string;
}

/** `pending`: being applied; `current`: the one that runs; `superseded`: ran once; `undone`: failed or cancelled, and taken back; `failed`: failed and kept. */
export type RevisionState = 'pending' | 'current' | 'superseded' | 'undone' | 'failed';
export type RevisionKind = 'deploy' | 'upgrade' | 'rollback';

export interface RevisionRecord {
  number: number;
  state: RevisionState;
  kind: RevisionKind;
  template: TemplatePin;
  /** As given and merged, without the secret ones. Defaults are not in it. */
  parameters: Record<string, unknown>;
  /** Secret holding the secret parameters of this revision; absent when there are none. */
  values?: { name: string; uid?: string };
  /** Digest of the rendered objects (a document). */
  rendered: string;
  /** Digest of the plan that was carried out (a document). */
  plan: string;
  inventory: InventoryItem[];
  /**
   * Uids of the volume claims of its StatefulSets' namespaces that bore the deployment's label when it began: data of before, which no
   * undo takes away. Absent where nobody looked.
   */
  claims?: string[];
  /** Number of the revision this one went back to. */
  rollbackOf?: number;
  requester: string;
  operation: string;
  startedAt: string;
  endedAt?: string;
  /** Counts of the plan. */
  summary: PlanSummary;
  failure?: { code: ErrorCode; message: string };
}

export interface PlanSummary {
  create: number;
  update: number;
  unchanged: number;
  delete: number;
}

/** `keep`: no longer part of it, but not deleted (a volume). */
export type PlannedAction = 'create' | 'update' | 'unchanged' | 'delete' | 'keep';

/** One field that the plan changes. `masked`: its values are secret. */
export interface FieldChange {
  /** JSON pointer */
  path: string;
  before?: unknown;
  after?: unknown;
  masked?: boolean;
}

export interface PlannedObject {
  ref: ObjectRef;
  wave: number;
  action: PlannedAction;
  /** `cluster`: the cluster tried it (dry run). `later`: its namespace or kind comes with this plan, so the cluster cannot try it yet. */
  checked: 'cluster' | 'later';
  changes: FieldChange[];
  /** True when there are more changes than are listed. */
  truncated?: boolean;
}

export interface PlannedPermission {
  verb: string;
  group: string;
  resource: string;
  namespace?: string;
  allowed: boolean;
}

export interface PlannedDependency {
  template: string;
  range: string;
  namespace: string;
  /** of the deployment that is or will be there */
  name: string;
  action: 'shared' | 'deploy';
  pin?: TemplatePin;
  /** False for one that only another dependency needs. */
  direct: boolean;
  /** Digest of its own plan, where it is to be deployed. */
  plan?: string;
  /** What it is deployed with. */
  parameters?: Record<string, unknown>;
  /** Deployments of this plan that must be ready before it. */
  after?: string[];
}

/** The immutable result of resolving, rendering and diffing. Its digest names it (plan/digest.ts). */
export interface Plan {
  digest: string;
  kind: RevisionKind;
  cluster: string;
  namespace: string;
  name: string;
  template: TemplatePin;
  /** As given and merged; secret ones are in `secretParameters` by name only. */
  parameters: Record<string, unknown>;
  secretParameters: string[];
  /** Parameters the server makes up. */
  generated: string[];
  /** Number of the revision it starts from, 0 for none. */
  base: number;
  rollbackOf?: number;
  rendered: string;
  objects: PlannedObject[];
  summary: PlanSummary;
  images: string[];
  permissions: PlannedPermission[];
  capacity: { requests: { cpu: string; memory: string; pods: number }; quotas: QuotaFit[] };
  dependencies: PlannedDependency[];
  warnings: string[];
  /** ISO time; not part of the digest. */
  createdAt: string;
}

/** One line of a ResourceQuota of the namespace. */
export interface QuotaFit {
  quota: string;
  resource: string;
  hard: string;
  used: string;
  adds: string;
  fits: boolean;
}

/** An output of a deployment: what a user needs once it runs. Secret values are read from the cluster, as the user, when they are asked for. */
export interface OutputView {
  name: string;
  description?: string;
  secret: boolean;
  /** Absent when it cannot be told, for the reason in `note`. */
  value?: string;
  note?: string;
}

/** An object of a deployment as it is in the cluster. */
export interface ResourceView {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
  uid?: string;
  generation?: number;
  status: 'ready' | 'progressing' | 'failed' | 'missing' | 'terminating' | 'unknown';
  message?: string;
  createdAt?: string;
}
