import { z } from 'zod';

/** What validators find, and what later looks at installed templates have found. */

const time = z.string().meta({ format: 'date-time' });

export const findingSchema = z
  .object({
    id: z.string().meta({ description: 'Who found it, and which check.', example: 'content/privileged' }),
    severity: z.enum(['critical', 'high', 'medium', 'low', 'info']),
    file: z.string().meta({ description: 'Path in the archive.' }),
    line: z.int().optional(),
    explanation: z.string(),
    recommendation: z.string(),
  })
  .meta({ id: 'Finding' });

/** Beside an install; absent until it was looked at. */
export const installCheckSchema = z
  .object({
    checkedAt: time,
    ruleset: z.string().meta({ description: 'A name for all rules and data that it was looked at with.' }),
    failure: z
      .object({ code: z.string(), message: z.string() })
      .optional()
      .meta({ description: 'Why the last look did not come to an end; what was found before stands.' }),
    findings: z.array(findingSchema.extend({ since: time })),
  })
  .meta({ id: 'InstallCheck', description: 'What the last look at the archive found.' });
