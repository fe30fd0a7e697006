import type { ObjectRef } from '../cluster.ts';
import { ChandleryError } from '../errors.ts';
import { refText } from '../object-ref.ts';
import type { ObjectEvent } from './events.ts';

/** Why a deployment will not get ready: the object, Kubernetes' reason, and what was last heard of it. */
export interface ReadinessFailure {
  code: 'not_ready' | 'quota_exceeded';
  ref: ObjectRef;
  reason: string;
  message: string;
  /** oldest first */
  events: ObjectEvent[];
  /** The container whose log says more. */
  pod?: { namespace: string; name: string; container: string };
}

/** Log lines in an error: enough for a stack trace's end. */
const MAX_LOG_LINES = 20;
/** Characters of one line, so that a container cannot fill the history with one. */
const MAX_LINE_LENGTH = 300;

/** Words the API server's quota check uses in every refusal. */
export function isQuotaText(message: string): boolean {
  return message.includes('exceeded quota');
}

/** The failure as an error of ours. `log`: the last lines of the container in `failure.pod`. */
export function notReady(failure: ReadinessFailure, log = ''): ChandleryError {
  const { code, ref, reason, message, events, pod } = failure;
  const lines = lastLines(log);
  return new ChandleryError(code, `${refText(ref)} did not get ready: ${reason}: ${message}`, {
    object: ref,
    reason,
    events: events.map(({ type, reason: eventReason, message: text, count, at, about }) => ({
      object: refText(about),
      type,
      reason: eventReason,
      message: text.slice(0, MAX_LINE_LENGTH),
      count,
      ...(at ? { at } : {}),
    })),
    ...(pod && lines.length > 0 ? { log: { pod: pod.name, container: pod.container, lines } } : {}),
  });
}

function lastLines(log: string): string[] {
  const lines = log.split('\n').map((line) => line.trimEnd());
  while (lines.at(-1) === '') lines.pop();
  return lines.slice(-MAX_LOG_LINES).map((line) => line.slice(0, MAX_LINE_LENGTH));
}
