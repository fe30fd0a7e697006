import type { KubeObject, ObjectRef } from '../../../../src/domain/cluster.ts';

/** Objects in the shape the API server answers them. */

export const NOW = Date.parse('2026-11-21T12:00:00Z');

/** An ISO time some milliseconds after NOW. */
export function at(ms: number): string {
  return new Date(NOW + ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

export function object(apiVersion: string, kind: string, name: string, rest: Record<string, unknown> = {}): KubeObject {
  const { metadata, ...others } = rest;
  return {
    apiVersion,
    kind,
    metadata: { name, namespace: 'shop', generation: 1, ...(metadata as object | undefined) },
    ...others,
  };
}

export function ref(apiVersion: string, kind: string, name: string): ObjectRef {
  return { apiVersion, kind, namespace: 'shop', name };
}

export const WEB = ref('apps/v1', 'Deployment', 'web');

interface DeploymentCounts {
  wanted?: number;
  replicas?: number;
  updated?: number;
  ready?: number;
  available?: number;
  generation?: number;
  revision?: string;
}

/** A Deployment with its status; fully rolled out unless told otherwise. */
export function deployment(
  {
    wanted = 2,
    replicas = wanted,
    updated = replicas,
    ready = updated,
    available = ready,
    generation = 1,
    revision = '1',
  }: DeploymentCounts = {},
  conditions: Array<Record<string, string>> = [
    { type: 'Available', status: available >= wanted ? 'True' : 'False', reason: 'MinimumReplicasAvailable' },
    { type: 'Progressing', status: 'True', reason: ready >= wanted ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated' },
  ],
): KubeObject {
  return object('apps/v1', 'Deployment', 'web', {
    metadata: { generation, annotations: { 'deployment.kubernetes.io/revision': revision } },
    spec: { replicas: wanted, progressDeadlineSeconds: 600 },
    status: {
      observedGeneration: generation,
      replicas,
      updatedReplicas: updated,
      readyReplicas: ready,
      availableReplicas: available,
      conditions,
    },
  });
}

const owned = (apiVersion: string, kind: string, name: string) => [
  { apiVersion, kind, name, uid: `${name}-uid`, controller: true },
];

/** The ReplicaSet of a template hash of the Deployment `web`. */
export function replicaSet(hash: string, revision: string): KubeObject {
  return object('apps/v1', 'ReplicaSet', `web-${hash}`, {
    metadata: {
      annotations: { 'deployment.kubernetes.io/revision': revision },
      ownerReferences: owned('apps/v1', 'Deployment', 'web'),
    },
  });
}

/** A pod of the Deployment `web`; its containers as given. */
export function webPod(name: string, hash: string, containerStatuses: unknown[], rest: Record<string, unknown> = {}): KubeObject {
  return object('v1', 'Pod', name, {
    metadata: { labels: { 'pod-template-hash': hash }, ownerReferences: owned('apps/v1', 'ReplicaSet', `web-${hash}`) },
    spec: {},
    status: { phase: 'Pending', containerStatuses, ...rest },
  });
}

/** A pod of another controller. */
export function podOf(
  kind: string,
  owner: string,
  name: string,
  rest: Record<string, unknown>,
  labels: Record<string, string> = {},
): KubeObject {
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
  return object('v1', 'Pod', name, { metadata: { labels, ownerReferences: owned(apiVersion, kind, owner) }, ...rest });
}

export function waiting(reason: string, message?: string): Record<string, unknown> {
  return { name: 'app', ready: false, restartCount: 0, state: { waiting: { reason, ...(message && { message }) } } };
}

export function crashed(restarts: number, exitCode: number, reason = 'Error'): Record<string, unknown> {
  return {
    name: 'app',
    ready: false,
    restartCount: restarts,
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s restarting failed container=app' } },
    lastState: { terminated: { exitCode, reason } },
  };
}

interface EventText {
  reason: string;
  message: string;
  type?: string;
  /** ms after NOW */
  ms?: number;
}

export function event(about: ObjectRef, { reason, message, type = 'Warning', ms = 1_000 }: EventText): KubeObject {
  return object('v1', 'Event', `${about.name}.${reason}`, {
    involvedObject: { ...about },
    type,
    reason,
    message,
    count: 1,
    firstTimestamp: at(ms),
    lastTimestamp: at(ms),
  });
}
