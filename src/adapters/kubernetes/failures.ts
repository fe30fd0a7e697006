import type { FieldConflict } from '../../domain/cluster.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { denial, refusalText } from './denials.ts';
import { issuesOf } from './issues.ts';
import { type Asked, type Failure, readFailure, subjectOf } from './status.ts';
import type { Reply } from './transport.ts';

/** The one place that turns the API server's failures into codes of the catalogue. */

const WEBHOOK = /admission webhook "([^"]+)" denied the request/;
const MANAGER = /^conflict with "((?:[^"\\]|\\.)*)"/;

/** The failure of an answer that is not a success. */
export function replyFailure(reply: Reply, asked: Asked): ChandleryError {
  return failureOf(readFailure(reply), asked);
}

export function failureOf(failure: Failure, asked: Asked): ChandleryError {
  const { status } = failure;
  if (status === 401)
    return unavailable(failure, "the cluster does not accept Chandlery's credential; renew it in the kubeconfig");
  if (status === 403) return denial(failure, asked) ?? objectInvalid(failure, asked);
  if (status === 404) return notFound(failure, asked);
  if (status === 409) return conflict(failure, asked);
  if (status === 410) return new ChandleryError('watch_expired', `the watch of ${subjectOf(asked)} is too old to go on`);
  if (isUnreadable(failure) || (status >= 400 && status < 429)) return objectInvalid(failure, asked);
  if (status === 429) return unavailable(failure, 'the cluster limits the rate');
  if (status >= 500) return unavailable(failure, `the cluster cannot serve now (status ${status})${said(failure, asked)}`);
  return unavailable(failure, `the cluster answers with status ${status}, which its API does not know`);
}

/** Server-side apply answers 500, without a reason, for an object that does not fit its schema; trying again would never end. */
function isUnreadable({ status, reason, message }: Failure): boolean {
  return status === 500 && reason === '' && /^failed to (create typed|convert)/.test(message);
}

function notFound(failure: Failure, asked: Asked): ChandleryError {
  const about = { upstreamStatus: 404 };
  if (failure.kind === 'namespaces' && asked.namespace !== undefined && asked.resource !== 'namespaces') {
    return new ChandleryError('namespace_missing', `the namespace ${asked.namespace} does not exist`, about);
  }
  if (failure.name !== '') return objectInvalid(failure, asked);
  const what = `${asked.kind ?? asked.resource}${asked.group ? ` of ${asked.group}` : ''}`;
  return new ChandleryError('api_unknown', `the cluster does not serve ${what}`, about);
}

function conflict(failure: Failure, asked: Asked): ChandleryError {
  const conflicts = failure.causes.filter(({ reason }) => reason === 'FieldManagerConflict').map(fieldConflict);
  if (conflicts.length === 0) {
    return unavailable(failure, `${subjectOf(asked)} was changed by somebody else at the same moment`);
  }
  const text = conflicts.map(({ field, manager }) => `${field} (of ${manager})`).join(', ');
  return new ChandleryError('field_conflict', `${subjectOf(asked)}: ${text}`, { conflicts, upstreamStatus: 409 });
}

function fieldConflict({ field = '', message = '' }: { field?: string; message?: string }): FieldConflict {
  return { field, manager: MANAGER.exec(message)?.[1] ?? 'another manager' };
}

function objectInvalid(failure: Failure, asked: Asked): ChandleryError {
  const secret = isSecret(asked);
  const readable = { ...failure, message: refusalText(failure.message) };
  const issues = issuesOf(readable, secret);
  const webhook = WEBHOOK.exec(failure.message)?.[1];
  const by = webhook === undefined ? '' : ` by the admission webhook ${webhook}`;
  const first = issues.slice(0, SHOWN_ISSUES).map(({ path, message }) => (path ? `${path}: ${message}` : message));
  const more = issues.length > SHOWN_ISSUES ? `; and ${issues.length - SHOWN_ISSUES} more` : '';
  return new ChandleryError('object_invalid', `${subjectOf(asked)} is refused${by}: ${first.join('; ')}${more}`, {
    issues,
    upstreamStatus: failure.status,
    ...(webhook !== undefined && { webhook }),
  });
}

const SHOWN_ISSUES = 3;

function unavailable({ status, retryAfterMs }: Failure, message: string): ChandleryError {
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new ChandleryError('cluster_unavailable', message, { upstreamStatus: status, ...wait });
}

/** The server's own words, but never about a Secret. */
function said({ message }: Failure, asked: Asked): string {
  return isSecret(asked) ? '' : `: ${message}`;
}

function isSecret({ group, resource }: Asked): boolean {
  return group === '' && resource.split('/')[0] === 'secrets';
}
