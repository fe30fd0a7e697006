import type { Request } from 'express';
import { auditObject } from '../domain/audit.ts';
import { parseDeploymentId, parseInstallId } from '../domain/operation.ts';
import { unstorable } from '../domain/storable-text.ts';
import type { MatchedRule } from './access-routes.ts';

/** Characters of an object in the audit log; a path is as long as somebody likes. */
const MAX_OBJECT_LENGTH = 300;

const BY_PATH: ReadonlyArray<[prefix: string, object: (params: Record<string, string>) => string | undefined]> = [
  ['/api/v1/registries/{name}', ({ name = '' }) => auditObject.registry(name)],
  ['/api/v1/templates/{name}', ({ name = '', version }) => auditObject.template(name, version)],
  ['/api/v1/installs/{id}', ({ id = '' }) => targetObject(parseInstallId(id))],
  ['/api/v1/deployments/{id}', ({ id = '' }) => targetObject(parseDeploymentId(id))],
  ['/api/v1/operations/{id}', ({ id = '' }) => auditObject.operation(id)],
  ['/api/v1/plans/{digest}', ({ digest = '' }) => auditObject.plan(digest)],
  ['/api/v1/tokens/{id}', ({ id = '' }) => auditObject.token(id)],
  [
    '/api/v1/namespaces/{namespace}/marketplace-sources/{name}',
    ({ namespace = '', name = '' }) => auditObject.source(namespace, name),
  ],
];

/** `GET /api/v1/installs`, without the query, which may hold anything. */
export function requestWords(request: Request): string {
  return `${request.method} ${(request.originalUrl.split('?')[0] ?? '').slice(0, MAX_OBJECT_LENGTH)}`;
}

/** What the request is about, as the audit log names it; the request itself where it is about no one thing. */
export function objectOfRequest({ rule, params }: MatchedRule, request: Request): string {
  const object = BY_PATH.find(([prefix]) => rule.path === prefix || rule.path.startsWith(`${prefix}/`))?.[1](params);
  return object === undefined || unstorable(object) !== undefined ? requestWords(request) : object.slice(0, MAX_OBJECT_LENGTH);
}

function targetObject(target: ReturnType<typeof parseInstallId>): string | undefined {
  return target && auditObject.target(target);
}
