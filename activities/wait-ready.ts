import type { ClusterSession, ObjectRef, ObjectSelection } from '../src/domain/cluster.ts';
import { DEPLOYMENT_LABEL } from '../src/domain/cluster.ts';
import type { Plan } from '../src/domain/deployment.ts';
import { deploymentLabelValue } from '../src/domain/deployment-label.ts';
import type { DeploymentKey } from '../src/domain/deployment-store.ts';
import { ChandleryError } from '../src/domain/errors.ts';
import { objectKey } from '../src/domain/object-ref.ts';
import { notReady } from '../src/domain/readiness/failure.ts';
import { isReadyAtOnce, isWaitedFor } from '../src/domain/readiness/readiness.ts';
import type { ReadinessFailure } from '../src/domain/readiness/tracker.ts';
import { ReadyTracker } from '../src/domain/readiness/tracker.ts';
import type { Identity } from '../src/domain/store.ts';
import type { StepRun } from './attempt.ts';
import type { Change } from './cluster/follow.ts';
import { follow } from './cluster/follow.ts';
import { renderedOf } from './cluster/restore.ts';
import { sessionOf } from './cluster/session.ts';
import type { ActivityDeps } from './deps.ts';
import { createStep } from './step.ts';

interface Input {
  key: DeploymentKey;
  requester: Identity;
  /** digest */
  plan: string;
  /** Milliseconds since the epoch. */
  readyBy: number;
}

/** What is ready within this long needs no look at its pods and events, milliseconds: most healthy deployments without an image to fetch. */
const LOOK_CLOSER_AFTER_MS = 700;
/** What fails before that is looked at all the same: its pod, which says why, has this long to be found, milliseconds. */
const CAUSE_WITHIN_MS = 1_000;
/** Lines of a failed container's log that are shown. */
const LOG_LINES = 20;

/** Waits until everything the plan made is ready, or tells what is wrong with it. It changes nothing. */
export function createWaitReady(deps: ActivityDeps) {
  return createStep(deps, {
    waitsForCluster: true,
    async run({ key, requester, plan: digest, readyBy }: Input, run) {
      const plan = (await deps.store.documents.get('plan', digest)) as Plan;
      const refs = plan.objects.filter(({ action }) => action !== 'delete' && action !== 'keep').map(({ ref }) => ref);
      const waited = refs.filter(isWaitedFor);
      const { objects } = await renderedOf(deps, plan.rendered);
      const there = new Set(objects.filter(({ object }) => isReadyAtOnce(object)).map(({ ref }) => objectKey(ref)));
      const followed = waited.filter((ref) => !there.has(objectKey(ref)));
      if (followed.length > 0) await waitFor(deps, sessionOf(deps, requester), key, followed, readyBy, run);
      return { ready: waited.length };
    },
    describe: ({ ready }) => ({
      detail: ready === 0 ? 'nothing to wait for' : `${ready} ${ready === 1 ? 'object is' : 'objects are'} ready`,
    }),
    ensure: async (_value, _input, { context }) => context.keep === undefined,
  });
}

async function waitFor(
  deps: ActivityDeps,
  session: ClusterSession,
  key: DeploymentKey,
  refs: ObjectRef[],
  readyBy: number,
  run: StepRun,
): Promise<void> {
  const startedAt = Date.now();
  const tracker = new ReadyTracker(refs, { since: run.context.startedAt });
  const stop = new AbortController();
  const signal = AbortSignal.any([run.signal, stop.signal]);
  const changes = follow(session, selectionsOf(refs, key), signal);
  try {
    let closerAt: number | undefined;
    let failure: ReadinessFailure | undefined;
    for (;;) {
      const now = Date.now();
      const nextLook = closerAt === undefined ? startedAt + LOOK_CLOSER_AFTER_MS : readyBy;
      const pause = failure ? CAUSE_WITHIN_MS : Math.min(readyBy, tracker.recheckAt() ?? readyBy, nextLook) - now;
      see(tracker, await changes.next(Math.max(pause, 1)));
      run.progress({ waitingFor: changes.away === undefined ? tracker.waitingFor : `the cluster to be back (${changes.away})` });
      if (tracker.allReady && changes.listed) return;
      run.signal.throwIfAborted();
      failure = tracker.failure(Date.now());
      if (closerAt === undefined && (failure || Date.now() - startedAt >= LOOK_CLOSER_AFTER_MS)) {
        closerAt = Date.now();
        changes.add(closerSelections(refs, key));
      }
      const explained = failure?.pod !== undefined || Date.now() - (closerAt ?? startedAt) >= CAUSE_WITHIN_MS;
      if (failure && explained) throw await explain(deps, session, failure, run);
      if (Date.now() >= readyBy) throw await timedOut(deps, session, tracker, run);
    }
  } finally {
    stop.abort();
  }
}

function see(tracker: ReadyTracker, changes: Change[]): void {
  for (const change of changes) {
    // Events are followed by several selections, so none of them is the whole.
    if ('items' in change && change.selection.kind === 'Event') for (const event of change.items) tracker.see(event, Date.now());
    else if ('items' in change) tracker.relisted(change.selection, change.items, Date.now());
    else if (change.gone) tracker.gone(change.object);
    else tracker.see(change.object, Date.now());
  }
}

/** One selection a kind and namespace; everything of ours carries the label. */
function selectionsOf(refs: ObjectRef[], key: DeploymentKey): ObjectSelection[] {
  const found = new Map<string, ObjectSelection>();
  const labelSelector = `${DEPLOYMENT_LABEL}=${deploymentLabelValue(key.name)}`;
  for (const { apiVersion, kind, namespace } of refs)
    found.set(`${apiVersion}/${kind}/${namespace ?? ''}`, {
      apiVersion,
      kind,
      labelSelector,
      ...(namespace !== undefined && { namespace }),
    });
  return [...found.values()];
}

/** Pods, their owners and warnings: what says why something is not ready. */
function closerSelections(refs: ObjectRef[], key: DeploymentKey): ObjectSelection[] {
  const labelSelector = `${DEPLOYMENT_LABEL}=${deploymentLabelValue(key.name)}`;
  const namespaces = [...new Set(refs.flatMap(({ namespace }) => namespace ?? []))];
  return namespaces.flatMap((namespace) => [
    { apiVersion: 'v1', kind: 'Pod', namespace, labelSelector },
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', namespace, labelSelector },
    { apiVersion: 'v1', kind: 'Event', namespace, fieldSelector: 'type=Warning' },
    // A claim that waits for its first consumer says so in an event that is no warning.
    ...(refs.some(({ kind }) => kind === 'PersistentVolumeClaim')
      ? [{ apiVersion: 'v1', kind: 'Event', namespace, fieldSelector: 'involvedObject.kind=PersistentVolumeClaim' }]
      : []),
  ]);
}

/** The log says more than the status, where there is one and the requester may read it. */
async function explain(
  deps: ActivityDeps,
  session: ClusterSession,
  failure: ReadinessFailure,
  { signal }: StepRun,
): Promise<ChandleryError> {
  if (!failure.pod) return notReady(failure);
  const options = { tailLines: LOG_LINES, signal };
  try {
    const last = await session.logs(failure.pod, { ...options, previous: true });
    return notReady(failure, last || (await session.logs(failure.pod, options)));
  } catch (error) {
    deps.log.info({ err: error, pod: failure.pod.name }, 'the log of a failed container could not be read');
    return notReady(failure);
  }
}

async function timedOut(
  deps: ActivityDeps,
  session: ClusterSession,
  tracker: ReadyTracker,
  run: StepRun,
): Promise<ChandleryError> {
  const worst = tracker.overdue();
  if (!worst) return new ChandleryError('not_ready', 'it did not get ready in time');
  const error = await explain(deps, session, worst, run);
  const pending = tracker.pending().map(({ ref, message }) => ({ ...ref, message }));
  return new ChandleryError(error.code, error.message, { ...error.details, pending });
}
