import type { V1ResourceRule } from '@kubernetes/client-node';
import type { AccessQuestion } from '../../domain/cluster.ts';

/** Whether one of the rules allows it; the matching of kubernetes/plugin/pkg/auth/authorizer/rbac. */
export function isAllowed(rules: readonly V1ResourceRule[], question: AccessQuestion): boolean {
  return rules.some(
    (rule) =>
      includes(rule.verbs, question.verb) &&
      includes(rule.apiGroups, question.group) &&
      includesResource(rule.resources, question.resource) &&
      includesName(rule.resourceNames, question.name),
  );
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return list?.some((item) => item === '*' || item === value) ?? false;
}

/** A rule for a resource does not cover its subresources: `pods` is not `pods/log`; `*` and `*` + `/log` are. */
function includesResource(list: readonly string[] | undefined, resource: string): boolean {
  const slash = resource.indexOf('/');
  return includes(list, resource) || (slash >= 0 && (list?.includes(`*${resource.slice(slash)}`) ?? false));
}

function includesName(names: readonly string[] | undefined, name: string | undefined): boolean {
  if (names === undefined || names.length === 0) return true;
  return name !== undefined && names.includes(name);
}
