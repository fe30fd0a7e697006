import type { KubeObject } from '../cluster.ts';
import { countAt, textAt } from '../object-fields.ts';
import { conditionOfType, conditionText, trueCondition } from './conditions.ts';
import { failed, firstOf, progressing, type Readiness, ready } from './rule.ts';

/** The rules for what keeps pods running, in the order and with the bounds of kstatus (sigs.k8s.io/cli-utils, pkg/kstatus/status/core.go). */

/** The controllers' default when `spec.replicas` is absent. */
const DEFAULT_REPLICAS = 1;

/** What the API server stores when no progress deadline is set: the controller then writes no Progressing condition. */
const NO_DEADLINE = 2 ** 31 - 1;

export function deploymentReadiness(object: KubeObject): Readiness {
  const wanted = countAt(object, 'spec', 'replicas') ?? DEFAULT_REPLICAS;
  const { replicas, updated, ready: readyCount, available } = replicaCounts(object);
  return firstOf(
    [
      progressDeadline(object),
      replicaFailure(object),
      wanted > replicas && progressing(`${replicas} of ${wanted} replicas created`),
      wanted > updated && progressing(`${updated} of ${wanted} replicas updated`),
      replicas > wanted && progressing(`${pods(replicas - wanted)} of the old revision to end`),
      wanted > readyCount && progressing(`${readyCount} of ${wanted} replicas ready`),
      updated > available && progressing(`${available} of ${updated} replicas available`),
      !rolledOut(object) && progressing('its new ReplicaSet is not available yet'),
      !trueCondition(object, 'Available') && progressing(unavailable(object)),
    ],
    ready(replicasReady(wanted)),
  );
}

function progressDeadline(object: KubeObject): Readiness | undefined {
  const condition = conditionOfType(object, 'Progressing');
  if (condition?.reason !== 'ProgressDeadlineExceeded') return undefined;
  return failed(`made no progress within its deadline: ${conditionText(condition)}`);
}

/** Pods that may not be made. Not the end: a quota has room again once old pods are gone. */
function replicaFailure(object: KubeObject): Readiness | undefined {
  const condition = trueCondition(object, 'ReplicaFailure');
  return condition && progressing(conditionText(condition));
}

function rolledOut(object: KubeObject): boolean {
  const deadline = countAt(object, 'spec', 'progressDeadlineSeconds') ?? NO_DEADLINE;
  return deadline === NO_DEADLINE || trueCondition(object, 'Progressing')?.reason === 'NewReplicaSetAvailable';
}

function unavailable(object: KubeObject): string {
  const condition = conditionOfType(object, 'Available');
  return condition?.message ?? 'not available yet';
}

export function replicaSetReadiness(object: KubeObject): Readiness {
  const wanted = countAt(object, 'spec', 'replicas') ?? DEFAULT_REPLICAS;
  const { replicas, ready: readyCount, available } = replicaCounts(object);
  const labelled = countAt(object, 'status', 'fullyLabeledReplicas') ?? 0;
  return firstOf(
    [
      replicaFailure(object),
      wanted > labelled && progressing(`${labelled} of ${wanted} replicas created`),
      wanted > readyCount && progressing(`${readyCount} of ${wanted} replicas ready`),
      wanted > available && progressing(`${available} of ${wanted} replicas available`),
      replicas > wanted && progressing(`${pods(replicas - wanted)} to end`),
    ],
    ready(replicasReady(wanted)),
  );
}

export function statefulSetReadiness(object: KubeObject): Readiness {
  // With OnDelete the owner of the pods decides when each is replaced; there is nothing to wait for.
  if (textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete')
    return ready('its pods are replaced when they are deleted');
  const wanted = countAt(object, 'spec', 'replicas') ?? DEFAULT_REPLICAS;
  const { replicas, ready: readyCount, updated } = replicaCounts(object);
  const partition = countAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
  const created = firstOf(
    [
      wanted > replicas && progressing(`${replicas} of ${wanted} replicas created`),
      wanted > readyCount && progressing(`${readyCount} of ${wanted} replicas ready`),
      replicas > wanted && progressing(`${pods(replicas - wanted)} to end`),
    ],
    ready(replicasReady(wanted)),
  );
  if (created.status !== 'ready') return created;
  if (partition === undefined) return revisionRolledOut(object, wanted) ?? created;
  // Pods with a number below the partition keep the old revision on purpose.
  const toUpdate = wanted - partition;
  return updated < toUpdate ? progressing(`${updated} of ${toUpdate} replicas updated`) : created;
}

function revisionRolledOut(object: KubeObject, wanted: number): Readiness | undefined {
  const current = countAt(object, 'status', 'currentReplicas') ?? 0;
  if (wanted > current) return progressing(`${current} of ${wanted} replicas of the current revision`);
  const sameRevision = textAt(object, 'status', 'currentRevision') === textAt(object, 'status', 'updateRevision');
  return sameRevision ? undefined : progressing('its new revision is not the current one yet');
}

export function daemonSetReadiness(object: KubeObject): Readiness {
  const count = (name: string) => countAt(object, 'status', name);
  const wanted = count('desiredNumberScheduled');
  if (wanted === undefined || countAt(object, 'status', 'observedGeneration') === undefined)
    return progressing('not looked at by its controller yet');
  const short = (name: string, word: string) => {
    const have = count(name) ?? 0;
    return wanted > have && progressing(`${have} of ${wanted} pods ${word}`);
  };
  const onDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  return firstOf(
    [
      short('currentNumberScheduled', 'created'),
      !onDelete && short('updatedNumberScheduled', 'updated'),
      short('numberReady', 'ready'),
      short('numberAvailable', 'available'),
    ],
    ready(`${pods(wanted)} ready`),
  );
}

function replicaCounts(object: KubeObject): { replicas: number; updated: number; ready: number; available: number } {
  const count = (name: string) => countAt(object, 'status', name) ?? 0;
  return {
    replicas: count('replicas'),
    updated: count('updatedReplicas'),
    ready: count('readyReplicas'),
    available: count('availableReplicas'),
  };
}

function replicasReady(count: number): string {
  return count === 1 ? '1 replica ready' : `${count} replicas ready`;
}

function pods(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`;
}
