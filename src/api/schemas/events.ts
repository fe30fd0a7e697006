import { z } from 'zod';
import { MAX_PAGE_SIZE } from '../../domain/search-page.ts';
import { findingSchema } from './findings.ts';
import { namespaceSchema } from './operations.ts';

/** Events about what is installed. */

const time = z.string().meta({ format: 'date-time' });
const DEFAULT_EVENTS = 20;

export const eventQuerySchema = z.strictObject({
  namespace: namespaceSchema.optional(),
  cursor: z.string().max(400).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(DEFAULT_EVENTS),
});

export const eventListSchema = z
  .object({
    events: z.array(
      z
        .object({
          id: z.int(),
          at: time,
          type: z.literal('finding.new'),
          digest: z.string(),
          ruleset: z.string(),
          finding: findingSchema,
          goneAt: time.optional().meta({ description: 'A later look did not find it any more.' }),
          installs: z
            .array(z.object({ id: z.string(), namespace: z.string(), name: z.string(), version: z.string() }))
            .meta({ description: 'What is installed with these bytes now.' }),
        })
        .meta({ id: 'InstallEvent' }),
    ),
    nextCursor: z.string().optional(),
  })
  .meta({ id: 'InstallEventList' });
