import type { KubeObject } from '../cluster.ts';
import type { ResourceView } from '../deployment.ts';

/** What an object's own members say about it. */
export interface Readiness {
  status: ResourceView['status'];
  message?: string;
}

/** The rule of one kind; asked only when the rules for all kinds left it open. */
export type ReadinessRule = (object: KubeObject) => Readiness;

export function ready(message?: string): Readiness {
  return message === undefined ? { status: 'ready' } : { status: 'ready', message };
}

export function progressing(message: string): Readiness {
  return { status: 'progressing', message };
}

export function failed(message: string): Readiness {
  return { status: 'failed', message };
}

/** The first check that finds something; `whenFine` where none does. */
export function firstOf(checks: Array<Readiness | undefined | false>, whenFine: Readiness): Readiness {
  for (const check of checks) if (check) return check;
  return whenFine;
}
