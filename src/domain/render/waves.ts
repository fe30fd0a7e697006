/** In which order kinds are applied, and which of them belong to no namespace. */

import { WAVES } from '../rendered.ts';

type Wave = (typeof WAVES)[number];

const CORE = '';
const RBAC = 'rbac.authorization.k8s.io';
const STORAGE = 'storage.k8s.io';
const NETWORKING = 'networking.k8s.io';
const ADMISSION = 'admissionregistration.k8s.io';

/** `group/Kind`; what is not here is a workload: custom resources, and Services, whose pods may come before or after them. */
const WAVE_OF: Record<string, Wave> = {
  [`${CORE}/Namespace`]: 'namespaces',
  'apiextensions.k8s.io/CustomResourceDefinition': 'definitions',
  [`${CORE}/ServiceAccount`]: 'rbac',
  // Objects of a wave are applied at once, and nobody but an administrator may bind a role that is not there yet.
  [`${RBAC}/Role`]: 'definitions',
  [`${RBAC}/ClusterRole`]: 'definitions',
  [`${RBAC}/RoleBinding`]: 'rbac',
  [`${RBAC}/ClusterRoleBinding`]: 'rbac',
  'scheduling.k8s.io/PriorityClass': 'rbac',
  'node.k8s.io/RuntimeClass': 'rbac',
  [`${CORE}/ConfigMap`]: 'config',
  [`${CORE}/Secret`]: 'config',
  [`${CORE}/LimitRange`]: 'config',
  [`${CORE}/ResourceQuota`]: 'config',
  [`${NETWORKING}/NetworkPolicy`]: 'config',
  'policy/PodDisruptionBudget': 'config',
  [`${CORE}/PersistentVolume`]: 'storage',
  [`${CORE}/PersistentVolumeClaim`]: 'storage',
  [`${STORAGE}/StorageClass`]: 'storage',
  [`${STORAGE}/CSIDriver`]: 'storage',
  'snapshot.storage.k8s.io/VolumeSnapshotClass': 'storage',
  [`${NETWORKING}/Ingress`]: 'routing',
  [`${NETWORKING}/IngressClass`]: 'routing',
  // A scaler or a webhook before what it speaks of is an error event at best, and an apply that fails at worst.
  'autoscaling/HorizontalPodAutoscaler': 'routing',
  'apiregistration.k8s.io/APIService': 'routing',
  [`${ADMISSION}/ValidatingWebhookConfiguration`]: 'routing',
  [`${ADMISSION}/MutatingWebhookConfiguration`]: 'routing',
  [`${ADMISSION}/ValidatingAdmissionPolicyBinding`]: 'routing',
  [`${ADMISSION}/MutatingAdmissionPolicyBinding`]: 'routing',
};

const ROUTING_GROUPS = ['gateway.networking.k8s.io'];

/** The index in WAVES of a kind. */
export function waveOf(kind: string, group: string): number {
  const known = Object.hasOwn(WAVE_OF, `${group}/${kind}`) ? WAVE_OF[`${group}/${kind}`] : undefined;
  return WAVES.indexOf(known ?? (ROUTING_GROUPS.includes(group) ? 'routing' : 'workloads'));
}

/** Kinds of Kubernetes itself that belong to no namespace. */
const CLUSTER_SCOPED: Record<string, readonly string[]> = {
  [CORE]: ['Namespace', 'Node', 'PersistentVolume', 'ComponentStatus'],
  [RBAC]: ['ClusterRole', 'ClusterRoleBinding'],
  [STORAGE]: ['StorageClass', 'CSIDriver', 'CSINode', 'VolumeAttachment', 'VolumeAttributesClass'],
  [NETWORKING]: ['IngressClass', 'IPAddress', 'ServiceCIDR'],
  [ADMISSION]: [
    'ValidatingWebhookConfiguration',
    'MutatingWebhookConfiguration',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
  ],
  'apiextensions.k8s.io': ['CustomResourceDefinition'],
  'apiregistration.k8s.io': ['APIService'],
  'scheduling.k8s.io': ['PriorityClass'],
  'node.k8s.io': ['RuntimeClass'],
  'resource.k8s.io': ['DeviceClass', 'ResourceSlice', 'DeviceTaintRule'],
  'certificates.k8s.io': ['CertificateSigningRequest', 'ClusterTrustBundle'],
  'flowcontrol.apiserver.k8s.io': ['FlowSchema', 'PriorityLevelConfiguration'],
  'gateway.networking.k8s.io': ['GatewayClass'],
  'snapshot.storage.k8s.io': ['VolumeSnapshotClass', 'VolumeSnapshotContent'],
};

/** Whether a kind is known to belong to no namespace. Of a custom resource only the cluster knows. */
export function isClusterScoped(kind: string, group: string): boolean {
  return Object.hasOwn(CLUSTER_SCOPED, group) && (CLUSTER_SCOPED[group] ?? []).includes(kind);
}
