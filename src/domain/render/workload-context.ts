import type { KubeObject } from '../cluster.ts';
import type { DeploymentKey } from '../deployment-store.ts';
import type { Marks } from './labels.ts';
import { labelValue, NAME_LIMITS, objectName } from './names.ts';
import type { ParameterScope } from './parameter-scope.ts';
import type { WorkloadSpec } from './workload-spec.ts';

const OWNER_MARK = 'chandlery.dev/owner';

/** What every part of a workload is made with. */
export interface WorkloadContext {
  spec: WorkloadSpec;
  deployment: DeploymentKey;
  template: { name: string; version: string };
  marks: Marks;
  scope: ParameterScope;
  warnings: string[];
  /** Keys that the workload's own Secret must have; filled by whoever refers to one. */
  secretKeys: Set<string>;
  /** The failure for a place of the WorkloadSpec (`/ports/0`): of the parameters it came from, else of the template. */
  fault(pointer: string, message: string): Error;
}

/** The object without members that are undefined. */
export function defined<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [Key in keyof Value]: Exclude<Value[Key], undefined>;
  };
}

/** The name of the deployment's object with this behind it; without anything, of its main ones. */
export function nameOf(context: Pick<WorkloadContext, 'deployment'>, ...suffix: string[]): string {
  return objectName([context.deployment.name, ...suffix]);
}

/** The name of a kind whose controller puts something behind it. */
export function controllerName({ deployment }: WorkloadContext): string {
  return objectName([deployment.name], NAME_LIMITS.controller);
}

/** Whether it runs to an end, by itself or on a schedule, instead of being kept running. */
export function runsToEnd({ schedule, runOnce }: WorkloadSpec): boolean {
  return schedule !== undefined || runOnce === true;
}

function ownerMark(owner: string | undefined, value: (owner: string) => string): Record<string, string> {
  return owner === undefined ? {} : { [OWNER_MARK]: value(owner) };
}

/** Labels and annotations of the pods. */
export function podMarks({ marks, spec }: WorkloadContext): {
  labels: Record<string, string>;
  annotations: Record<string, string>;
} {
  return {
    labels: { ...marks.stable, ...ownerMark(spec.owner, labelValue) },
    annotations: ownerMark(spec.owner, (owner) => owner),
  };
}

/** An object of the deployment with its marks. */
export function makeObject(
  context: WorkloadContext,
  type: { apiVersion: string; kind: string },
  name: string,
  body: Record<string, unknown>,
): KubeObject {
  const { marks, spec, deployment } = context;
  return {
    ...type,
    metadata: {
      name,
      namespace: deployment.namespace,
      labels: { ...marks.labels, ...ownerMark(spec.owner, labelValue) },
      annotations: { ...marks.annotations, ...ownerMark(spec.owner, (owner) => owner) },
    },
    ...body,
  };
}
