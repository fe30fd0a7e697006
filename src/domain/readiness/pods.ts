import type { KubeObject, ObjectMeta, ObjectRef } from '../cluster.ts';
import { countAt, fieldsAt, listAt, textAt } from '../object-fields.ts';
import { refOf } from '../object-ref.ts';
import { trueCondition } from './conditions.ts';
import { containersOf } from './containers.ts';
import { podReadiness } from './kinds.ts';
import { type PodTrouble, podTrouble } from './pod-trouble.ts';

/** What the tracker remembers of a pod: small, since there may be thousands. */
export interface PodState {
  ref: ObjectRef;
  /** its controller */
  owner?: ObjectRef;
  labels: { templateHash?: string; controllerHash?: string; templateGeneration?: string };
  ready: boolean;
  /** names of the volume claims it mounts */
  claims: string[];
  trouble?: PodTrouble;
  /** Milliseconds since the epoch at which the trouble was first seen. */
  troubleSince: number;
  /** How it ended, where it ended badly. */
  failure?: { message: string; container?: string };
}

/** `before`: what was remembered of the same pod; a trouble of the same kind goes on counting. */
export function podStateOf(pod: KubeObject, before: PodState | undefined, now: number): PodState {
  const owner = controllerOf(pod.metadata);
  const trouble = podTrouble(pod);
  const failure = failureOf(pod);
  return {
    ref: refOf(pod),
    ...(owner && { owner }),
    labels: labelsOf(pod.metadata),
    ready: trueCondition(pod, 'Ready') !== undefined || textAt(pod, 'status', 'phase') === 'Succeeded',
    claims: listAt(pod, 'spec', 'volumes').flatMap((volume) => textAt(volume, 'persistentVolumeClaim', 'claimName') ?? []),
    ...(trouble && { trouble }),
    // ErrImagePull and ImagePullBackOff alternate; the kind, not the reason, is what lasts.
    troubleSince: trouble && before?.trouble?.kind === trouble.kind ? before.troubleSince : now,
    ...(failure && { failure }),
  };
}

/** The owner that made the object, as a reference in the object's own namespace. */
function controllerOf({ namespace, ownerReferences }: ObjectMeta): ObjectRef | undefined {
  const owner = ownerReferences?.find(({ controller }) => controller === true);
  return owner && { apiVersion: owner.apiVersion, kind: owner.kind, ...(namespace ? { namespace } : {}), name: owner.name };
}

function labelsOf({ labels = {} }: ObjectMeta): PodState['labels'] {
  const templateHash = labels['pod-template-hash'];
  const controllerHash = labels['controller-revision-hash'];
  const templateGeneration = labels['pod-template-generation'];
  return {
    ...(templateHash && { templateHash }),
    ...(controllerHash && { controllerHash }),
    ...(templateGeneration && { templateGeneration }),
  };
}

function failureOf(pod: KubeObject): PodState['failure'] {
  if (textAt(pod, 'status', 'phase') !== 'Failed') return undefined;
  const container = containersOf(pod).find(({ ended }) => ended && ended.exitCode !== 0)?.name;
  return { message: podReadiness(pod).message ?? 'failed', ...(container && { container }) };
}

/** What the tracker remembers of a ReplicaSet. */
export interface ReplicaSetState {
  ref: ObjectRef;
  owner?: ObjectRef;
  revision?: string;
}

/** The deployment controller's number of a pod template; on the Deployment it is that of its newest. */
const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';

export function replicaSetStateOf(object: KubeObject): ReplicaSetState {
  const owner = controllerOf(object.metadata);
  const revision = object.metadata.annotations?.[REVISION_ANNOTATION];
  return { ref: refOf(object), ...(owner && { owner }), ...(revision && { revision }) };
}

/**
 * Whether a pod is of the version that its workload now asks for. Trouble of an older one must never fail the change that replaces it.
 * A Deployment's pod counts as old while its ReplicaSet is unknown.
 */
export function isOfCurrentVersion(workload: KubeObject, pod: PodState, replicaSet: ReplicaSetState | undefined): boolean {
  const { generation, annotations } = workload.metadata;
  const observed = countAt(workload, 'status', 'observedGeneration');
  switch (workload.kind) {
    case 'Deployment':
      return (
        observed === generation &&
        replicaSet?.revision !== undefined &&
        replicaSet.revision === annotations?.[REVISION_ANNOTATION]
      );
    case 'StatefulSet':
      return observed === generation && pod.labels.controllerHash === textAt(workload, 'status', 'updateRevision');
    case 'DaemonSet':
      return (
        observed === generation && pod.labels.templateGeneration === annotations?.['deprecated.daemonset.template.generation']
      );
    default:
      return fieldsAt(workload, 'status') !== undefined;
  }
}
