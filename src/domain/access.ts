import type { Identity } from './store.ts';

/**
 * Who may do what to Chandlery itself: roles say how much, in which namespace; scopes of a token take some of it away. What a change
 * does in the cluster is decided a second time there, by the rights of the requesting user.
 */

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'installer', 'operator', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** In place of a namespace: in all of them, and for what belongs to none. */
export const EVERYWHERE = '*';

export interface RoleGrant {
  role: Role;
  /** `*` = everywhere */
  namespace: string;
}

/** What a token can be narrowed to. */
export const SCOPES = [
  ...['catalog:read', 'templates:publish', 'templates:rate', 'registries:read', 'registries:write'],
  ...['installs:read', 'installs:write', 'deployments:read', 'deployments:write', 'plans:read', 'plans:write'],
  ...['operations:read', 'operations:write', 'sources:read', 'sources:write', 'packs:read', 'packs:write'],
  ...['tokens:read', 'tokens:write', 'audit:read', 'metrics:read', 'vulnerabilities:import'],
] as const;

/** The one scope that can be narrowed further, to the names of a publisher: `templates:publish/acme`. */
const PUBLISH_SCOPE = 'templates:publish';
const PUBLISH_PREFIX = new RegExp(`^${PUBLISH_SCOPE}/[a-z0-9][-a-z0-9_.]{0,127}$`);

/** Members of this group are administrators everywhere, without a binding. */
const ADMIN_GROUP = 'chandlery:admins';

/** Whoever sends a request. */
export interface Caller {
  identity: Identity;
  /** Who vouches for the identity: our own store, or the cluster (TokenReview). */
  via: 'token' | 'cluster';
  roles: RoleGrant[];
  /** Undefined = not narrowed. */
  scopes?: string[];
  token?: { id: string; name: string; expiresAt?: string };
}

/** Gives roles to users and groups, however they prove who they are. */
export interface RoleBinding {
  role: Role;
  /** `['*']` = everywhere */
  namespaces: string[];
  users: string[];
  groups: string[];
}

/** What one thing that can be done asks for. */
export interface Requirement {
  /** `authenticated`: any caller that is known. */
  role: Role | 'authenticated';
  /** Where the role is needed; undefined = in any one namespace. */
  namespace?: string | undefined;
  scope?: string | undefined;
  /** A token that names the scope needs no role. */
  scopeSuffices?: boolean | undefined;
  /** The template that is published; undefined = not known yet: some name has to be allowed. */
  name?: string | undefined;
}

export type Decision = { allowed: true } | { allowed: false; reason: string; missing: Record<string, unknown> };

/** Whether the caller may; pure, and no for everything that is not clearly allowed. */
export function decide(caller: Caller, requirement: Requirement): Decision {
  const { role, namespace, scope, scopeSuffices, name } = requirement;
  const { user } = caller.identity;
  const named = scope !== undefined && hasScope(caller.scopes ?? [], scope, name);
  if (scope !== undefined && caller.scopes !== undefined && !named) {
    const wanted = name === undefined ? scope : `${scope}/${name}`;
    return refusal(`the token of ${user} is narrowed to other scopes: this needs ${wanted}`, { scope: wanted });
  }
  if (named && scopeSuffices) return { allowed: true };
  if (role === 'authenticated' || hasRole(caller.roles, role, namespace)) return { allowed: true };
  const orScope = scopeSuffices && scope !== undefined ? `, or a token with scope ${scope}` : '';
  return refusal(`${user} needs role ${role} ${placeWords(namespace)}${orScope}`, { role, namespace: namespace ?? 'any' });
}

function refusal(reason: string, missing: Record<string, unknown>): Decision {
  return { allowed: false, reason, missing: { ...missing } };
}

function placeWords(namespace: string | undefined): string {
  if (namespace === undefined) return 'in some namespace';
  return namespace === EVERYWHERE ? 'everywhere (namespace *)' : `in namespace ${namespace}`;
}

/** Whether one of the grants reaches the role there; `namespace` undefined = anywhere at all. */
export function hasRole(grants: readonly RoleGrant[], role: Role, namespace: string | undefined): boolean {
  const wanted = ROLES.indexOf(role);
  return grants.some(
    (grant) =>
      ROLES.indexOf(grant.role) >= wanted &&
      (namespace === undefined || grant.namespace === EVERYWHERE || grant.namespace === namespace),
  );
}

function hasScope(scopes: readonly string[], wanted: string, name: string | undefined): boolean {
  if (scopes.includes(wanted)) return true;
  if (wanted !== PUBLISH_SCOPE) return false;
  const prefixes = prefixesOf(scopes);
  return name === undefined ? prefixes.length > 0 : prefixes.some((prefix) => coversName(prefix, name));
}

function prefixesOf(scopes: readonly string[]): string[] {
  return scopes.filter((scope) => scope.startsWith(`${PUBLISH_SCOPE}/`)).map((scope) => scope.slice(PUBLISH_SCOPE.length + 1));
}

/** `acme` stands for `acme` and for what begins with `acme-`, not for `acmeish`. */
function coversName(prefix: string, name: string): boolean {
  return name === prefix || name.startsWith(prefix.endsWith('-') ? prefix : `${prefix}-`);
}

/** Whether the caller's token says that names like this one are its own: `templates:publish/<prefix>`. */
export function ownsName({ scopes = [] }: Pick<Caller, 'scopes'>, name: string): boolean {
  return prefixesOf(scopes).some((prefix) => coversName(prefix, name));
}

/** Whether this is a scope that a token can have. */
export function isScope(text: string): boolean {
  return (SCOPES as readonly string[]).includes(text) || PUBLISH_PREFIX.test(text);
}

/** The caller's roles together with those that bindings give the identity; no grant twice. */
export function rolesOf({ user, groups }: Identity, own: readonly RoleGrant[], bindings: readonly RoleBinding[]): RoleGrant[] {
  const bound = bindings
    .filter((binding) => binding.users.includes(user) || binding.groups.some((group) => groups.includes(group)))
    .flatMap(({ role, namespaces }) => namespaces.map((namespace) => ({ role, namespace })));
  const admin: RoleGrant[] = groups.includes(ADMIN_GROUP) ? [{ role: 'admin', namespace: EVERYWHERE }] : [];
  const all = [...own, ...admin, ...bound];
  return all.filter((grant, at) => all.findIndex((other) => isSame(other, grant)) === at);
}

function isSame(a: RoleGrant, b: RoleGrant): boolean {
  return a.role === b.role && a.namespace === b.namespace;
}

/** What of these rights the caller does not have himself, in words; none = he may give them away. */
export function beyond(caller: Caller, roles: readonly RoleGrant[], scopes: readonly string[] | undefined): string[] {
  const missingRoles = roles
    .filter(({ role, namespace }) => !hasRole(caller.roles, role, namespace))
    .map(({ role, namespace }) => `${role}@${namespace}`);
  if (caller.scopes === undefined) return missingRoles;
  // Not narrowed at all would be more than the maker has.
  if (scopes === undefined) return [...missingRoles, 'all scopes'];
  const own = caller.scopes;
  return [...missingRoles, ...scopes.filter((scope) => !coversScope(own, scope))];
}

function coversScope(own: readonly string[], scope: string): boolean {
  if (own.includes(scope)) return true;
  const [name, prefix] = scope.split('/');
  return name === PUBLISH_SCOPE && prefix !== undefined && hasScope(own, PUBLISH_SCOPE, prefix);
}
