/** Our labels and annotation on objects that a template's author wrote. */

import type { KubeObject } from '../cluster.ts';
import { DEPLOYMENT_LABEL, MANAGED_BY_LABEL } from '../cluster.ts';
import { groupOf } from '../object-ref.ts';
import { isMap } from '../parameters/schema.ts';
import type { Marks } from './labels.ts';

type Json = Record<string, unknown>;

/** The author's own stay where they do not say whose the object is: a selector may rely on them. */
function merged(own: unknown, ours: Readonly<Record<string, string>>, forced: readonly string[]): Json {
  const kept = isMap(own) ? own : {};
  const must = Object.fromEntries(Object.entries(ours).filter(([key]) => forced.includes(key)));
  return { ...ours, ...kept, ...must };
}

function markedTemplate(template: unknown, { stable }: Marks): unknown {
  if (!isMap(template)) return template;
  const metadata = isMap(template.metadata) ? template.metadata : {};
  return { ...template, metadata: { ...metadata, labels: merged(metadata.labels, stable, [DEPLOYMENT_LABEL]) } };
}

function markedClaim(claim: unknown, { stable, annotations }: Marks): unknown {
  if (!isMap(claim)) return claim;
  const metadata = isMap(claim.metadata) ? claim.metadata : {};
  const labels = merged(metadata.labels, stable, [DEPLOYMENT_LABEL]);
  return {
    ...claim,
    metadata: { ...metadata, labels, annotations: merged(metadata.annotations, annotations, Object.keys(annotations)) },
  };
}

function markedSpec(spec: Json, marks: Marks): Json {
  const claims = spec.volumeClaimTemplates;
  return {
    ...spec,
    ...(spec.template === undefined ? {} : { template: markedTemplate(spec.template, marks) }),
    ...(Array.isArray(claims) ? { volumeClaimTemplates: claims.map((claim) => markedClaim(claim, marks)) } : {}),
  };
}

const WITH_PODS: Record<string, readonly string[]> = {
  apps: ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'],
  batch: ['Job'],
};

function markedBody(object: KubeObject, marks: Marks): Json {
  const { spec } = object;
  const group = groupOf(object.apiVersion);
  if (!isMap(spec)) return {};
  if (group === 'batch' && object.kind === 'CronJob') {
    const job = isMap(spec.jobTemplate) ? spec.jobTemplate : {};
    return isMap(job.spec) ? { spec: { ...spec, jobTemplate: { ...job, spec: markedSpec(job.spec, marks) } } } : {};
  }
  return WITH_PODS[group]?.includes(object.kind) ? { spec: markedSpec(spec, marks) } : {};
}

/** The object with our marks on it, on its pods and on its volume claims; selectors are never touched. */
export function withMarks(object: KubeObject, marks: Marks): KubeObject {
  const { labels, annotations } = object.metadata;
  const metadata = {
    ...object.metadata,
    labels: merged(labels, marks.labels, [DEPLOYMENT_LABEL, MANAGED_BY_LABEL]) as Record<string, string>,
    annotations: merged(annotations, marks.annotations, Object.keys(marks.annotations)) as Record<string, string>,
  };
  return { ...object, ...markedBody(object, marks), metadata };
}
