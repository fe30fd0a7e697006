import type { AccessRule } from '../../../src/domain/access-table.ts';

/** One request for each row of the access table, or several where more than one thing decides. Everything is about namespace `team-a`. */

export const NAMESPACE = 'team-a';
const RUN = '00000000-0000-4000-8000-000000000001';

export interface Sample {
  /** Tells the samples of one row apart. */
  what?: string;
  path: string;
  body?: unknown;
  /** Where the role is needed; undefined = anywhere. */
  place: string | undefined;
  /** Instead of the row's own. */
  role?: AccessRule['access'];
}

/** What a request to the row is sent with so that its router gets to the namespace; a row with `handler` needs one. */
const BODIES: Record<string, (plan: string) => unknown[]> = {
  'POST /api/v1/installs': () => [{ namespace: NAMESPACE, ref: 'plain' }],
  'POST /api/v1/plans': () => [
    { namespace: NAMESPACE, ref: 'plain' },
    { deployment: `local.${NAMESPACE}.plain`, version: '1.1.0' },
  ],
  'POST /api/v1/deployments': (plan) => [{ namespace: NAMESPACE, ref: 'plain', name: 'fresh' }, { plan }],
};

/** `plan`: digest of a plan in the namespace. */
export function samplesOf(rule: AccessRule, plan: string): Sample[] {
  const route = `${rule.method} ${rule.path}`;
  const to = (id: string) =>
    rule.path
      .replace('{namespace}', NAMESPACE)
      .replace('{id}', id)
      .replace('{digest}', plan)
      .replace('{number}', '1')
      .replace('{version}', '1.0.0')
      .replace('{code}', 'not_found')
      .replace(/\{\w+\}/, 'plain');
  const at = (path: string, place: string | undefined): Sample => ({ path, place });
  switch (rule.namespace) {
    case 'handler':
      return (BODIES[route]?.(plan) ?? (rule.method === 'GET' ? [undefined] : [])).map((body) => ({
        ...at(to(''), NAMESPACE),
        ...(body !== undefined && { what: Object.keys(body as object).join(), body }),
      }));
    case 'query':
      return [
        { ...at(`${to('')}?namespace=${NAMESPACE}`, NAMESPACE), what: 'one namespace' },
        { ...at(to(''), '*'), what: 'all namespaces' },
        { ...at(`${to('')}?namespace=elsewhere&namespace=${NAMESPACE}`, '*'), what: 'a namespace twice' },
      ];
    case 'query-or-any':
      return [
        { ...at(`${to('')}?namespace=${NAMESPACE}`, NAMESPACE), what: 'one namespace' },
        { ...at(to(''), undefined), what: 'no namespace' },
      ];
    case 'install-id':
    case 'deployment-id':
      return [
        { ...at(to(`local.${NAMESPACE}.plain`), NAMESPACE), what: 'an id' },
        { ...at(to(`LOCAL%2e${NAMESPACE}.plain`), undefined), what: 'no id' },
        {
          ...at(
            `${to(`local%2E${NAMESPACE}%2eplain`)
              .toUpperCase()
              .replaceAll(/%2E|TEAM-A|LOCAL|PLAIN/g, lower)}/`,
            NAMESPACE,
          ),
          what: 'an id, spelled oddly',
        },
      ];
    case 'operation-id':
      return operationSamples(rule, to);
    case 'everywhere':
      return [at(to(RUN), '*')];
    default:
      return [at(to(''), undefined)];
  }
}

const lower = (text: string) => text.toLowerCase();

function operationSamples(rule: AccessRule, to: (id: string) => string): Sample[] {
  const changes = rule.access === 'target';
  const sample = (kind: string, role: AccessRule['access'], place: string | undefined): Sample => ({
    what: kind,
    path: to(`${kind}.local.${kind === 'publish' ? 'local' : NAMESPACE}.plain.${RUN}`),
    place,
    role: changes ? role : 'viewer',
  });
  return [
    sample('install', 'installer', NAMESPACE),
    sample('plan', 'installer', NAMESPACE),
    sample('deployment', 'operator', NAMESPACE),
    sample('publish', 'operator', changes ? '*' : undefined),
    { what: 'no id', path: to('nothing'), place: undefined, role: 'viewer' },
  ];
}
