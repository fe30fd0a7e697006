import type { CatalogueEntry } from './entry.ts';

/** Running: the parts a server stands on, and how an operation can end. */
export const RUNNING_ERRORS = {
  store_unavailable: {
    status: 503,
    title: 'The store cannot be reached',
    guidance: 'Check PostgreSQL; the operation continues when it is back.',
    retryable: true,
  },
  engine_unavailable: {
    status: 503,
    title: 'The engine cannot be reached',
    guidance: 'Check Temporal and send the request again; if it was started after all, the same request joins it.',
  },
  data_directory_in_use: {
    status: 503,
    title: 'Another Chandlery uses this data directory',
    guidance: 'Stop that process, or set CHANDLERY_DATA_DIR to another directory.',
  },
  tool_unavailable: {
    status: 503,
    title: 'A program that is needed cannot be provided',
    guidance: 'Do one of the things that the message names.',
  },
  cluster_unavailable: {
    status: 503,
    title: 'No cluster can be reached',
    guidance:
      'Set KUBECONFIG, or start the local cluster with `npm run cluster -- up`; an operation continues when the cluster is back.',
    retryable: true,
  },
  worker_lost: {
    status: 503,
    title: 'The worker of a step went away',
    guidance: 'Nothing to do: another worker takes the step up. If none does, start one.',
    retryable: true,
  },
  fenced_off: {
    status: 409,
    title: 'A later operation has taken over the target',
    guidance: 'Nothing to do: the later operation decides.',
  },
  deadline_exceeded: {
    status: 504,
    title: 'The operation took longer than allowed',
    guidance: 'See the step it waited for, then replay it.',
  },
  config_invalid: {
    status: 500,
    title: 'The configuration is not valid',
    guidance: 'Correct the place that `detail` names, then start again.',
  },
  cancelled: { status: 409, title: 'The operation was cancelled', guidance: 'Replay it if that was a mistake.' },
  terminated: {
    status: 409,
    title: 'The operation was ended by hand in the engine, without undo',
    guidance: 'Replay it with `from: start`.',
  },
  internal: { status: 500, title: 'An error of ours', guidance: 'Report it with the request id.' },
} as const satisfies Record<string, CatalogueEntry>;
