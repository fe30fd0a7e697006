import { completeness, completenessScorer, seal } from './completeness.ts';
import type { Scorer, StatusThresholds, Validator } from './validation.ts';
import { PUBLISH_THRESHOLDS } from './validation.ts';

/** Everything that judges an archive. Scanners join by being put into these lists. */
export interface ValidationSet {
  validators: readonly Validator[];
  scorers: readonly Scorer[];
  thresholds: StatusThresholds;
}

/** What there is today; nothing looks for secrets or vulnerabilities yet, and no one gives points for security and quality. */
export const VALIDATION: ValidationSet = Object.freeze({
  validators: [seal, completeness],
  scorers: [completenessScorer('documentation'), completenessScorer('metadata')],
  thresholds: PUBLISH_THRESHOLDS,
});
