import type { KubeObject } from '../../src/domain/cluster.ts';
import type { ClusterApi } from '../../tools/local-cluster/api.ts';
import { collectionPath } from '../../tools/local-cluster/api.ts';

/** What is in a namespace, so that two moments can be compared: by `<kind>/<name>`, each object without what only tells when and how often. */
export type ClusterState = Record<string, KubeObject>;

interface Kind {
  apiVersion: string;
  kind: string;
  plural: string;
  namespaced: boolean;
}

/** Written by the parts of the cluster and not by whoever owns the object. */
const CONTROLLERS_ANNOTATIONS = ['deployment.kubernetes.io/revision'];
/** Made by controllers without saying so. */
const CONTROLLERS_KINDS = ['Event', 'Endpoints', 'EndpointSlice', 'Lease', 'ControllerRevision'];
const IN_EVERY_NAMESPACE = ['ConfigMap/kube-root-ca.crt', 'ServiceAccount/default'];

interface StateOptions {
  /** With their uids, so that an object made anew differs; the default. Without, what the cluster gives each object anew is left out too. */
  uids?: boolean;
}

/** Takes pictures of a cluster, as its administrator. */
export class ClusterCamera {
  constructor(private readonly api: ClusterApi) {}

  /**
   * Everything in the namespace that somebody wants there. Left out: what a controller owns (pods, ReplicaSets ...), and of each object
   * resourceVersion, generation, managedFields, creation time and status.
   */
  async namespace(namespace: string, options: StateOptions = {}): Promise<ClusterState> {
    return this.state(
      (kind) => kind.namespaced,
      namespace,
      options,
      () => true,
    );
  }

  /** Cluster-wide objects that carry a label of ours or one of the test's (`kubernetes.io` sets none of either). */
  async clusterWide(wanted: (object: KubeObject) => boolean, options: StateOptions = {}): Promise<ClusterState> {
    return this.state((kind) => !kind.namespaced, undefined, options, wanted);
  }

  private async state(
    which: (kind: Kind) => boolean,
    namespace: string | undefined,
    { uids = true }: StateOptions,
    wanted: (object: KubeObject) => boolean,
  ): Promise<ClusterState> {
    const kinds = (await this.kinds()).filter(which);
    const found = (await Promise.all(kinds.map((kind) => this.list(kind, namespace)))).flat().filter(wanted);
    return Object.fromEntries(
      found
        .filter((object) => !madeByController(object))
        .map((object): [string, KubeObject] => [`${object.kind}/${object.metadata.name}`, comparable(object, uids)])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** Kinds come and go with definitions, so they are asked for each time. */
  private async kinds(): Promise<Kind[]> {
    const groups = (await this.api.expect('GET', '/apis')) as { groups: Array<{ preferredVersion: { groupVersion: string } }> };
    const versions = ['v1', ...groups.groups.map(({ preferredVersion }) => preferredVersion.groupVersion)];
    const found = await Promise.all(versions.map((apiVersion) => this.kindsOf(apiVersion)));
    return found.flat().filter(({ kind }) => !CONTROLLERS_KINDS.includes(kind));
  }

  private async kindsOf(apiVersion: string): Promise<Kind[]> {
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const { status, body } = await this.api.request('GET', path);
    // A group whose last definition has just gone.
    if (status !== 200) return [];
    const { resources } = body as { resources: Array<{ name: string; kind: string; namespaced: boolean; verbs: string[] }> };
    return resources
      .filter(({ name, verbs }) => !name.includes('/') && verbs.includes('list'))
      .map(({ name, kind, namespaced }) => ({ apiVersion, kind, plural: name, namespaced }));
  }

  private async list({ apiVersion, kind, plural }: Kind, namespace: string | undefined): Promise<KubeObject[]> {
    const { status, body } = await this.api.request('GET', collectionPath(apiVersion, plural, namespace));
    if (status !== 200) return [];
    // A list leaves apiVersion and kind to its head.
    return (body as { items: KubeObject[] }).items.map((item) => ({ ...item, apiVersion, kind }));
  }
}

function madeByController({ kind, metadata }: KubeObject): boolean {
  const owned = metadata.ownerReferences?.some(({ controller }) => controller) ?? false;
  return owned || IN_EVERY_NAMESPACE.includes(`${kind}/${metadata.name}`);
}

function comparable(object: KubeObject, uids: boolean): KubeObject {
  const { status: _status, metadata, ...rest } = object;
  const {
    resourceVersion: _version,
    generation: _generation,
    managedFields: _fields,
    creationTimestamp: _at,
    uid,
    ...kept
  } = metadata;
  const annotations = Object.entries(kept.annotations ?? {}).filter(([key]) => !CONTROLLERS_ANNOTATIONS.includes(key));
  const compared = {
    ...rest,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { ...kept, annotations: Object.fromEntries(annotations), ...(uids && uid !== undefined && { uid }) },
  };
  return uids ? compared : withoutGiven(compared, uid);
}

/** A Service's addresses, a claim's volume, and the uid in a Job's labels are other ones in each life of an object. */
function withoutGiven(object: KubeObject, uid: string | undefined): KubeObject {
  const given = ['clusterIP', 'clusterIPs', 'volumeName'];
  const text = JSON.stringify(object, (key, value) => (given.includes(key) ? undefined : value));
  return JSON.parse(uid === undefined ? text : text.replaceAll(uid, '(its uid)'));
}
