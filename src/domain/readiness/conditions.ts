import { type Fields, listAt, textAt } from '../object-fields.ts';

/** Conditions in an object's status, the way Kubernetes writes them. */

export interface Condition {
  type: string;
  /** `True`, `False` or `Unknown` */
  status: string;
  reason?: string;
  message?: string;
}

export function conditionsOf(object: unknown): Condition[] {
  return listAt(object, 'status', 'conditions').flatMap((fields) => conditionOf(fields) ?? []);
}

function conditionOf(fields: Fields): Condition | undefined {
  const type = textAt(fields, 'type');
  const reason = textAt(fields, 'reason');
  const message = textAt(fields, 'message');
  if (type === undefined) return undefined;
  return { type, status: textAt(fields, 'status') ?? 'Unknown', ...(reason ? { reason } : {}), ...(message ? { message } : {}) };
}

/** The condition of a type, in whatever status. */
export function conditionOfType(object: unknown, type: string): Condition | undefined {
  return conditionsOf(object).find((condition) => condition.type === type);
}

/** The condition of a type where it is true. */
export function trueCondition(object: unknown, type: string): Condition | undefined {
  const condition = conditionOfType(object, type);
  return condition?.status === 'True' ? condition : undefined;
}

/** What a condition says, in one line; its type where it says nothing. */
export function conditionText({ type, reason, message }: Condition): string {
  return message ?? reason ?? type;
}
