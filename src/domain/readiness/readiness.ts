import type { KubeObject, ObjectRef } from '../cluster.ts';
import { countAt, textAt } from '../object-fields.ts';
import { groupOf } from '../object-ref.ts';
import { conditionOfType, conditionText, trueCondition } from './conditions.ts';
import {
  apiServiceReadiness,
  claimReadiness,
  definitionReadiness,
  jobReadiness,
  namespaceReadiness,
  podReadiness,
  serviceReadiness,
} from './kinds.ts';
import { progressing, type Readiness, type ReadinessRule, ready } from './rule.ts';
import { daemonSetReadiness, deploymentReadiness, replicaSetReadiness, statefulSetReadiness } from './workloads.ts';

/**
 * Whether an object has become what was asked for, from the object alone. The rules are kstatus's (sigs.k8s.io/cli-utils,
 * pkg/kstatus): first those for all kinds, then the kind's own, then a `Ready` condition; an object that says nothing is ready.
 */

const RULES: Readonly<Record<string, ReadinessRule>> = {
  'apps/Deployment': deploymentReadiness,
  'apps/ReplicaSet': replicaSetReadiness,
  'apps/StatefulSet': statefulSetReadiness,
  'apps/DaemonSet': daemonSetReadiness,
  'batch/Job': jobReadiness,
  '/Pod': podReadiness,
  '/PersistentVolumeClaim': claimReadiness,
  '/Service': serviceReadiness,
  '/Namespace': namespaceReadiness,
  'apiextensions.k8s.io/CustomResourceDefinition': definitionReadiness,
  'apiregistration.k8s.io/APIService': apiServiceReadiness,
};

/** Kinds that are ready as soon as they exist: nothing works on them, or nothing of what works on them is ours to wait for. */
const READY_AT_ONCE: ReadonlySet<string> = new Set([
  '/ConfigMap',
  '/Secret',
  '/ServiceAccount',
  '/LimitRange',
  '/ResourceQuota',
  '/Endpoints',
  'discovery.k8s.io/EndpointSlice',
  'rbac.authorization.k8s.io/Role',
  'rbac.authorization.k8s.io/RoleBinding',
  'rbac.authorization.k8s.io/ClusterRole',
  'rbac.authorization.k8s.io/ClusterRoleBinding',
  'batch/CronJob',
  'networking.k8s.io/Ingress',
  'networking.k8s.io/IngressClass',
  'networking.k8s.io/NetworkPolicy',
  'scheduling.k8s.io/PriorityClass',
  'storage.k8s.io/StorageClass',
  'node.k8s.io/RuntimeClass',
  'admissionregistration.k8s.io/ValidatingWebhookConfiguration',
  'admissionregistration.k8s.io/MutatingWebhookConfiguration',
]);

/** Whether the object has to be watched until it is ready. */
export function isWaitedFor(ref: ObjectRef): boolean {
  return !READY_AT_ONCE.has(kindKey(ref));
}

/** Whether this object, as it is applied, is ready as soon as it exists; of a kind that is waited for, a Service that no load balancer works on. */
export function isReadyAtOnce(applied: KubeObject): boolean {
  const plainService = kindKey(applied) === '/Service' && textAt(applied, 'spec', 'type') !== 'LoadBalancer';
  return plainService || READY_AT_ONCE.has(kindKey(applied));
}

/** The state of an object as the cluster answered it. Pure: it knows no clock, so trouble that may pass is `progressing`. */
export function readinessOf(object: KubeObject): Readiness {
  if (object.metadata.deletionTimestamp) return { status: 'terminating', message: terminatingText(object) };
  if (READY_AT_ONCE.has(kindKey(object))) return ready();
  return generationReadiness(object) ?? standardConditions(object) ?? RULES[kindKey(object)]?.(object) ?? readyCondition(object);
}

function kindKey({ apiVersion, kind }: { apiVersion: string; kind: string }): string {
  return `${groupOf(apiVersion)}/${kind}`;
}

function terminatingText({ metadata: { finalizers } }: KubeObject): string {
  return finalizers?.length ? `being deleted, waits for ${finalizers.join(', ')}` : 'being deleted';
}

/** What its status says is of an older version of it. */
function generationReadiness(object: KubeObject): Readiness | undefined {
  const { generation } = object.metadata;
  const observed = countAt(object, 'status', 'observedGeneration');
  if (generation === undefined || observed === undefined || observed === generation) return undefined;
  return progressing('its last change has not been taken up yet');
}

function standardConditions(object: KubeObject): Readiness | undefined {
  const reconciling = trueCondition(object, 'Reconciling');
  if (reconciling) return progressing(conditionText(reconciling));
  const stalled = trueCondition(object, 'Stalled');
  return stalled && { status: 'failed', message: conditionText(stalled) };
}

function readyCondition(object: KubeObject): Readiness {
  const condition = conditionOfType(object, 'Ready');
  if (!condition || condition.status === 'True') return ready();
  return progressing(conditionText(condition));
}
