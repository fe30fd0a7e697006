import { InvalidArgumentError } from 'commander';
import { EVERYWHERE, ROLES, type Role, type RoleGrant } from '../domain/access.ts';

/** Gathers `ROLE` (everywhere) and `ROLE@NAMESPACE`; what it refuses is a usage error. */
export function gatherRole(text: string, before: RoleGrant[] = []): RoleGrant[] {
  const [role = '', namespace = EVERYWHERE, ...rest] = text.split('@');
  if (!isRole(role) || namespace === '' || rest.length > 0)
    throw new InvalidArgumentError(
      `It must be one of ${ROLES.join(', ')}, with @NAMESPACE behind it unless it is for everywhere.`,
    );
  return [...before, { role, namespace }];
}

function isRole(text: string): text is Role {
  return (ROLES as readonly string[]).includes(text);
}

/** `operator@team-a, viewer` */
export function rolesText(roles: readonly RoleGrant[]): string {
  return roles.map(({ role, namespace }) => (namespace === EVERYWHERE ? role : `${role}@${namespace}`)).join(', ');
}
