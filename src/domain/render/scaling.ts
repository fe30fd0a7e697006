import type { KubeObject } from '../cluster.ts';
import { resourcesOf } from './sizes.ts';
import { makeObject, nameOf, type WorkloadContext } from './workload-context.ts';

/** Percent of the request that is aimed at when the template names no target; Kubernetes' own default. */
const DEFAULT_CPU_PERCENT = 80;

function metric(name: 'cpu' | 'memory', averageUtilization: number): object {
  return { type: 'Resource', resource: { name, target: { type: 'Utilization', averageUtilization } } };
}

/** The HorizontalPodAutoscaler of a controller; none when the workload does not scale. */
export function scalerOf(context: WorkloadContext, controller: KubeObject): KubeObject[] {
  const { scaling, replicas } = context.spec;
  if (scaling === undefined) return [];
  // Kubernetes cannot scale from nothing by use: there is none to measure.
  const min = Math.max(1, scaling.min ?? replicas ?? 1);
  if (scaling.max < min) throw context.fault('/scaling/max', `must be at least ${min}, the lowest number of replicas`);
  const { cpu = scaling.memory === undefined ? DEFAULT_CPU_PERCENT : undefined, memory } = scaling;
  const metrics = [
    ...(cpu === undefined ? [] : [metric('cpu', cpu)]),
    ...(memory === undefined ? [] : [metric('memory', memory)]),
  ];
  const requests = resourcesOf(context.spec)?.requests ?? {};
  const unmeasured = [cpu !== undefined && 'cpu', memory !== undefined && 'memory'].filter(
    (name) => name && requests[name] === undefined,
  );
  if (unmeasured.length > 0)
    context.warnings.push(`scaling by ${unmeasured.join(' and ')} needs a request for it: set size or resources`);
  const { apiVersion, kind, metadata } = controller;
  const spec = { scaleTargetRef: { apiVersion, kind, name: metadata.name }, minReplicas: min, maxReplicas: scaling.max, metrics };
  return [makeObject(context, { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' }, nameOf(context), { spec })];
}
