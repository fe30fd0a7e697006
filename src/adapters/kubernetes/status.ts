import type { V1Status, V1StatusCause } from '@kubernetes/client-node';
import type { Identity } from '../../domain/store.ts';
import { LIMITS } from './limits.ts';
import type { Reply } from './transport.ts';

export type Cause = V1StatusCause;

/** What was asked, for the words of its failure. */
export interface Asked {
  verb: string;
  group: string;
  /** plural, `pods/log` with a subresource */
  resource: string;
  kind?: string;
  namespace?: string | undefined;
  name?: string | undefined;
  /** Absent: as ourselves. */
  identity?: Identity;
}

/** The API server's own words for a failure. */
export interface Failure {
  status: number;
  reason: string;
  message: string;
  /** Of what is spoken, which is not always what was asked for: a missing namespace. */
  kind: string;
  name: string;
  causes: Cause[];
  retryAfterMs?: number;
}

/** Reads the Status object; an answer of something in between (a proxy) leaves reason and causes empty. */
export function readFailure(reply: Reply): Failure {
  const status = parseStatus(reply.body);
  const { details } = status;
  const waitSeconds = Number(reply.headers['retry-after'] ?? details?.retryAfterSeconds);
  return {
    status: reply.status,
    reason: status.reason ?? '',
    message: clip(status.message ?? '') || `status ${reply.status}`,
    kind: details?.kind ?? '',
    name: details?.name ?? '',
    causes: (details?.causes ?? []).slice(0, LIMITS.issues),
    ...(waitSeconds >= 0 && { retryAfterMs: waitSeconds * 1000 }),
  };
}

/** What a watch sends as the object of an ERROR event. */
export function failureOfStatus(status: V1Status): Failure {
  return readFailure({ status: status.code ?? 500, headers: {}, body: Buffer.from(JSON.stringify(status)) });
}

function parseStatus(body: Buffer): V1Status {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    if (typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status') return value as V1Status;
  } catch {
    // Not JSON: the text itself is all there is.
  }
  return { message: body.toString('utf8', 0, LIMITS.messageChars).trim() };
}

/** Messages of admission webhooks have no bound of their own. */
export function clip(text: string): string {
  return text.length > LIMITS.messageChars ? `${text.slice(0, LIMITS.messageChars)}...` : text;
}

/** `Deployment shop/web`, `deployments.apps in namespace shop`. */
export function subjectOf({ kind, resource, group, namespace, name }: Asked): string {
  if (name !== undefined && name !== '') return `${kind ?? resource} ${namespace ? `${namespace}/` : ''}${name}`;
  return `${resource}${group ? `.${group}` : ''}${namespace ? ` in namespace ${namespace}` : ''}`;
}
