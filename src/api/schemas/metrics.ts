import { z } from 'zod';

/** What the API tells of what was measured. */

export const templateMetricsSchema = z
  .object({
    name: z.string(),
    registry: z.string().optional(),
    searches: z.int().meta({ description: 'Times it was on a page of hits.' }),
    downloads: z.int().meta({ description: 'Times this server handed out its archive.' }),
    installs: z.object({
      total: z.int(),
      succeeded: z.int(),
      failed: z.int(),
      cancelled: z.int(),
      successRate: z.number().min(0).max(1).optional().meta({ description: 'Of those that were not cancelled.' }),
    }),
    validations: z.record(z.string(), z.int()).meta({ description: 'Outcomes of looking at its content.' }),
    errors: z.record(z.string(), z.int()).meta({ description: 'Codes that operations on it ended with.' }),
  })
  .meta({ id: 'TemplateMetrics', description: 'Counted by all servers together.' });

const checkSchema = z.object({
  at: z.string(),
  ok: z.boolean(),
  code: z.string().optional(),
  message: z.string().optional(),
  latencyMs: z.int(),
  bytes: z.int().meta({ description: 'Read from it during the check.' }),
  bytesPerSecond: z.int().optional(),
  certificateEndsAt: z.string().optional(),
});

export const registryChecksSchema = z
  .object({
    latest: checkSchema,
    window: z.object({
      seconds: z.int(),
      checks: z.int(),
      failures: z.int(),
      errorRate: z.number().min(0).max(1),
      errors: z.record(z.string(), z.int()),
      failuresInARow: z.int(),
      pattern: z.enum(['healthy', 'failing', 'recovered', 'intermittent']),
      latencyMs: z.object({ average: z.int(), max: z.int() }).optional(),
      bytesPerSecond: z.int().optional(),
    }),
    history: z.array(checkSchema).meta({ description: 'Newest first, at most 20.' }),
  })
  .meta({ id: 'RegistryChecks', description: 'By the periodic checks, whichever server made them.' });
