import { z } from 'zod';
import { DEFAULT_AUDIT_PAGE, MAX_AUDIT_EXPORT, MAX_AUDIT_PAGE } from '../../domain/audit.ts';
import { namespaceSchema } from './operations.ts';

const time = z.string().meta({ format: 'date-time' });
const moment = z.iso.datetime({ offset: true, error: 'must be a time such as 2026-01-31T09:00:00Z' });
/** Characters; operation ids are the longest words of the log. */
const MAX_WORD = 400;
const word = z.string().min(1).max(MAX_WORD);

const filters = {
  actor: word.optional().meta({ description: 'User.', example: 'dev' }),
  action: word.optional().meta({ example: 'install' }),
  object: word.optional().meta({ description: 'What the object begins with.', example: 'install/local/team-a/' }),
  outcome: z.enum(['allowed', 'denied']).optional(),
  code: word.optional().meta({ description: 'A word of the error catalogue.', example: 'forbidden' }),
  operation: word.optional(),
  namespace: namespaceSchema.optional(),
  from: moment.optional().meta({ description: 'Entries of this time and later.' }),
  to: moment.optional().meta({ description: 'Entries before this time.' }),
};

export const auditQuerySchema = z.strictObject({
  ...filters,
  order: z.enum(['newest', 'oldest']).default('newest').meta({
    description: '`oldest`: to follow the log; there is always a nextCursor, and an empty page says that nothing is new.',
  }),
  cursor: z
    .string()
    .max(MAX_WORD)
    .optional()
    .meta({ description: 'nextCursor or followCursor of a page with the same filters.' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_AUDIT_PAGE)
    .default(DEFAULT_AUDIT_PAGE)
    .meta({ description: 'Entries on a page.' }),
});
export type AuditRequest = z.infer<typeof auditQuerySchema>;

export const auditExportQuerySchema = z.strictObject({
  ...filters,
  after: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: 'Only entries with a higher id: the last one of the export before.' }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(MAX_AUDIT_EXPORT)
    .default(MAX_AUDIT_EXPORT)
    .meta({ description: 'Lines; where so many came there may be more.' }),
});

const auditEntrySchema = z
  .object({
    id: z.int().meta({ description: 'Rises from entry to entry, with gaps.' }),
    at: time,
    actor: z.string().meta({ description: 'User; `anonymous` for what anybody may read.' }),
    action: z.string().meta({ example: 'install' }),
    object: z.string().meta({ example: 'install/local/team-a/shop' }),
    outcome: z.enum(['allowed', 'denied']),
    code: z.string().optional().meta({ description: 'Why it was denied.' }),
    operation: z.string().optional(),
    namespace: z.string().optional(),
    detail: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'AuditEntry' });

export const auditPageSchema = z
  .object({
    entries: z.array(auditEntrySchema),
    nextCursor: z.string().optional(),
    followCursor: z
      .string()
      .optional()
      .meta({ description: 'For `order=oldest`: begins behind the newest entry of this answer.' }),
  })
  .meta({ id: 'AuditPage' });
