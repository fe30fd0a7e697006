import { z } from 'zod';
import { SEVERITIES } from '../validation.ts';
import { PUBLISH_THRESHOLDS, type StatusThresholds } from '../validation-score.ts';

/** `spec` of a `PublishPolicy`: what is rejected when it is published here, and what should be reviewed; what it leaves out is as without it. */

const severity = z.enum(SEVERITIES);
const points = z.number().min(0).max(100);

export const publishPolicySchema = z
  .strictObject({
    rejectSeverity: severity.optional(),
    reviewSeverity: severity.optional(),
    rejectBelow: points.optional(),
    reviewBelow: points.optional(),
  })
  .refine((spec) => Object.keys(spec).length > 0, 'must name at least one threshold')
  .transform(
    (spec): StatusThresholds => ({
      rejectSeverity: spec.rejectSeverity ?? PUBLISH_THRESHOLDS.rejectSeverity,
      reviewSeverity: spec.reviewSeverity ?? PUBLISH_THRESHOLDS.reviewSeverity,
      rejectBelow: spec.rejectBelow ?? PUBLISH_THRESHOLDS.rejectBelow,
      reviewBelow: spec.reviewBelow ?? PUBLISH_THRESHOLDS.reviewBelow,
    }),
  )
  .refine(
    ({ rejectBelow, reviewBelow }) => rejectBelow <= reviewBelow,
    'rejects what it would not even have reviewed: rejectBelow must not be above reviewBelow',
  )
  .refine(
    ({ rejectSeverity, reviewSeverity }) => SEVERITIES.indexOf(rejectSeverity) <= SEVERITIES.indexOf(reviewSeverity),
    'rejects what it would not even have reviewed: reviewSeverity must not be worse than rejectSeverity',
  );
