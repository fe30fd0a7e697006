import type { PlannedObject, PlanSummary } from '../deployment.ts';

/** How many objects of each action. Those that are kept are not counted: nothing happens to them. */
export function summaryOf(objects: PlannedObject[]): PlanSummary {
  const summary: PlanSummary = { create: 0, update: 0, unchanged: 0, delete: 0 };
  for (const { action } of objects) if (action !== 'keep') summary[action] += 1;
  return summary;
}
