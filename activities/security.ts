import type { ActivityDeps } from './deps.ts';
import { createValidateStage } from './validate-stage.ts';

/** What could harm whoever installs it. */
export function createSecurity(deps: ActivityDeps) {
  return createValidateStage(deps, 'security');
}
