import type { ActivityDeps } from './deps.ts';
import { createValidateStage } from './validate-stage.ts';

/** What is missing for others to use it well. */
export function createQuality(deps: ActivityDeps) {
  return createValidateStage(deps, 'quality');
}
