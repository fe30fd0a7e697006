import type { Request, RequestHandler } from 'express';
import type { Caller, Requirement, Role } from '../domain/access.ts';
import { decide, EVERYWHERE, ownsName } from '../domain/access.ts';
import type { AccessRule } from '../domain/access-table.ts';
import { ACCESS_TABLE, TARGET_ROLES } from '../domain/access-table.ts';
import { ChandleryError } from '../domain/errors.ts';
import { parseDeploymentId, parseInstallId, parseOperationId } from '../domain/operation.ts';
import { isNamespace } from '../domain/reference.ts';
import type { AuditStore } from '../domain/store.ts';
import { createRuleFinder, type MatchedRule } from './access-routes.ts';
import { objectOfRequest, requestWords } from './audit-object.ts';
import { type Authenticator, callerOf, rememberCaller } from './auth.ts';

/** The one place that lets requests in: it stands in front of all routers and goes by the table of all routes. */

export interface AccessDeps {
  authenticator: Pick<Authenticator, 'authenticate'>;
  audit: AuditStore;
  /** `open`: the rows that are marked so are answered without a token. */
  registryRead: 'token' | 'open';
  /** The same for the metrics. */
  metricsOpen?: boolean;
}

/** What was decided about a request so far, for the questions its router still has to ask. */
interface Entry {
  caller: Caller;
  rule: AccessRule;
  audit: AuditStore;
  /** What the request is about, in the words of the audit log. */
  object: string;
}

const entries = new WeakMap<Request, Entry>();

/**
 * Lets a request pass when its row allows it. Fails with not_found where there is no row, unauthenticated, forbidden (which it writes to
 * the audit log first), and with store_unavailable or cluster_unavailable when it cannot tell.
 */
export function createAccess({ authenticator, audit, ...opened }: AccessDeps): RequestHandler {
  const find = createRuleFinder(ACCESS_TABLE);
  return async (request, _response, next) => {
    const found = find(request.method, request.path);
    if (found && isOpen(found.rule, request, opened)) return next();
    // Of paths below the API, whoever has no token does not even learn which there are.
    if (!found && !request.path.startsWith('/api/')) throw nothingAt(request);
    const caller = await authenticator.authenticate(request.get('authorization'));
    rememberCaller(request, caller);
    if (!found) throw nothingAt(request);
    const entry = { caller, rule: found.rule, audit, object: objectOfRequest(found, request) };
    entries.set(request, entry);
    await enforce(request, entry, requirementOf(found, request));
    next();
  };
}

function nothingAt(request: Request): ChandleryError {
  return new ChandleryError('not_found', `There is nothing at ${request.method} ${request.path.slice(0, 200)}`);
}

/** Whether it is answered without a token. */
function isOpen(
  { access, open }: AccessRule,
  request: Request,
  { registryRead, metricsOpen }: Pick<AccessDeps, 'registryRead' | 'metricsOpen'>,
): boolean {
  if (access === 'public') return true;
  if (open === undefined) return false;
  if (open === 'metrics') return metricsOpen === true;
  return registryRead === 'open' && (open === 'always' || request.query.scope === 'local');
}

/** What the row asks of this very request. */
function requirementOf({ rule, params }: MatchedRule, request: Request): Requirement {
  const { scope, scopeSuffices } = rule;
  return { ...placeOf(rule, params, request), scope, scopeSuffices };
}

function placeOf(rule: AccessRule, params: Record<string, string>, request: Request): Pick<Requirement, 'role' | 'namespace'> {
  const role = rule.access as Role;
  const { id = '' } = params;
  switch (rule.namespace) {
    // An id that is none: the router says so, to whoever may ask for one at all.
    case 'install-id':
      return { role, namespace: parseInstallId(id)?.namespace };
    case 'deployment-id':
      return { role, namespace: parseDeploymentId(id)?.namespace };
    case 'operation-id':
      return operationPlace(rule, id);
    case 'path':
      return { role, namespace: params.namespace };
    case 'query':
      return { role, namespace: queriedNamespace(request) ?? EVERYWHERE };
    case 'query-or-any':
      return { role, namespace: queriedNamespace(request) };
    case 'everywhere':
      return { role, namespace: EVERYWHERE };
    default:
      return { role };
  }
}

function operationPlace({ access }: AccessRule, id: string): Pick<Requirement, 'role' | 'namespace'> {
  const target = parseOperationId(id)?.target;
  if (!target) return { role: 'viewer' };
  const { role, namespaced } = TARGET_ROLES[target.kind];
  if (access === 'target') return { role, namespace: namespaced ? target.namespace : EVERYWHERE };
  return { role: access as Role, namespace: namespaced ? target.namespace : undefined };
}

/** A namespace given twice is none that anybody has a role in. */
function queriedNamespace(request: Request): string | undefined {
  const { namespace } = request.query;
  if (namespace === undefined || namespace === '') return undefined;
  return typeof namespace === 'string' ? namespace : EVERYWHERE;
}

/**
 * For a namespace that only the router knows, because the body names it or a record does: to be asked before anything is read or
 * changed there. Fails with forbidden, and writes that to the audit log.
 */
export async function requireRole(request: Request, role: Role, namespace: string): Promise<void> {
  const entry = entryOf(request);
  await enforce(request, entry, { role, namespace, scope: entry.rule.scope, scopeSuffices: entry.rule.scopeSuffices });
}

/** For the name of a template that is published, changed or withdrawn: a scope may be for some names only. Fails as requireRole does. */
export async function requireName(request: Request, name: string): Promise<void> {
  const entry = entryOf(request);
  const { scope, scopeSuffices, access } = entry.rule;
  await enforce(request, entry, { role: access as Role, namespace: EVERYWHERE, scope, scopeSuffices, name });
}

/** Whether the caller's token owns names like this one (`templates:publish/<prefix>`). */
export function callerOwnsName(request: Request, name: string): boolean {
  return ownsName(callerOf(request), name);
}

/** Whether the caller's token lets it do what this scope is for: it is not narrowed, or it names the scope. */
export function allowsScope(request: Request, scope: string): boolean {
  return decide(callerOf(request), { role: 'authenticated', scope }).allowed;
}

function entryOf(request: Request): Entry {
  const entry = entries.get(request);
  if (!entry) throw new ChandleryError('unauthenticated', 'the request did not come through the access check');
  return entry;
}

async function enforce(request: Request, { caller, rule, audit, object }: Entry, requirement: Requirement): Promise<void> {
  const decision = decide(caller, requirement);
  if (decision.allowed) return;
  const { namespace = EVERYWHERE } = requirement;
  await audit.append({
    actor: caller.identity.user,
    action: rule.action,
    object,
    outcome: 'denied',
    code: 'forbidden',
    ...(namespace !== EVERYWHERE && isNamespace(namespace) && { namespace }),
    detail: {
      rule: `${rule.method} ${rule.path}`,
      request: requestWords(request),
      missing: decision.missing,
      ...(caller.token && { token: caller.token.id }),
    },
  });
  throw new ChandleryError('forbidden', decision.reason, { missing: [decision.missing] });
}
