import type { KubeObject } from '../cluster.ts';
import { canonicalJson } from '../effects.ts';
import { shortHash } from './names.ts';
import { podTemplate } from './pod.ts';
import type { Volumes } from './volumes.ts';
import { controllerName, defined, makeObject, nameOf, type WorkloadContext } from './workload-context.ts';
import type { Schedule } from './workload-spec.ts';

const APPS = 'apps/v1';
const BATCH = 'batch/v1';

function jobSpec({ spec }: WorkloadContext, template: object): Record<string, unknown> {
  return defined({ backoffLimit: spec.retries, activeDeadlineSeconds: spec.deadlineSeconds, template });
}

function cronJob(context: WorkloadContext, schedule: Schedule, template: object): KubeObject {
  const body = defined({
    schedule: schedule.cron,
    timeZone: schedule.timeZone,
    concurrencyPolicy: schedule.concurrency,
    suspend: schedule.suspend,
    startingDeadlineSeconds: schedule.startingDeadlineSeconds,
    successfulJobsHistoryLimit: schedule.keepSucceeded,
    failedJobsHistoryLimit: schedule.keepFailed,
    jobTemplate: { metadata: { labels: context.marks.stable }, spec: jobSpec(context, template) },
  });
  return makeObject(context, { apiVersion: BATCH, kind: 'CronJob' }, controllerName(context), { spec: body });
}

/** A Job cannot be changed once it is there: one that is to run differently has another name, and the old one goes. */
function job(context: WorkloadContext, template: object): KubeObject {
  const spec = jobSpec(context, template);
  return makeObject(context, { apiVersion: BATCH, kind: 'Job' }, nameOf(context, shortHash(canonicalJson(spec))), { spec });
}

function statefulSet(context: WorkloadContext, template: object, claims: object[], replicas: number | undefined): KubeObject {
  const spec = defined({
    replicas,
    serviceName: nameOf(context, 'headless'),
    selector: { matchLabels: context.marks.selector },
    // Kubernetes never replaces a broken pod of an OrderedReady set by itself: an upgrade that failed could not be taken back.
    podManagementPolicy: 'Parallel',
    template,
    volumeClaimTemplates: claims,
  });
  return makeObject(context, { apiVersion: APPS, kind: 'StatefulSet' }, controllerName(context), { spec });
}

function deployment(context: WorkloadContext, template: object, exclusive: boolean, replicas: number | undefined): KubeObject {
  // Written out although it is the default: a rollingUpdate that nobody owns would forbid a later change to Recreate.
  const rolling = { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } };
  const spec = defined({
    replicas,
    selector: { matchLabels: context.marks.selector },
    strategy: exclusive ? { type: 'Recreate' } : rolling,
    template,
  });
  return makeObject(context, { apiVersion: APPS, kind: 'Deployment' }, nameOf(context), { spec });
}

/** The object that runs the workload: a CronJob, a Job, a StatefulSet or a Deployment. With scaling it has no number of replicas. */
export function controllerOf(context: WorkloadContext, image: string, volumes: Volumes): KubeObject {
  const { schedule, runOnce, scaling, replicas = 1 } = context.spec;
  if (schedule !== undefined) {
    const full = typeof schedule === 'string' ? { cron: schedule } : schedule;
    return cronJob(context, full, podTemplate(context, image, volumes, 'Never'));
  }
  if (runOnce) return job(context, podTemplate(context, image, volumes, 'Never'));
  const count = scaling === undefined ? replicas : undefined;
  const template = podTemplate(context, image, volumes);
  if (volumes.claimTemplates.length > 0) return statefulSet(context, template, volumes.claimTemplates, count);
  return deployment(context, template, volumes.exclusive, count);
}
