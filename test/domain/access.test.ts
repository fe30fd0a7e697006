import { describe, expect, it } from '@jest/globals';
import { beyond, type Caller, decide, isScope, ownsName, type RoleGrant, rolesOf, SCOPES } from '../../src/domain/access.ts';
import { ACCESS_TABLE } from '../../src/domain/access-table.ts';

const grant = (role: RoleGrant['role'], namespace = '*'): RoleGrant => ({ role, namespace });
const caller = (roles: RoleGrant[], scopes?: string[]): Caller => ({
  identity: { user: 'ann', groups: [] },
  via: 'token',
  roles,
  ...(scopes && { scopes }),
});

describe('decide', () => {
  it.each([
    ['a role holds those below it', [grant('operator')], { role: 'viewer', namespace: 'a' }, true],
    ['and none above it', [grant('operator')], { role: 'admin', namespace: 'a' }, false],
    ['a role in one namespace is none in another', [grant('admin', 'a')], { role: 'viewer', namespace: 'b' }, false],
    ['nor everywhere', [grant('admin', 'a')], { role: 'viewer', namespace: '*' }, false],
    ['but one somewhere', [grant('viewer', 'a')], { role: 'viewer' }, true],
    ['two roles do not add up', [grant('viewer', 'a'), grant('admin', 'b')], { role: 'operator', namespace: 'a' }, false],
    ['nobody has a role by default', [], { role: 'viewer' }, false],
    ['but is somebody', [], { role: 'authenticated' }, true],
  ] as const)('%s', (_what, roles, requirement, allowed) => {
    expect(decide(caller([...roles]), requirement).allowed).toBe(allowed);
  });

  it('says in words what is missing', () => {
    const { identity } = caller([]);
    expect(decide(caller([]), { role: 'installer', namespace: 'a' })).toEqual({
      ...{ allowed: false, reason: `${identity.user} needs role installer in namespace a` },
      missing: { role: 'installer', namespace: 'a' },
    });
    expect(decide(caller([grant('admin')], ['audit:read']), { role: 'viewer', scope: 'plans:read' })).toEqual({
      ...{ allowed: false, reason: 'the token of ann is narrowed to other scopes: this needs plans:read' },
      missing: { scope: 'plans:read' },
    });
  });

  it('lets a scope stand for a role only where the rule says so', () => {
    const scraper = caller([], ['metrics:read']);
    const metrics = { role: 'admin', namespace: '*', scope: 'metrics:read' } as const;
    expect(decide(scraper, { ...metrics, scopeSuffices: true })).toEqual({ allowed: true });
    expect(decide(scraper, metrics)).toMatchObject({ allowed: false });
    // Not naming scopes is not naming this one.
    expect(decide(caller([]), { ...metrics, scopeSuffices: true })).toMatchObject({ allowed: false });
  });

  it.each([
    ['acme', 'acme', true],
    ['acme', 'acme-shop', true],
    ['acme', 'acmeish', false],
    ['acme-', 'acme-shop', true],
    ['acme-', 'acme', false],
    ['acme-shop', 'acme', false],
  ])('a token for names of %s publishes %s: %s', (prefix, name, allowed) => {
    const publisher = caller([], [`templates:publish/${prefix}`]);
    const publish = { role: 'operator', namespace: '*', scope: 'templates:publish', scopeSuffices: true } as const;
    expect(decide(publisher, publish).allowed).toBe(true);
    expect(decide(publisher, { ...publish, name }).allowed).toBe(allowed);
    expect(ownsName(publisher, name)).toBe(allowed);
    // An administrator who is narrowed to these names has lost the others too.
    expect(decide(caller([grant('admin')], publisher.scopes), { ...publish, name }).allowed).toBe(allowed);
  });

  it('takes the scope without a prefix for all names, and for nobody’s own', () => {
    const publisher = caller([], ['templates:publish']);
    const publish = { role: 'operator', namespace: '*', scope: 'templates:publish', scopeSuffices: true, name: 'x' } as const;
    expect([decide(publisher, publish).allowed, ownsName(publisher, 'x')]).toEqual([true, false]);
  });
});

describe('rolesOf', () => {
  const bindings = [
    { role: 'operator' as const, namespaces: ['a', 'b'], users: ['ann'], groups: ['devs'] },
    { role: 'viewer' as const, namespaces: ['*'], users: [], groups: ['devs'] },
  ];

  it('adds what bindings give user and groups to what the token has, each once', () => {
    expect(rolesOf({ user: 'ann', groups: ['devs'] }, [grant('operator', 'a')], bindings)).toEqual([
      ...[grant('operator', 'a'), grant('operator', 'b'), grant('viewer')],
    ]);
    expect(rolesOf({ user: 'devs', groups: ['ann'] }, [], bindings)).toEqual([]);
  });

  it('makes members of chandlery:admins administrators', () => {
    expect(rolesOf({ user: 'x', groups: ['chandlery:admins'] }, [], [])).toEqual([grant('admin')]);
  });
});

describe('beyond', () => {
  it.each<[string, Caller, RoleGrant[], string[] | undefined, string[]]>([
    ['roles that the maker has', caller([grant('admin')]), [grant('operator', 'a')], undefined, []],
    ['a role elsewhere', caller([grant('operator', 'a')]), [grant('viewer', 'b')], undefined, ['viewer@b']],
    ['a role everywhere', caller([grant('operator', 'a')]), [grant('viewer')], undefined, ['viewer@*']],
    ['all scopes, of a narrowed maker', caller([grant('admin')], ['tokens:write']), [], undefined, ['all scopes']],
    ['another scope', caller([], ['tokens:write']), [], ['tokens:write', 'audit:read'], ['audit:read']],
    ['some names of his', caller([], ['templates:publish/acme']), [], ['templates:publish/acme-shop'], []],
    ['all names, of some', caller([], ['templates:publish/acme']), [], ['templates:publish'], ['templates:publish']],
  ])('%s', (_what, maker, roles, scopes, missing) => {
    expect(beyond(maker, roles, scopes)).toEqual(missing);
  });
});

describe('scopes', () => {
  it.each(['templates:publish/', 'templates:publish/Acme', 'templates:publish/a/b', 'catalog:read/x', 'catalog', '*', ''])(
    'are not %j',
    (text) => {
      expect(isScope(text)).toBe(false);
    },
  );

  it('are all of use, and the table uses no other', () => {
    const used = new Set(ACCESS_TABLE.flatMap(({ scope }) => scope ?? []));
    expect([...used].filter((scope) => !isScope(scope))).toEqual([]);
    expect(SCOPES.filter((scope) => !used.has(scope))).toEqual([]);
  });
});
