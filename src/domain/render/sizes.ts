import type { Resources, WorkloadSpec } from './workload-spec.ts';

/**
 * The size classes. Each is about four times the one before in memory, so that a person can choose without measuring. The memory limit is
 * the request: a node never promises memory twice. There is no CPU limit: it would throttle while the node is idle.
 */
export const SIZES: Readonly<Record<NonNullable<WorkloadSpec['size']>, { cpu: string; memory: string }>> = Object.freeze({
  S: { cpu: '100m', memory: '256Mi' },
  M: { cpu: '500m', memory: '1Gi' },
  L: { cpu: '2', memory: '4Gi' },
  XL: { cpu: '4', memory: '16Gi' },
});

/** Requests and limits of the container; undefined when the template says nothing about them. */
export function resourcesOf({ size, resources }: WorkloadSpec): Resources | undefined {
  if (size === undefined) return resources;
  const { cpu, memory } = SIZES[size];
  return { requests: { cpu, memory }, limits: { memory } };
}
