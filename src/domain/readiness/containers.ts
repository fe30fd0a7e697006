import { countAt, type Fields, fieldsAt, listAt, textAt, valueAt } from '../object-fields.ts';

/** The containers of a pod, as their statuses tell. */

export interface ContainerEnd {
  exitCode: number;
  reason?: string;
  message?: string;
}

export interface ContainerView {
  name: string;
  init: boolean;
  ready: boolean;
  restarts: number;
  waiting?: { reason: string; message?: string };
  /** It has ended, and is not running now. */
  ended?: ContainerEnd;
  /** How the run before this one ended. */
  endedBefore?: ContainerEnd;
}

/** Init containers first, as they run. */
export function containersOf(pod: unknown): ContainerView[] {
  return [
    ...listAt(pod, 'status', 'initContainerStatuses').map((status) => viewOf(status, true)),
    ...listAt(pod, 'status', 'containerStatuses').map((status) => viewOf(status, false)),
  ];
}

function viewOf(status: Fields, init: boolean): ContainerView {
  const waiting = fieldsAt(status, 'state', 'waiting');
  const message = textAt(waiting, 'message');
  const ended = endOf(fieldsAt(status, 'state', 'terminated'));
  const endedBefore = endOf(fieldsAt(status, 'lastState', 'terminated'));
  return {
    name: textAt(status, 'name') ?? '',
    init,
    ready: valueAt(status, 'ready') === true,
    restarts: countAt(status, 'restartCount') ?? 0,
    ...(waiting && { waiting: { reason: textAt(waiting, 'reason') ?? 'Waiting', ...(message ? { message } : {}) } }),
    ...(ended && { ended }),
    ...(endedBefore && { endedBefore }),
  };
}

function endOf(terminated: Fields | undefined): ContainerEnd | undefined {
  if (!terminated) return undefined;
  const reason = textAt(terminated, 'reason');
  const message = textAt(terminated, 'message');
  return { exitCode: countAt(terminated, 'exitCode') ?? 0, ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
}
