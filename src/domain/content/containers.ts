import { pointerOf } from '../json-pointer.ts';
import { placeInManifest } from '../manifest-place.ts';
import type { Fields } from '../object-fields.ts';
import { fieldsAt, fieldsOf, listAt, textAt } from '../object-fields.ts';
import { imageOf } from '../render/image-reference.ts';
import type { TemplateManifest } from '../template.ts';
import type { ValidationSubject } from '../validation.ts';
import type { Content, ContentObject } from './objects.ts';

/** The containers that a template runs, of objects and of a WorkloadSpec alike. */

/** A pod as an object describes it. */
export interface PodView {
  object: ContentObject;
  /** Where its spec is in the object. */
  pointer: string;
  spec: Fields;
}

export interface ContainerView {
  file: string;
  line: number;
  /** `Deployment web, container nginx` */
  title: string;
  /** Absent where nothing names one. */
  image?: string;
  /** Runs until it is stopped: probes make sense. */
  longRunning: boolean;
  requests: readonly string[];
  limits: readonly string[];
  probed: boolean;
}

const POD_SPECS: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec'],
  Deployment: ['spec', 'template', 'spec'],
  StatefulSet: ['spec', 'template', 'spec'],
  DaemonSet: ['spec', 'template', 'spec'],
  ReplicaSet: ['spec', 'template', 'spec'],
  ReplicationController: ['spec', 'template', 'spec'],
  Job: ['spec', 'template', 'spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
};
const ENDS = new Set(['Job', 'CronJob']);
const PROBES = ['readinessProbe', 'livenessProbe'] as const;

/** The pods of all objects that make some. */
export function podsOf({ objects }: Content): PodView[] {
  return objects.flatMap((object) => {
    const path = POD_SPECS[object.kind];
    const spec = path && fieldsAt(object.value, ...path);
    return spec ? [{ object, pointer: path.reduce<string>(pointerOf, ''), spec }] : [];
  });
}

export interface RawContainer {
  pod: PodView;
  pointer: string;
  value: Fields;
  init: boolean;
}

/** Containers of one pod, those that prepare it too. */
export function containersOf(pod: PodView): RawContainer[] {
  return (['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((member) =>
    listAt(pod.spec, member).map((value, index) => ({
      pod,
      pointer: pointerOf(pointerOf(pod.pointer, member), index),
      value,
      init: member !== 'containers',
    })),
  );
}

/** What quality asks of every container: image, resources, probes. */
export function containerViews(subject: ValidationSubject, content: Content): ContainerView[] {
  const { manifest } = subject;
  const views = podsOf(content).flatMap((pod) => containersOf(pod).map((container) => viewOf(container, manifest)));
  const workload = workloadView(subject);
  return workload ? [workload, ...views] : views;
}

/** `Deployment web, container nginx` */
export function titleOf({ pod, value }: Pick<RawContainer, 'pod' | 'value'>): string {
  const { kind, name } = pod.object;
  return `${kind} ${name}, container ${textAt(value, 'name') ?? '?'}`;
}

function viewOf(container: RawContainer, manifest: TemplateManifest): ContainerView {
  const { pod, pointer, value, init } = container;
  const image = textAt(value, 'image');
  // One that goes on beside the others is a sidecar, by its own restart policy.
  const sidecar = init && textAt(value, 'restartPolicy') === 'Always';
  return {
    file: pod.object.file,
    line: pod.object.line(pointer),
    title: titleOf(container),
    ...(image !== undefined && { image: imageOf(image, manifest.spec.images ?? {}, {}) }),
    longRunning: (!init || sidecar) && !ENDS.has(pod.object.kind),
    requests: Object.keys(fieldsAt(value, 'resources', 'requests') ?? {}),
    limits: Object.keys(fieldsAt(value, 'resources', 'limits') ?? {}),
    probed: PROBES.some((probe) => fieldsAt(value, probe) !== undefined),
  };
}

function workloadView(subject: ValidationSubject): ContainerView | undefined {
  const { workload, images = {} } = subject.manifest.spec;
  if (workload === undefined) return undefined;
  const image = textAt(workload, 'image');
  // A size class gives all of them.
  const sized = workload.size !== undefined;
  const probes = fieldsOf(workload.probes) ?? {};
  return {
    ...placeInManifest(subject, '/spec/workload'),
    title: 'the workload',
    ...(image !== undefined && { image: imageOf(image, images, {}) }),
    longRunning: workload.schedule === undefined && workload.runOnce !== true,
    requests: sized ? ['cpu', 'memory'] : Object.keys(fieldsAt(workload, 'resources', 'requests') ?? {}),
    limits: sized ? ['memory'] : Object.keys(fieldsAt(workload, 'resources', 'limits') ?? {}),
    probed: probes.readiness !== undefined || probes.liveness !== undefined,
  };
}
