import type { Plan, PlannedAction, PlannedDependency, PlannedObject, PlanSummary } from '../deployment.ts';
import { refText } from '../object-ref.ts';
import { changeText, dependencyText, pinText } from './words.ts';

/**
 * A plan for people, line by line. The first character that is no blank says what a line is: `+` comes, `-` goes, `~` changes,
 * `!` is to be looked at; a terminal may colour by it.
 */

const MARKS: Readonly<Record<PlannedAction, string>> = { create: '+', update: '~', unchanged: ' ', delete: '-', keep: ' ' };

/** Indent of the changes below their object. */
const INDENT = '    ';

export function planText(plan: Plan): string[] {
  const { requests, quotas } = plan.capacity;
  const short = quotas.filter(({ fits }) => !fits);
  return [
    titleOf(plan),
    ...plan.dependencies.map(dependencyLine),
    ...plan.objects.flatMap(objectLines),
    ...(plan.images.length > 0 ? [`  images: ${plan.images.join(', ')}`] : []),
    ...(requests.pods > 0
      ? [`  asks for ${requests.pods === 1 ? '1 pod' : `${requests.pods} pods`}, cpu ${requests.cpu}, memory ${requests.memory}`]
      : []),
    ...plan.permissions.filter(({ allowed }) => !allowed).map((missing) => `! not allowed: ${permissionText(missing)}`),
    ...short.map(
      ({ quota, resource, hard, used, adds }) => `! quota ${quota}: ${resource} needs ${adds} more, ${used} of ${hard} are used`,
    ),
    ...plan.warnings.map((warning) => `! ${warning}`),
    summaryText(plan.summary),
  ];
}

function titleOf({ kind, namespace, name, template, base, rollbackOf }: Plan): string {
  const what = `${kind} ${namespace}/${name}`;
  if (kind === 'rollback') return `${what} from revision ${base} to revision ${rollbackOf ?? '?'} (${pinText(template)})`;
  return base > 0 ? `${what} from revision ${base} to ${pinText(template)}` : `${what} from ${pinText(template)}`;
}

function dependencyLine(dependency: PlannedDependency): string {
  const { action, namespace, name } = dependency;
  return `${action === 'deploy' ? '+' : ' '} dependency ${namespace}/${name}: ${dependencyText(dependency)}`;
}

function objectLines({ action, ref, checked, changes, truncated }: PlannedObject): string[] {
  const later = checked === 'later' ? ' (not tried: its namespace or kind comes with this plan)' : '';
  const below = action === 'update' ? changes.map((change) => `${INDENT}${changeText(change)}`) : [];
  return [
    `${MARKS[action]} ${action} ${refText(ref)}${later}`,
    ...below,
    ...(truncated && below.length > 0 ? [`${INDENT}  and more changes`] : []),
  ];
}

function permissionText({ verb, group, resource, namespace }: Plan['permissions'][number]): string {
  return `${verb} ${resource}${group ? `.${group}` : ''}${namespace ? ` in namespace ${namespace}` : ''}`;
}

/** `Plan: 3 to create, 1 to update, 2 unchanged, 0 to delete`. */
function summaryText({ create, update, unchanged, delete: gone }: PlanSummary): string {
  return `Plan: ${create} to create, ${update} to update, ${unchanged} unchanged, ${gone} to delete`;
}
