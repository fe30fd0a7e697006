/**
 * The port to Kubernetes. Every call is made as one identity, by impersonation: Kubernetes sees the requesting user, never a super-user
 * in between. Nothing here retries: an effect is tried again by its step, a read by whoever asked.
 *
 * Failures, for every method: `cluster_unavailable` (unreachable, or slower than the request timeout; retryable), `forbidden` (with
 * `details.missing`), `namespace_missing`, `api_unknown`, `object_invalid` (with `details.issues`), `field_conflict` (with
 * `details.conflicts`), `quota_exceeded`, and an aborted signal's own reason.
 */
import type { Identity } from './store.ts';

/** Names one object. Cluster-scoped ones have no namespace. */
export interface ObjectRef {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: Array<{ apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }>;
  finalizers?: string[];
  creationTimestamp?: string;
  deletionTimestamp?: string;
  [member: string]: unknown;
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  [member: string]: unknown;
}

/** What the cluster says about a kind. */
export interface ResourceType {
  /** '' for the core group */
  group: string;
  version: string;
  kind: string;
  /** `deployments` */
  plural: string;
  namespaced: boolean;
}

/** Which objects: all of a kind, of one namespace where it is named. */
export interface ObjectSelection {
  apiVersion: string;
  kind: string;
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ObjectList {
  items: KubeObject[];
  /** where a watch goes on from */
  resourceVersion: string;
  /** true when there were more than the limit */
  truncated: boolean;
}

export type WatchEvent =
  | { type: 'added' | 'modified' | 'deleted'; object: KubeObject }
  /** Nothing changed up to here. */
  | { type: 'bookmark'; resourceVersion: string };

export interface CallOptions {
  signal?: AbortSignal;
}

export interface ApplyOptions extends CallOptions {
  /** Server-side dry run: admission and validation happen, nothing is stored. */
  dryRun?: boolean;
  /** Takes fields over from other managers. */
  force?: boolean;
  /** Who owns the fields then; `chandlery` unless told. At most 128 characters. */
  fieldManager?: string;
}

export interface FieldConflict {
  /** `.spec.replicas` */
  field: string;
  /** who owns it */
  manager: string;
}

export interface AccessQuestion {
  verb: string;
  group: string;
  /** plural, `deployments`; with a subresource `pods/log` */
  resource: string;
  namespace?: string;
  name?: string;
}

export interface ClusterSession {
  readonly identity: Identity;
  /** Undefined when the cluster does not serve the kind. Answers are remembered for a while. */
  resourceType(apiVersion: string, kind: string, options?: CallOptions): Promise<ResourceType | undefined>;
  /** Undefined when it is not there. */
  get(ref: ObjectRef, options?: CallOptions): Promise<KubeObject | undefined>;
  list(selection: ObjectSelection, options?: CallOptions & { limit?: number }): Promise<ObjectList>;
  /** Server-side apply with field manager `chandlery`: the object holds all the fields we own and nothing else. */
  apply(object: KubeObject, options?: ApplyOptions): Promise<KubeObject>;
  /** `apply` as a dry run; `created` when there is no such object yet. */
  tryApply(object: KubeObject, options?: Omit<ApplyOptions, 'dryRun'>): Promise<{ object: KubeObject; created: boolean }>;
  /**
   * JSON merge patch (RFC 7386): a member that is null is removed, whoever owns it. Undefined when the object is not there. With a
   * `metadata.resourceVersion` in the patch, a later version is a `cluster_unavailable` with `upstreamStatus` 409, as it is for `apply`.
   */
  mergePatch(
    ref: ObjectRef,
    patch: Record<string, unknown>,
    options?: CallOptions & { fieldManager?: string },
  ): Promise<KubeObject | undefined>;
  /** The same, but never changes an object that is there already: undefined then. */
  applyNew(object: KubeObject, options?: CallOptions): Promise<KubeObject | undefined>;
  /** Creates the object unless one of that name is there; answers the one that is there then. */
  createIfAbsent(object: KubeObject, options?: CallOptions): Promise<{ object: KubeObject; created: boolean }>;
  /**
   * Deletes exactly the object of that uid. `absent`: it is not there, or another one has its name. `terminating`: it waits for its
   * finalizers. `policy` is the propagation, background unless told.
   */
  delete(
    ref: ObjectRef,
    precondition: { uid: string; resourceVersion?: string },
    options?: CallOptions & { policy?: 'Background' | 'Foreground' | 'Orphan' },
  ): Promise<'deleted' | 'absent' | 'terminating'>;
  /** Changes from a resource version on, with bookmarks. Ends when the server ends it; fails with `watch_expired` when the version is too old. */
  watch(selection: ObjectSelection, resourceVersion: string, options?: CallOptions): AsyncIterable<WatchEvent>;
  /** One answer per question, in order. Uses the rules of the namespace where they are complete, single reviews otherwise. */
  mayI(questions: AccessQuestion[], options?: CallOptions): Promise<boolean[]>;
  /** Who the cluster says this session is (SelfSubjectReview). */
  whoAmI(options?: CallOptions): Promise<Identity>;
  /** The last lines of a container's log; '' when there are none. */
  logs(
    pod: { namespace: string; name: string; container: string },
    options?: CallOptions & { tailLines?: number; previous?: boolean },
  ): Promise<string>;
}

export interface Cluster {
  /** A session that acts as the identity, all its groups included. */
  as(identity: Identity): ClusterSession;
  /** The server's version, `v1.36.3`; asked as the server's own identity. */
  version(options?: CallOptions): Promise<string>;
  /**
   * Whose token the cluster says this is, asked as the server's own identity; undefined = nobody's. With audiences, it must be meant for
   * one of them. Fails with cluster_unavailable when that cannot be told.
   */
  reviewToken(token: string, audiences: readonly string[], options?: CallOptions): Promise<Identity | undefined>;
  close(): Promise<void>;
}

/** The manager's name in server-side apply. */
export const FIELD_MANAGER = 'chandlery';

export const MANAGED_BY_LABEL = 'app.kubernetes.io/managed-by';
export const MANAGED_BY = 'chandlery';
/** Value: the deployment's name, shortened with a hash suffix past 63 characters. */
export const DEPLOYMENT_LABEL = 'chandlery.dev/deployment';
/** Value: the deployment's id, `<cluster>.<namespace>.<name>`. */
export const DEPLOYMENT_ID_ANNOTATION = 'chandlery.dev/deployment-id';
