import type { Role } from './access.ts';
import type { TargetKind } from './operation.ts';

/**
 * Every route of the API and who may use it. One middleware (api/access.ts) reads it in front of all routers, so a route without a row
 * answers nobody. Tests are generated from it: each row is tried as each kind of caller, and rows and mounted routes are the same set.
 *
 * To add a route: add its row, and a sample request to test/api/support/access-samples.ts where it has a body.
 */

/**
 * Where the namespace that the role is needed in comes from.
 * - `any`: a role in any namespace is enough: the thing belongs to none.
 * - `everywhere`: the role is needed on `*`.
 * - `path`: `{namespace}`.
 * - `query`: `?namespace=`; without it the role is needed on `*`, as for `kubectl get --all-namespaces`.
 * - `query-or-any`: the same, but without it any namespace will do.
 * - `install-id`, `deployment-id`, `operation-id`: part of `{id}`.
 * - `handler`: of the body or of something the body names: the router asks `requireRole` as soon as it knows. Until then any will do.
 */
export type NamespaceFrom =
  | 'any'
  | 'everywhere'
  | 'path'
  | 'query'
  | 'query-or-any'
  | 'install-id'
  | 'deployment-id'
  | 'operation-id'
  | 'handler';

export interface AccessRule {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As in the OpenAPI document: `/api/v1/installs/{id}`. */
  path: string;
  /** `target`: by the kind of the operation's target, see TARGET_ROLES. */
  access: 'public' | 'authenticated' | 'target' | Role;
  namespace: NamespaceFrom;
  scope?: string;
  /** A token that names the scope needs no role besides. */
  scopeSuffices?: boolean;
  /** What a refusal is called in the audit log, and a change where its router writes one. */
  action: string;
  /**
   * What may be opened to everybody: `local` and `always` by CHANDLERY_REGISTRY_READ (with `scope=local`, or always), `metrics` by
   * CHANDLERY_METRICS_OPEN.
   */
  open?: 'local' | 'always' | 'metrics';
}

/**
 * Who may cancel and replay: whoever may start the same. Where the target is in no namespace, any viewer may look at its operations, and
 * changing them takes the role everywhere.
 */
export const TARGET_ROLES: Record<TargetKind, { role: Role; namespaced: boolean }> = {
  install: { role: 'installer', namespaced: true },
  plan: { role: 'installer', namespaced: true },
  deployment: { role: 'operator', namespaced: true },
  publish: { role: 'operator', namespaced: false },
};

type Details = Partial<Pick<AccessRule, 'scope' | 'scopeSuffices' | 'open'>>;

function rule(
  route: string,
  access: AccessRule['access'],
  namespace: NamespaceFrom,
  action: string,
  details: Details = {},
): AccessRule {
  const [method, path = ''] = route.split(' ');
  return { method: method as AccessRule['method'], path, access, namespace, action, ...details };
}

const open = (route: string) => rule(route, 'public', 'any', 'read-public');
const catalogRead = { scope: 'catalog:read' };
const deploymentsRead = { scope: 'deployments:read' };
const deploymentsWrite = { scope: 'deployments:write' };
const operationsRead = { scope: 'operations:read' };
const operationsWrite = { scope: 'operations:write' };
const importVulnerabilities = { scope: 'vulnerabilities:import', scopeSuffices: true };
const publish = { scope: 'templates:publish', scopeSuffices: true };

const HEALTH: AccessRule[] = [
  open('GET /healthz'),
  open('GET /readyz'),
  open('GET /openapi.json'),
  open('GET /errors/{code}'),
  rule('GET /metrics', 'admin', 'everywhere', 'read-metrics', { scope: 'metrics:read', scopeSuffices: true, open: 'metrics' }),
];

const CATALOG: AccessRule[] = [
  // Marks what is installed in the namespace that the query names, so a role there is needed.
  rule('GET /api/v1/search', 'viewer', 'query-or-any', 'search', { ...catalogRead, open: 'local' }),
  rule('GET /api/v1/catalog', 'viewer', 'any', 'read-catalog', { ...catalogRead, open: 'local' }),
  rule('GET /api/v1/categories', 'viewer', 'any', 'read-categories', { ...catalogRead, open: 'local' }),
  rule('GET /api/v1/templates/{name}', 'viewer', 'any', 'read-template', { ...catalogRead, open: 'local' }),
  rule('GET /api/v1/templates/{name}/metrics', 'viewer', 'any', 'read-template', catalogRead),
  rule('GET /api/v1/templates/{name}/report', 'viewer', 'any', 'read-report', catalogRead),
  rule('GET /api/v1/templates/{name}/versions', 'viewer', 'any', 'read-template', { ...catalogRead, open: 'local' }),
  rule('GET /api/v1/templates/{name}/archive', 'viewer', 'any', 'read-archive', { ...catalogRead, open: 'always' }),
  // What is published is everybody's. The router asks `requireName` besides: a scope may be for some names only.
  rule('POST /api/v1/templates', 'operator', 'everywhere', 'publish-template', publish),
  rule('POST /api/v1/templates/{name}/versions/{version}/yank', 'operator', 'everywhere', 'yank-version', publish),
  rule('POST /api/v1/templates/{name}/versions/{version}/unyank', 'operator', 'everywhere', 'unyank-version', publish),
  rule('GET /api/v1/templates/{name}/ratings', 'viewer', 'any', 'read-template', catalogRead),
  rule('POST /api/v1/templates/{name}/ratings', 'viewer', 'any', 'rate-template', { scope: 'templates:rate' }),
  rule('GET /api/v1/templates/{name}/owners', 'viewer', 'any', 'read-template', catalogRead),
  rule('PUT /api/v1/templates/{name}/owners', 'operator', 'everywhere', 'change-owners', publish),
  rule('GET /api/v1/templates/{name}/verified', 'viewer', 'any', 'read-template', catalogRead),
  // The router lets in administrators and tokens that were given for just these names.
  rule('PUT /api/v1/templates/{name}/verified', 'admin', 'everywhere', 'verify-template', publish),
  rule('DELETE /api/v1/templates/{name}/verified', 'admin', 'everywhere', 'unverify-template', publish),
];

/** Registries are everybody's: reading their state takes any role, asking one anew a little more, changing the list an administrator. */
const REGISTRIES: AccessRule[] = [
  rule('GET /api/v1/registries', 'viewer', 'any', 'list-registries', { scope: 'registries:read' }),
  rule('POST /api/v1/registries', 'admin', 'everywhere', 'create-registry', { scope: 'registries:write' }),
  rule('PATCH /api/v1/registries/{name}', 'admin', 'everywhere', 'change-registry', { scope: 'registries:write' }),
  rule('DELETE /api/v1/registries/{name}', 'admin', 'everywhere', 'remove-registry', { scope: 'registries:write' }),
  rule('GET /api/v1/registries/{name}', 'viewer', 'any', 'read-registry', { scope: 'registries:read' }),
  rule('GET /api/v1/registries/{name}/health', 'viewer', 'any', 'read-registry', { scope: 'registries:read' }),
  rule('POST /api/v1/registries/{name}/test', 'operator', 'any', 'test-registry', { scope: 'registries:write' }),
  rule('POST /api/v1/registries/{name}/refresh', 'operator', 'any', 'refresh-registry', { scope: 'registries:write' }),
];

const INSTALLS: AccessRule[] = [
  rule('GET /api/v1/installs', 'viewer', 'query', 'list-installs', { scope: 'installs:read' }),
  rule('POST /api/v1/installs', 'installer', 'handler', 'install', { scope: 'installs:write' }),
  rule('GET /api/v1/installs/{id}', 'viewer', 'install-id', 'read-install', { scope: 'installs:read' }),
  rule('DELETE /api/v1/installs/{id}', 'installer', 'install-id', 'uninstall', { scope: 'installs:write' }),
  rule('GET /api/v1/events', 'viewer', 'query', 'list-events', { scope: 'installs:read' }),
];

const OPERATIONS: AccessRule[] = [
  rule('GET /api/v1/operations', 'viewer', 'query', 'list-operations', operationsRead),
  rule('GET /api/v1/operations/{id}', 'viewer', 'operation-id', 'read-operation', operationsRead),
  rule('GET /api/v1/operations/{id}/events', 'viewer', 'operation-id', 'read-operation', operationsRead),
  rule('GET /api/v1/operations/{id}/history', 'viewer', 'operation-id', 'read-operation', operationsRead),
  rule('POST /api/v1/operations/{id}/cancel', 'target', 'operation-id', 'cancel', operationsWrite),
  rule('POST /api/v1/operations/{id}/replay', 'target', 'operation-id', 'replay', operationsWrite),
];

const DEPLOYMENTS: AccessRule[] = [
  // A plan changes nothing, and what it reads it reads with the rights of the requester.
  rule('POST /api/v1/plans', 'installer', 'handler', 'plan', { scope: 'plans:write' }),
  rule('GET /api/v1/plans/{digest}', 'viewer', 'handler', 'read-plan', { scope: 'plans:read' }),
  rule('GET /api/v1/deployments', 'viewer', 'query', 'list-deployments', deploymentsRead),
  rule('POST /api/v1/deployments', 'operator', 'handler', 'deploy', deploymentsWrite),
  rule('GET /api/v1/deployments/{id}', 'viewer', 'deployment-id', 'read-deployment', deploymentsRead),
  rule('PATCH /api/v1/deployments/{id}', 'operator', 'deployment-id', 'upgrade', deploymentsWrite),
  rule('DELETE /api/v1/deployments/{id}', 'operator', 'deployment-id', 'destroy', deploymentsWrite),
  rule('POST /api/v1/deployments/{id}/rollback', 'operator', 'deployment-id', 'rollback', deploymentsWrite),
  rule('GET /api/v1/deployments/{id}/resources', 'viewer', 'deployment-id', 'read-resources', deploymentsRead),
  rule('GET /api/v1/deployments/{id}/events', 'viewer', 'deployment-id', 'read-events', deploymentsRead),
  // The values of secret outputs come from the cluster, as the requester: his rights there decide about them.
  rule('GET /api/v1/deployments/{id}/outputs', 'viewer', 'deployment-id', 'read-outputs', deploymentsRead),
  rule('GET /api/v1/deployments/{id}/revisions', 'viewer', 'deployment-id', 'read-revisions', deploymentsRead),
  rule('GET /api/v1/deployments/{id}/revisions/{number}', 'viewer', 'deployment-id', 'read-revisions', deploymentsRead),
  rule('GET /api/v1/deployments/{id}/operations', 'viewer', 'deployment-id', 'list-operations', deploymentsRead),
];

/** The frozen faces ask for a token and no role: namespace sources are governed by the rights of the requester in the cluster. */
const FACES: AccessRule[] = [
  ...['marketplace-sources', 'marketplace-sources/permissions', 'marketplace-sources/{name}', 'marketplace-items'].map((path) =>
    rule(`GET /api/v1/namespaces/{namespace}/${path}`, 'authenticated', 'path', 'read-sources', { scope: 'sources:read' }),
  ),
  rule('POST /api/v1/namespaces/{namespace}/marketplace-sources', 'authenticated', 'path', 'create-source', {
    scope: 'sources:write',
  }),
  rule('PATCH /api/v1/namespaces/{namespace}/marketplace-sources/{name}', 'authenticated', 'path', 'change-source', {
    scope: 'sources:write',
  }),
  rule('DELETE /api/v1/namespaces/{namespace}/marketplace-sources/{name}', 'authenticated', 'path', 'remove-source', {
    scope: 'sources:write',
  }),
  rule('GET /api/v1/marketplace/catalog', 'authenticated', 'any', 'read-packs', { scope: 'packs:read' }),
  rule('GET /api/v1/marketplace/packs/{name}', 'authenticated', 'any', 'read-packs', { scope: 'packs:read' }),
  rule('POST /api/v1/marketplace/refresh', 'authenticated', 'any', 'refresh-packs', { scope: 'packs:write' }),
];

/** A token acts in the cluster as whoever it names, so only administrators of everything make one. */
const IDENTITY: AccessRule[] = [
  rule('GET /api/v1/whoami', 'authenticated', 'any', 'whoami'),
  rule('GET /api/v1/tokens', 'admin', 'everywhere', 'list-tokens', { scope: 'tokens:read' }),
  rule('POST /api/v1/tokens', 'admin', 'everywhere', 'create-token', { scope: 'tokens:write' }),
  rule('GET /api/v1/tokens/{id}', 'admin', 'everywhere', 'read-token', { scope: 'tokens:read' }),
  rule('DELETE /api/v1/tokens/{id}', 'admin', 'everywhere', 'revoke-token', { scope: 'tokens:write' }),
];

/** Everything that anybody did: for administrators, and for collectors that may do nothing else. */
const AUDIT: AccessRule[] = [
  rule('GET /api/v1/audit', 'admin', 'everywhere', 'read-audit', { scope: 'audit:read', scopeSuffices: true }),
  rule('GET /api/v1/audit/export', 'admin', 'everywhere', 'export-audit', { scope: 'audit:read', scopeSuffices: true }),
];

/** What everybody's templates are judged by: reading how old it is takes any role, changing it an administrator or a token for just that. */
const VULNERABILITIES: AccessRule[] = [
  rule('GET /api/v1/vulnerabilities', 'viewer', 'any', 'read-vulnerabilities', catalogRead),
  rule('POST /api/v1/vulnerabilities/imports', 'admin', 'everywhere', 'import-vulnerabilities', importVulnerabilities),
  rule(
    'PUT /api/v1/vulnerabilities/imports/{id}/batches/{number}',
    'admin',
    'everywhere',
    'import-vulnerabilities',
    importVulnerabilities,
  ),
  rule(
    'POST /api/v1/vulnerabilities/imports/{id}/complete',
    'admin',
    'everywhere',
    'import-vulnerabilities',
    importVulnerabilities,
  ),
];

export const ACCESS_TABLE: readonly AccessRule[] = Object.freeze([
  ...HEALTH,
  ...CATALOG,
  ...REGISTRIES,
  ...INSTALLS,
  ...OPERATIONS,
  ...DEPLOYMENTS,
  ...FACES,
  ...IDENTITY,
  ...VULNERABILITIES,
  ...AUDIT,
]);
