import type { ActivityOptions } from '@temporalio/workflow';
import { ActivityCancellationType } from '@temporalio/workflow';
import type { Activities } from '../activities/index.ts';
import type { OperationLimits } from './messages.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Every activity heartbeats each second; four missed ones mean its worker is gone, and the step is back within seconds. */
const HEARTBEAT_TIMEOUT_MS = 4 * SECOND;

interface StepTimes {
  /** one attempt, milliseconds */
  attemptMs: number;
  /** the step with all its attempts, milliseconds */
  stepMs: number;
  /** longest pause between two attempts, milliseconds */
  maxPauseMs: number;
}

/** Activities that are no steps have their options beside their workflow. */
export type StepActivities = Exclude<
  keyof Activities,
  'listRegistries' | 'checkRegistry' | 'sweepStore' | 'listStaleInstalls' | 'recheckInstalled'
>;

/** Most steps have one kind of times; publishing takes longer where it means sending. */
export type StepTimesName = StepActivities | 'publishElsewhere' | 'undoPublishElsewhere';

/** Timeout and retry per step, with the reason beside each. */
const TIMES: Record<StepTimesName, StepTimes> = {
  // Asks our own store and, later, the cluster: anything slower is an outage.
  preValidate: { attemptMs: 15 * SECOND, stepMs: 10 * MINUTE, maxPauseMs: 10 * SECOND },
  // One round of index reads per level of the dependency graph.
  resolveDependencies: { attemptMs: 2 * MINUTE, stepMs: 15 * MINUTE, maxPauseMs: 30 * SECOND },
  // One small request per registry.
  authenticate: { attemptMs: 30 * SECOND, stepMs: 10 * MINUTE, maxPauseMs: 30 * SECOND },
  // 256 MB at 250 KB/s; a broken transfer resumes, so attempts are cheap.
  download: { attemptMs: 20 * MINUTE, stepMs: 45 * MINUTE, maxPauseMs: 30 * SECOND },
  // Reads every byte of every archive once.
  scan: { attemptMs: 5 * MINUTE, stepMs: 20 * MINUTE, maxPauseMs: 10 * SECOND },
  // One transaction.
  install: { attemptMs: 30 * SECOND, stepMs: 20 * MINUTE, maxPauseMs: 10 * SECOND },
  // One notification; what it would miss is corrected by the caches' own age limits, so it gives up early and warns; but several lost workers are no reason yet.
  updateCache: { attemptMs: 10 * SECOND, stepMs: 2 * MINUTE, maxPauseMs: 5 * SECOND },
  checkDependents: { attemptMs: 15 * SECOND, stepMs: 10 * MINUTE, maxPauseMs: 10 * SECOND },
  remove: { attemptMs: 30 * SECOND, stepMs: 20 * MINUTE, maxPauseMs: 10 * SECOND },
  // Reads of our own store.
  resolve: { attemptMs: 15 * SECOND, stepMs: 10 * MINUTE, maxPauseMs: 10 * SECOND },
  // Reads one archive for each template that is deployed.
  render: { attemptMs: 2 * MINUTE, stepMs: 15 * MINUTE, maxPauseMs: 10 * SECOND },
  // One dry run an object, a few at once; an outage of the API server is waited for.
  plan: { attemptMs: 2 * MINUTE, stepMs: 15 * MINUTE, maxPauseMs: 5 * SECOND },
  // One request an object, and definitions must be established between two waves. Pauses are short: half of it may be there.
  apply: { attemptMs: 5 * MINUTE, stepMs: 20 * MINUTE, maxPauseMs: 5 * SECOND },
  // The request says how long; this is only what may never be exceeded.
  waitReady: { attemptMs: 24 * 60 * MINUTE, stepMs: 24 * 60 * MINUTE, maxPauseMs: 5 * SECOND },
  // Waits half a minute for objects with finalizers.
  prune: { attemptMs: 2 * MINUTE, stepMs: 15 * MINUTE, maxPauseMs: 5 * SECOND },
  // One transaction and, with secret inputs, two requests.
  record: { attemptMs: 30 * SECOND, stepMs: 20 * MINUTE, maxPauseMs: 10 * SECOND },
  checkNeeded: { attemptMs: 15 * SECOND, stepMs: 10 * MINUTE, maxPauseMs: 10 * SECOND },
  // Two minutes for objects with finalizers in each of seven waves.
  delete: { attemptMs: 20 * MINUTE, stepMs: 60 * MINUTE, maxPauseMs: 5 * SECOND },
  forget: { attemptMs: 30 * SECOND, stepMs: 20 * MINUTE, maxPauseMs: 10 * SECOND },
  // Reads every byte of one archive.
  structure: { attemptMs: 5 * MINUTE, stepMs: 20 * MINUTE, maxPauseMs: 10 * SECOND },
  // They read the archive again for its texts, and each validator has 20 s.
  security: { attemptMs: 2 * MINUTE, stepMs: 15 * MINUTE, maxPauseMs: 10 * SECOND },
  quality: { attemptMs: 2 * MINUTE, stepMs: 15 * MINUTE, maxPauseMs: 10 * SECOND },
  // As resolve-dependencies.
  dependency: { attemptMs: 2 * MINUTE, stepMs: 15 * MINUTE, maxPauseMs: 30 * SECOND },
  // As security and quality, where nobody has judged the same bytes yet.
  score: { attemptMs: 2 * MINUTE, stepMs: 15 * MINUTE, maxPauseMs: 10 * SECOND },
  // Computes, from what it is given.
  status: { attemptMs: 15 * SECOND, stepMs: 10 * MINUTE, maxPauseMs: 10 * SECOND },
  // One transaction.
  publish: { attemptMs: 30 * SECOND, stepMs: 20 * MINUTE, maxPauseMs: 10 * SECOND },
  // 256 MB at 250 KB/s, and the whole operation of the other server, which has an hour by default.
  publishElsewhere: { attemptMs: 90 * MINUTE, stepMs: 120 * MINUTE, maxPauseMs: 30 * SECOND },
  // These wait for the cluster, and for rights that were taken away, for a day.
  undoResolve: { attemptMs: 30 * SECOND, stepMs: 24 * 60 * MINUTE, maxPauseMs: 30 * SECOND },
  undoApply: { attemptMs: 20 * MINUTE, stepMs: 24 * 60 * MINUTE, maxPauseMs: 30 * SECOND },
  undoDelete: { attemptMs: 20 * MINUTE, stepMs: 24 * 60 * MINUTE, maxPauseMs: 30 * SECOND },
  // Undo needs the store and nothing else: it waits for it for a day, since giving up would leave things half done.
  undoInstall: { attemptMs: 30 * SECOND, stepMs: 24 * 60 * MINUTE, maxPauseMs: 30 * SECOND },
  undoRemove: { attemptMs: 30 * SECOND, stepMs: 24 * 60 * MINUTE, maxPauseMs: 30 * SECOND },
  undoPublish: { attemptMs: 30 * SECOND, stepMs: 24 * 60 * MINUTE, maxPauseMs: 30 * SECOND },
  // Waits for the other server, and for the end of what that cancels.
  undoPublishElsewhere: { attemptMs: 20 * MINUTE, stepMs: 24 * 60 * MINUTE, maxPauseMs: 30 * SECOND },
};

/**
 * Options of one activity. Temporal's own attempt limit stays off: it would count lost workers, and an operation must survive any
 * number of those. The activity itself gives up after `limits.stepAttempts` failures; `stepMs` bounds the rest.
 */
export function activityOptions(name: StepTimesName, limits: OperationLimits): ActivityOptions {
  const times = TIMES[name];
  return {
    startToCloseTimeout: times.attemptMs,
    scheduleToCloseTimeout: times.stepMs,
    heartbeatTimeout: HEARTBEAT_TIMEOUT_MS,
    // Undo must not start while the step may still be working.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      initialInterval: limits.retryInitialMs,
      backoffCoefficient: 2,
      maximumInterval: Math.max(times.maxPauseMs, limits.retryInitialMs),
    },
  };
}
