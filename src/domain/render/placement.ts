/** Where pods may run: node selector, zones, spread, tolerations, spot nodes. */

import { defined, type WorkloadContext } from './workload-context.ts';

const ZONE = 'topology.kubernetes.io/zone';
const SPREAD_KEYS = { zone: ZONE, node: 'kubernetes.io/hostname' } as const;

/** How providers label nodes that may be taken away; the first is ours, for clusters that have no provider. */
const SPOT_NODES: ReadonlyArray<{ key: string; value: string; tainted?: boolean }> = [
  { key: 'chandlery.dev/spot', value: 'true', tainted: true },
  { key: 'cloud.google.com/gke-spot', value: 'true', tainted: true },
  { key: 'kubernetes.azure.com/scalesetpriority', value: 'spot', tainted: true },
  { key: 'eks.amazonaws.com/capacityType', value: 'SPOT' },
  { key: 'karpenter.sh/capacity-type', value: 'spot' },
];
/** The most a preference can weigh: spot nodes before everything else that is preferred. */
const SPOT_WEIGHT = 100;

function affinityOf(zones: readonly string[] | undefined, spot: boolean): object | undefined {
  const required =
    zones && zones.length > 0
      ? { nodeSelectorTerms: [{ matchExpressions: [{ key: ZONE, operator: 'In', values: zones }] }] }
      : undefined;
  const preferred = SPOT_NODES.map(({ key, value }) => ({
    weight: SPOT_WEIGHT,
    preference: { matchExpressions: [{ key, operator: 'In', values: [value] }] },
  }));
  if (required === undefined && !spot) return undefined;
  return {
    nodeAffinity: defined({
      requiredDuringSchedulingIgnoredDuringExecution: required,
      preferredDuringSchedulingIgnoredDuringExecution: spot ? preferred : undefined,
    }),
  };
}

function tolerationsOf(own: ReadonlyArray<Record<string, unknown>>, spot: boolean): object[] | undefined {
  const tainted = spot ? SPOT_NODES.filter((node) => node.tainted) : [];
  const all = [...own, ...tainted.map(({ key, value }) => ({ key, operator: 'Equal', value, effect: 'NoSchedule' }))];
  return all.length === 0 ? undefined : all;
}

/** The members of a pod's spec that say where it runs. */
export function placementOf({ spec, marks }: WorkloadContext): Record<string, unknown> {
  const { nodeSelector, zones, spread = 'none', tolerations = [], spot = false } = spec.placement ?? {};
  const constraint = (topologyKey: string) => ({
    maxSkew: 1,
    topologyKey,
    // A cluster with one zone must still be able to run it.
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: marks.selector },
  });
  return defined({
    nodeSelector,
    affinity: affinityOf(zones, spot),
    tolerations: tolerationsOf(tolerations, spot),
    topologySpreadConstraints: spread === 'none' ? undefined : [constraint(SPREAD_KEYS[spread])],
  });
}
