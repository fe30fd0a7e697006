import type { AccessQuestion } from '../../domain/cluster.ts';
import { ChandleryError } from '../../domain/errors.ts';
import { LIMITS } from './limits.ts';
import { type Asked, type Failure, subjectOf } from './status.ts';

/** The 403 answers. One status stands for a missing right, a full quota, and everything an admission plugin or policy refuses. */

/** As the API server writes a missing right (apiserver/pkg/endpoints/handlers/responsewriters/errors.go); names are quoted as Go does. */
const CANNOT =
  /User "((?:[^"\\]|\\.)*)" cannot (\S+) resource "([^"]*)" in API group "([^"]*)"(?: in the namespace "([^"]*)"| at the cluster scope)/;
const QUOTA = /exceeded quota: (.*)$/s;
/** A role may only be given by somebody who has its rights (RBAC escalation check). */
const ESCALATION = /attempting to grant RBAC permissions not currently held/;
const GRANTED = /\{APIGroups:\[([^\]]*)\], Resources:\[([^\]]*)\](?:, ResourceNames:\[[^\]]*\])?, Verbs:\[([^\]]*)\]\}/g;
/** What comes after `configmaps "a" is forbidden: `. */
const FORBIDDEN = /^.*? is forbidden: /s;

/** A 403 of the request: `forbidden` with the rights that are missing, `quota_exceeded`, `namespace_missing`, or undefined when an admission plugin refused the object. */
export function denial(failure: Failure, asked: Asked): ChandleryError | undefined {
  const { message } = failure;
  const cannot = CANNOT.exec(message);
  if (cannot) return missingRight(cannot, asked);
  const quota = QUOTA.exec(message)?.[1];
  if (quota !== undefined) return quotaExceeded(quota, asked);
  if (ESCALATION.test(message)) return escalation(message, asked);
  if (failure.causes.some(({ reason }) => reason === 'NamespaceTerminating')) {
    return new ChandleryError(
      'namespace_missing',
      `the namespace ${asked.namespace} is being deleted; nothing new can be made in it`,
    );
  }
  return isChange(asked.verb) ? undefined : forbidden([rightOf(asked)], asked.identity?.user ?? 'Chandlery');
}

/** Why the object was refused, without the repeated name of the object. */
export function refusalText(message: string): string {
  return message.replace(FORBIDDEN, '');
}

function missingRight(
  [, user = '', verb = '', resource = '', group = '', namespace]: RegExpExecArray,
  asked: Asked,
): ChandleryError {
  const right: AccessQuestion = {
    verb,
    group,
    resource,
    ...(namespace !== undefined && { namespace }),
    ...nameOf(resource, asked),
  };
  if (verb !== 'impersonate') return forbidden([right], user);
  return new ChandleryError(
    'forbidden',
    `Chandlery's own identity ${user} may not impersonate ${resource}; give it the verb impersonate (docs: RBAC of the server)`,
    { missing: [right], upstreamStatus: 403 },
  );
}

function nameOf(resource: string, asked: Asked): { name?: string } {
  return asked.name !== undefined && resource === asked.resource && asked.verb !== 'create' ? { name: asked.name } : {};
}

function forbidden(missing: AccessQuestion[], user: string): ChandleryError {
  const text = missing.map(rightText).join('; ');
  return new ChandleryError('forbidden', `${user} may not ${text}`, { missing, upstreamStatus: 403 });
}

/** `patch deployments.apps in namespace shop` */
function rightText({ verb, group, resource, namespace, name }: AccessQuestion): string {
  const where = namespace === undefined ? 'in the whole cluster' : `in namespace ${namespace}`;
  return `${verb} ${resource}${group ? `.${group}` : ''}${name ? ` ${name}` : ''} ${where}`;
}

function rightOf({ verb, group, resource, namespace, name }: Asked): AccessQuestion {
  return { verb, group, resource, ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }) };
}

function quotaExceeded(text: string, asked: Asked): ChandleryError {
  return new ChandleryError('quota_exceeded', `${subjectOf(asked)} does not fit in the quota ${text}`, { upstreamStatus: 403 });
}

function escalation(message: string, asked: Asked): ChandleryError {
  const missing: AccessQuestion[] = [];
  for (const [, groups = '', resources = '', verbs = ''] of message.matchAll(GRANTED)) {
    for (const resource of quoted(resources)) {
      for (const verb of quoted(verbs)) {
        missing.push({ verb, group: quoted(groups)[0] ?? '', resource, ...(asked.namespace && { namespace: asked.namespace }) });
      }
    }
  }
  const user = asked.identity?.user ?? 'Chandlery';
  const text = missing.slice(0, LIMITS.issues).map(rightText).join('; ');
  return new ChandleryError('forbidden', `${subjectOf(asked)} would give rights that ${user} does not have: ${text}`, {
    missing: missing.slice(0, LIMITS.issues),
    upstreamStatus: 403,
  });
}

function quoted(list: string): string[] {
  return [...list.matchAll(/"([^"]*)"/g)].map(([, text = '']) => text);
}

function isChange(verb: string): boolean {
  return verb === 'create' || verb === 'patch' || verb === 'update' || verb === 'delete';
}
