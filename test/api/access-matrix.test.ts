import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROLES, type RoleGrant } from '../../src/domain/access.ts';
import { ACCESS_TABLE, type AccessRule } from '../../src/domain/access-table.ts';
import type { TokenGrant } from '../../src/domain/store.ts';
import { NAMESPACE, type Sample, samplesOf } from './support/access-samples.ts';
import { type DeployLab, openDeployLab, TEMPLATES } from './support/deploy-lab.ts';
import { deployed } from './support/deployed.ts';
import { recordMounts, routesOf } from './support/mounted-routes.ts';

/** Every route as every kind of caller, generated from the table. What is expected is worked out here once more, in another way. */

type Outcome = 401 | 403 | 'allowed';
/** A request that is let in may do anything; none of it takes long. */
const ANSWER_WITHIN_MS = 10_000;

interface CallerKind {
  /** Sent as it is; undefined = no header. */
  header?: string;
  /** Made in the store under this kind's name; absent = known to nobody. */
  grant?: TokenGrant;
  ended?: 'revoked' | 'expired';
}

const role = (name: (typeof ROLES)[number], namespace = '*'): RoleGrant => ({ role: name, namespace });
const scoped = (scope: string) => ({ roles: [role('admin')], scopes: [scope] });
/** A scope that is not the row's. */
const otherScope = ({ scope }: AccessRule) => (scope === 'audit:read' ? 'metrics:read' : 'audit:read');

const CALLERS: Record<string, CallerKind> = {
  none: {},
  'another scheme': { header: 'Basic YWRtaW46YWRtaW4=' },
  invalid: { header: `Bearer chy_${randomBytes(32).toString('base64url')}` },
  revoked: { grant: { roles: [role('admin')] }, ended: 'revoked' },
  expired: { grant: { roles: [role('admin')] }, ended: 'expired' },
  'no role': { grant: { roles: [] } },
  ...Object.fromEntries(ROLES.map((name) => [name, { grant: { roles: [role(name)] } }])),
  ...Object.fromEntries(ROLES.map((name) => [`${name} there`, { grant: { roles: [role(name, NAMESPACE)] } }])),
  ...Object.fromEntries(ROLES.map((name) => [`${name} elsewhere`, { grant: { roles: [role(name, 'elsewhere')] } }])),
  'viewer there, admin elsewhere': { grant: { roles: [role('viewer', NAMESPACE), role('admin', 'elsewhere')] } },
};

const withOtherScope = (rule: AccessRule): Record<string, CallerKind> => ({
  'admin with another scope': { grant: scoped(otherScope(rule)) },
});

/** Besides, for a row with a scope. */
const withScope = (scope: string): Record<string, CallerKind> => ({
  'scope alone': { grant: { roles: [], scopes: [scope] } },
  'admin with the scope': { grant: { roles: [role('admin')], scopes: [scope] } },
});

let lab: DeployLab;
let plan: string;
const recorded = recordMounts();

beforeAll(async () => {
  lab = await openDeployLab(TEMPLATES);
  await deployed(lab, { name: 'plain', template: 'plain', version: '1.0.0' });
  plan = await lab.store.documents.put('plan', { namespace: NAMESPACE, name: 'plain', cluster: 'local', kind: 'upgrade' });
}, 120_000);
afterAll(async () => await lab?.close(), 60_000);

const headers = new Map<string, string | undefined>();

async function headerOf(kind: string, { header, grant, ended }: CallerKind, scope = ''): Promise<string | undefined> {
  const key = `${kind} ${scope}`;
  if (grant === undefined || headers.has(key)) return header ?? headers.get(key);
  const token = `test-${randomBytes(16).toString('base64url')}`;
  const expiresAt = ended === 'expired' ? { expiresAt: new Date(Date.now() - 1_000).toISOString() } : {};
  const made = await lab.store.tokens.add(token, kind, { user: kind, groups: [] }, { ...grant, ...expiresAt });
  if (ended === 'revoked') await lab.store.tokens.revoke(made.id);
  headers.set(key, `Bearer ${token}`);
  return `Bearer ${token}`;
}

/** The same rules in other words than those of `decide`. */
function expected(rule: AccessRule, { place, role: needed = rule.access }: Sample, { grant, ended }: CallerKind): Outcome {
  if (needed === 'public') return 'allowed';
  if (grant === undefined || ended !== undefined) return 401;
  const { roles = [], scopes } = grant;
  if (rule.scope !== undefined && scopes !== undefined) {
    if (!scopes.includes(rule.scope)) return 403;
    if (rule.scopeSuffices) return 'allowed';
  }
  if (needed === 'authenticated') return 'allowed';
  const enough = ROLES.slice(ROLES.indexOf(needed as (typeof ROLES)[number]));
  const places = place === undefined ? undefined : ['*', place];
  return roles.some((own) => enough.includes(own.role) && (places?.includes(own.namespace) ?? true)) ? 'allowed' : 403;
}

async function outcomeOf(rule: AccessRule, { path, body }: Sample, authorization: string | undefined): Promise<Outcome> {
  const response = await fetch(`${lab.dev.url}${path}`, {
    method: rule.method,
    headers: { ...(authorization !== undefined && { authorization }), 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  });
  await response.body?.cancel();
  return response.status === 401 || response.status === 403 ? response.status : 'allowed';
}

describe.each(ACCESS_TABLE.map((rule) => [`${rule.method} ${rule.path}`, rule] as const))('%s', (_route, rule) => {
  const callers = { ...CALLERS, ...withOtherScope(rule), ...(rule.scope !== undefined && withScope(rule.scope)) };

  it('lets in whom the table names, and nobody else', async () => {
    const samples = samplesOf(rule, plan);
    expect(samples.length).toBeGreaterThan(0);
    for (const sample of samples) {
      const [seen, wanted]: Array<Record<string, Outcome>> = [{}, {}];
      for (const [kind, caller] of Object.entries(callers)) {
        if (seen && wanted) {
          seen[kind] = await outcomeOf(rule, sample, await headerOf(kind, caller, rule.scope));
          wanted[kind] = expected(rule, sample, caller);
        }
      }
      expect({ what: sample.what, ...seen }).toEqual({ what: sample.what, ...wanted });
    }
  });

  if (rule.access === 'public') return;

  it('writes down whom it refuses, with the rule and the object', async () => {
    const [sample] = samplesOf(rule, plan);
    const denied =
      rule.scope === undefined
        ? undefined
        : await headerOf('admin with another scope', { grant: scoped(otherScope(rule)) }, rule.scope);
    if (!sample || denied === undefined) return;
    const before = lab.audited.length;
    expect(await outcomeOf(rule, sample, denied)).toBe(403);
    const request = `${rule.method} ${sample.path.split('?')[0]}`;
    const place = sample.place === NAMESPACE || rule.namespace === 'path' ? { namespace: NAMESPACE } : {};
    expect(lab.audited.slice(before)).toEqual([
      {
        ...{ actor: 'admin with another scope', action: rule.action, outcome: 'denied', code: 'forbidden' },
        ...(rule.namespace !== 'handler' && place),
        object: objectOf(sample.path.split('?')[0] ?? '') ?? request,
        detail: { rule: `${rule.method} ${rule.path}`, request, missing: { scope: rule.scope }, token: expect.any(String) },
      },
    ]);
  });
});

/** What a path of a sample is about, from the path alone. */
function objectOf(path: string): string | undefined {
  const [, , , noun, name, third, version] = path.split('/');
  if (name === undefined) return undefined;
  switch (noun) {
    case 'templates':
      return third === 'versions' && version !== undefined ? `template/${name}@${version}` : `template/${name}`;
    case 'installs':
    case 'deployments':
      return `${noun.slice(0, -1)}/local/${NAMESPACE}/plain`;
    case 'registries':
      return `registry/${name}`;
    case 'operations':
    case 'plans':
    case 'tokens':
      return `${noun.slice(0, -1)}/${name}`;
    case 'namespaces':
      return third === 'marketplace-sources' && version !== undefined && version !== 'permissions'
        ? `source/${name}/${version}`
        : undefined;
    default:
      return undefined;
  }
}

describe('the access table', () => {
  it('has a row for each route that is mounted, and no other', () => {
    const rows = ACCESS_TABLE.map(({ method, path }) => `${method} ${path}`);
    expect(rows.toSorted()).toEqual(routesOf(lab.app, recorded));
  });
});

describe('a path that has no row', () => {
  it.each(['/api/v1/nothing', '/api/v1/tokens/a/b', '/api/v1//tokens', '/api/v1/installs/%E0%A4%A'])(
    'is nothing to nobody, and not found by anybody: %s',
    async (path) => {
      const response = await fetch(`${lab.dev.url}${path}`);
      expect([401, 400]).toContain(response.status);
      expect([404, 400]).toContain((await lab.admin.call('GET', path)).status);
    },
  );

  it('is refused also below no API', async () => {
    expect((await fetch(`${lab.dev.url}/anything`)).status).toBe(404);
  });

  it.each(['PUT', 'OPTIONS', 'TRACE-X'])('is one of another method: %s', async (method) => {
    const answer = await lab.admin.call(method, '/api/v1/tokens').catch(() => ({ status: 400 }));
    expect([400, 404]).toContain(answer.status);
  });
});
