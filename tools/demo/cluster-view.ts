import { readFile } from 'node:fs/promises';
import type { KubeObject } from '../../src/domain/cluster.ts';
import { DEPLOYMENT_LABEL } from '../../src/domain/cluster.ts';
import { readinessOf } from '../../src/domain/readiness/readiness.ts';
import { collectionPath } from '../local-cluster/api.ts';
import type { LocalCluster } from '../local-cluster/cluster.ts';

/** An object as the cluster itself shows it. */
export interface SeenResource {
  kind: string;
  namespace: string;
  name: string;
  uid: string;
  generation?: number;
  status: string;
  /** Deployment whose label it carries. */
  deployment: string;
}

/** What the API server wrote down about who changed the namespace. */
export interface AuditCount {
  /** Requests that changed something. */
  changes: number;
  /** Users whose rights decided about them. */
  users: string[];
}

/** What deployments of the demo are made of. */
const KINDS = [
  ['v1', 'Secret', 'secrets'],
  ['v1', 'ConfigMap', 'configmaps'],
  ['v1', 'ServiceAccount', 'serviceaccounts'],
  ['v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'],
  ['v1', 'Service', 'services'],
  ['apps/v1', 'Deployment', 'deployments'],
  ['apps/v1', 'StatefulSet', 'statefulsets'],
  ['policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'],
  ['networking.k8s.io/v1', 'Ingress', 'ingresses'],
] as const;

const CHANGING = ['create', 'update', 'patch', 'delete'];

interface AuditEntry {
  verb: string;
  user: { username: string };
  impersonatedUser?: { username: string };
  objectRef?: { namespace?: string; resource?: string };
  requestURI: string;
}

/** Looks at a namespace past Chandlery: as the cluster's admin, and into its audit log. */
export class ClusterView {
  constructor(
    private readonly cluster: LocalCluster,
    readonly namespace: string,
  ) {}

  /** Objects that carry a deployment's label. */
  async objects(): Promise<KubeObject[]> {
    const lists = await Promise.all(
      KINDS.map(async ([apiVersion, kind, plural]) => {
        const path = `${collectionPath(apiVersion, plural, this.namespace)}?labelSelector=${encodeURIComponent(DEPLOYMENT_LABEL)}`;
        const { items } = (await this.cluster.api.expect('GET', path)) as { items: KubeObject[] };
        // A list leaves apiVersion and kind to its head.
        return items.map((item) => ({ ...item, apiVersion, kind }));
      }),
    );
    return lists.flat();
  }

  async resources(): Promise<SeenResource[]> {
    return (await this.objects()).map((object) => {
      const { name, uid = '', generation, labels } = object.metadata;
      return {
        kind: object.kind,
        namespace: this.namespace,
        name,
        uid,
        ...(generation !== undefined && { generation }),
        status: readinessOf(object).status,
        deployment: labels?.[DEPLOYMENT_LABEL] ?? '',
      };
    });
  }

  /** Who changed something in the namespace through Chandlery's own credential. */
  async changesByChandlery(): Promise<AuditCount> {
    const entries = (await readFile(this.cluster.auditLog, 'utf8')).split('\n').filter(Boolean);
    const changes = entries
      .map((line) => JSON.parse(line) as AuditEntry)
      .filter(({ user, objectRef }) => user.username === 'chandlery' && objectRef?.namespace === this.namespace)
      .filter(({ verb, requestURI }) => CHANGING.includes(verb) && !requestURI.includes('dryRun=All'));
    const users = changes.map(({ user, impersonatedUser }) => impersonatedUser?.username ?? user.username);
    return { changes: changes.length, users: [...new Set(users)] };
  }
}
