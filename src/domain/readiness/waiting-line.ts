import type { ObjectRef } from '../cluster.ts';
import type { ResourceView } from '../deployment.ts';

export interface PendingObject {
  ref: ObjectRef;
  status: ResourceView['status'];
  /** one line: its own state, and what was last heard of it or of one of its pods */
  message: string;
}

/** Characters of the line; a step shows it beside others. */
const MAX_LINE = 300;

/** What is waited for, in one line; `more` is how many others are not ready. */
export function waitingLine({ ref, message }: PendingObject, more: number): string {
  const line = `${ref.kind} ${ref.name}: ${message}`.replaceAll(/\s+/g, ' ');
  return `${line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line}${more > 0 ? ` (and ${more} more)` : ''}`;
}
