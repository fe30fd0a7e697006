import type { KubeObject } from '../cluster.ts';
import { countAt, fieldsAt, textAt, valueAt } from '../object-fields.ts';
import { groupOf } from '../object-ref.ts';

/** The pods an object runs at once, and what each looks like. */
export interface PodGroup {
  count: number;
  spec: unknown;
}

/** Undefined for an object that runs no pods. `all`: the objects beside it, among which may be what scales it. */
export function podGroupOf(object: KubeObject, all: KubeObject[]): PodGroup | undefined {
  switch (`${groupOf(object.apiVersion)}/${object.kind}`) {
    case '/Pod':
      return { count: 1, spec: fieldsAt(object, 'spec') };
    case 'apps/Deployment':
    case 'apps/ReplicaSet':
    case 'apps/StatefulSet':
      return { count: replicasOf(object, all), spec: fieldsAt(object, 'spec', 'template', 'spec') };
    case 'apps/DaemonSet':
      // One for each node that fits, which only the cluster knows; one is what it takes at least.
      return { count: 1, spec: fieldsAt(object, 'spec', 'template', 'spec') };
    case 'batch/Job':
      return jobPods(fieldsAt(object, 'spec'));
    case 'batch/CronJob':
      // It needs the room when its time comes, though it takes none now.
      return valueAt(object, 'spec', 'suspend') === true ? undefined : jobPods(fieldsAt(object, 'spec', 'jobTemplate', 'spec'));
    default:
      return undefined;
  }
}

function jobPods(spec: unknown): PodGroup {
  const parallelism = countAt(spec, 'parallelism') ?? 1;
  const completions = countAt(spec, 'completions') ?? parallelism;
  const count = valueAt(spec, 'suspend') === true ? 0 : Math.min(parallelism, completions);
  return { count: Math.max(0, count), spec: fieldsAt(spec, 'template', 'spec') };
}

/** An autoscaler among the objects keeps at least its minimum, whatever the object itself says. */
function replicasOf(object: KubeObject, all: KubeObject[]): number {
  const own = countAt(object, 'spec', 'replicas') ?? 1;
  // Scaled to zero, an autoscaler leaves it alone.
  if (own <= 0) return 0;
  const minimums = all.filter((other) => scales(other, object)).map((scaler) => countAt(scaler, 'spec', 'minReplicas') ?? 1);
  return Math.max(own, ...minimums);
}

function scales(scaler: KubeObject, { kind, metadata }: KubeObject): boolean {
  return (
    scaler.kind === 'HorizontalPodAutoscaler' &&
    scaler.metadata.namespace === metadata.namespace &&
    textAt(scaler, 'spec', 'scaleTargetRef', 'kind') === kind &&
    textAt(scaler, 'spec', 'scaleTargetRef', 'name') === metadata.name
  );
}
