import { pointerOf } from '../json-pointer.ts';
import { fieldsAt, listAt, textAt, valueAt } from '../object-fields.ts';
import type { Finding, Severity } from '../validation.ts';
import { type ContentRule, contentFinding } from './finding.ts';
import type { ContentObject } from './objects.ts';

/** Rights that are worth more than they look: those from which all others follow. */

const RULE: ContentRule = {
  id: 'rbac',
  severity: 'high',
  recommendation: 'Name the resources and verbs that are needed, in the namespace where they are needed.',
};

interface Danger {
  groups: readonly string[];
  resources: readonly string[];
  verbs: readonly string[];
  severity: Severity;
  /** One step less in a Role, whose rights end with its namespace. */
  why: string;
}

const WRITE = ['create', 'update', 'patch'];

const DANGERS: readonly Danger[] = [
  {
    ...{ groups: ['rbac.authorization.k8s.io'], resources: ['roles', 'clusterroles'], verbs: ['escalate', 'bind'] },
    ...{ severity: 'critical', why: 'may give itself every right' },
  },
  {
    ...{ groups: ['', 'authentication.k8s.io'], resources: ['users', 'groups', 'serviceaccounts'], verbs: ['impersonate'] },
    ...{ severity: 'critical', why: 'may act as anybody' },
  },
  {
    ...{ groups: [''], resources: ['serviceaccounts/token'], verbs: ['create'] },
    ...{ severity: 'high', why: 'may make tokens of other accounts' },
  },
  {
    ...{ groups: [''], resources: ['secrets'], verbs: ['get', 'list', 'watch'] },
    ...{ severity: 'high', why: 'may read Secrets' },
  },
  {
    ...{
      groups: [''],
      resources: ['pods/exec', 'pods/attach', 'pods/ephemeralcontainers'],
      verbs: ['create', 'get', 'patch', 'update'],
    },
    ...{ severity: 'high', why: 'may run commands in pods of others' },
  },
  {
    ...{ groups: [''], resources: ['nodes/proxy'], verbs: ['get', 'create'] },
    ...{ severity: 'high', why: 'reaches every container past the API server' },
  },
  {
    ...{
      groups: ['admissionregistration.k8s.io'],
      resources: ['validatingwebhookconfigurations', 'mutatingwebhookconfigurations'],
      verbs: WRITE,
    },
    ...{ severity: 'high', why: 'may read and change every object on its way in' },
  },
  {
    ...{
      groups: ['certificates.k8s.io'],
      resources: ['certificatesigningrequests/approval', 'signers'],
      verbs: ['update', 'patch', 'approve', 'sign'],
    },
    ...{ severity: 'high', why: 'may make certificates for anybody' },
  },
  {
    ...{
      groups: ['', 'apps', 'batch'],
      resources: ['pods', 'deployments', 'daemonsets', 'statefulsets', 'jobs', 'cronjobs'],
      verbs: WRITE,
    },
    ...{ severity: 'medium', why: 'may run pods under any account of where it may' },
  },
];

const EVERYBODY = new Set(['system:anonymous', 'system:unauthenticated', 'system:authenticated', 'system:serviceaccounts']);
const ALL_RIGHTS = new Set(['cluster-admin', 'system:masters']);

/** Findings of a role or a binding; none for other kinds. */
export function rbacFindings(object: ContentObject): Finding[] {
  if (object.kind === 'Role' || object.kind === 'ClusterRole') return roleFindings(object);
  if (object.kind === 'RoleBinding' || object.kind === 'ClusterRoleBinding') return bindingFindings(object);
  return [];
}

function roleFindings(object: ContentObject): Finding[] {
  return listAt(object.value, 'rules').flatMap((rule, index) => {
    const worst = dangersOf(rule)[0];
    if (worst === undefined) return [];
    const severity = object.kind === 'Role' ? lessened(worst.severity) : worst.severity;
    const place = { file: object.file, line: object.line(pointerOf('/rules', index)) };
    return [contentFinding(RULE, place, `${object.kind} ${object.name} ${worst.why}`, severity)];
  });
}

/** Of one rule, the worst first; a rule that says `*` twice is the worst there is. */
function dangersOf(rule: unknown): Array<Pick<Danger, 'severity' | 'why'>> {
  const [groups, resources, verbs] = [textsIn(rule, 'apiGroups'), textsIn(rule, 'resources'), textsIn(rule, 'verbs')];
  const everything = resources.includes('*') && groups.includes('*');
  if (everything && verbs.includes('*')) return [{ severity: 'critical', why: 'may do everything (* on *)' }];
  // A right to single named objects is no right to all of them.
  const named = textsIn(rule, 'resourceNames').length > 0;
  const found = DANGERS.filter(
    (danger) => meets(groups, danger.groups) && meets(resources, danger.resources) && meets(verbs, danger.verbs),
  ).map(({ severity, why }) => ({ severity: named ? lessened(severity) : severity, why }));
  const rank = ({ severity }: { severity: Severity }) => ['critical', 'high', 'medium', 'low', 'info'].indexOf(severity);
  return found.sort((a, b) => rank(a) - rank(b));
}

function meets(given: readonly string[], dangerous: readonly string[]): boolean {
  return given.some(
    (word) =>
      word === '*' || dangerous.includes(word) || (word.startsWith('*/') && dangerous.some((one) => one.endsWith(word.slice(1)))),
  );
}

function textsIn(value: unknown, member: string): string[] {
  const list = valueAt(value, member);
  return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : [];
}

function lessened(severity: Severity): Severity {
  return severity === 'critical' ? 'high' : severity === 'high' ? 'medium' : 'low';
}

function bindingFindings(object: ContentObject): Finding[] {
  const role = textAt(fieldsAt(object.value, 'roleRef'), 'name') ?? '';
  const findings: Finding[] = [];
  const add = (pointer: string, severity: Severity, why: string) => {
    findings.push(
      contentFinding(RULE, { file: object.file, line: object.line(pointer) }, `${object.kind} ${object.name} ${why}`, severity),
    );
  };
  const everywhere = object.kind === 'ClusterRoleBinding';
  if (ALL_RIGHTS.has(role)) add('/roleRef', everywhere ? 'critical' : 'high', `gives the role ${role}: every right there is`);
  listAt(object.value, 'subjects').forEach((subject, index) => {
    const name = textAt(subject, 'name') ?? '';
    if (EVERYBODY.has(name))
      add(pointerOf('/subjects', index), everywhere ? 'critical' : 'high', `gives the role ${role} to ${name}`);
  });
  return findings;
}
