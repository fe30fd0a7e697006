import { z } from 'zod';

const time = z.string().meta({ format: 'date-time' });

/** The record of why a template was let in, as the API shows it. */
export const decisionSchema = z
  .object({
    allowed: z.boolean(),
    code: z.string().optional().meta({ description: 'Of the first rule that denied.' }),
    template: z.string(),
    registry: z.string(),
    digest: z.string(),
    at: time,
    policies: z.string().meta({ description: 'Digest of the policies it was made by.' }),
    rules: z.array(
      z.object({
        rule: z.string(),
        verdict: z.enum(['passed', 'denied', 'waived', 'noted', 'not-asked']).meta({
          description: '`noted` did not hold and is let in by the policy of the registry; `waived` would have denied.',
        }),
        input: z.record(z.string(), z.json()).meta({ description: 'What the rule looked at.' }),
        why: z.string(),
        severity: z.enum(['critical', 'high', 'medium', 'low', 'info']).optional(),
        waiver: z.object({ owner: z.string(), reason: z.string(), expires: time }).optional(),
      }),
    ),
    more: z.int().meta({ description: 'Rules left out because there are too many; none of them denied.' }),
  })
  .meta({ id: 'Decision' });
