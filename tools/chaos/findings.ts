import type { OperationView } from '../../src/domain/operation.ts';
import type { PlannedInstall } from './plan.ts';

/** What may be wrong after a run. docs/benchmarks.md says what counts as what. */
export const FINDING_KINDS = ['lost', 'doubled', 'stuck', 'orphaned'] as const;

export interface Finding {
  kind: (typeof FINDING_KINDS)[number];
  /** One line for people. */
  text: string;
}

/** An accepted install and what became of it. */
export interface Outcome {
  install: PlannedInstall;
  /** Operation id. */
  id: string;
  fate: 'ended' | 'unknown' | 'stuck';
  /** As read last; absent where the engine never answered for it. */
  operation?: OperationView;
}

/** What the operations themselves tell: the registry answers every request here, so each of them must succeed. */
export function judgeOutcomes(outcomes: readonly Outcome[]): Finding[] {
  return outcomes.flatMap(({ install, id, fate, operation }): Finding[] => {
    const name = `${install.namespace}/${install.name} (${id})`;
    if (fate === 'unknown') return [{ kind: 'lost', text: `${name}: the engine does not know it any more` }];
    if (fate === 'stuck')
      return [{ kind: 'stuck', text: `${name}: still ${operation?.state ?? 'unread'} in ${operation?.step}` }];
    if (operation?.state === 'succeeded') return [];
    return [{ kind: 'lost', text: `${name}: ${operation?.state}: ${operation?.failure?.code}: ${operation?.failure?.message}` }];
  });
}

/** How often each step lost its worker and was done again by another one: what the kills hit. */
export function countInterrupted(outcomes: readonly Outcome[]): Record<string, number> {
  const steps = outcomes.flatMap(({ operation }) => operation?.steps ?? []);
  const counts: Record<string, number> = {};
  for (const { name, attempts } of steps) {
    const lost = attempts.filter(({ outcome }) => outcome === 'worker_lost').length;
    if (lost > 0) counts[name] = (counts[name] ?? 0) + lost;
  }
  return counts;
}

/**
 * The one step that may fail without failing its operation (DESIGN section 8): killed again and again for as long as it may take, it
 * gives up, and the operation says so. Only then may its record be missing.
 */
const DISPENSABLE_STEP = 'update-cache';

/** Whether the operation itself shows the step as failed and warns of it. */
export function gaveUp({ operation }: Outcome, name: string): boolean {
  const step = operation?.steps.find((candidate) => candidate.name === name);
  const warned = operation?.warnings.some((warning) => warning.startsWith(`${name}:`)) ?? false;
  return name === DISPENSABLE_STEP && step?.state === 'failed' && warned;
}

/** Operations that succeeded without their dispensable step. */
export function countWarned(outcomes: readonly Outcome[]): number {
  return outcomes.filter((outcome) => gaveUp(outcome, DISPENSABLE_STEP)).length;
}

export function operationRoot(id: string): string {
  return id.split('.').at(-1) ?? '';
}
