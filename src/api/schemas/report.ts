import { z } from 'zod';
import { LIMITS, versionSchema } from '../../domain/registry-schemas.ts';
import { findingSchema } from './findings.ts';

/** The report of one version of a template. */

const time = z.string().meta({ format: 'date-time' });

export const templateReportQuerySchema = z.strictObject({
  version: versionSchema.optional().meta({ description: 'The default version when left out.' }),
  registry: z.string().max(LIMITS.name).optional().meta({ description: 'Where to look; as for a bare name when left out.' }),
});

const partSchema = z.object({
  points: z.number(),
  lost: z.array(z.object({ check: z.string(), points: z.number(), why: z.string() })),
});

const validationReportSchema = z
  .looseObject({
    status: z.enum(['approved', 'needs-review', 'rejected']),
    reasons: z.array(z.string()),
    score: z.object({
      parts: z.object({
        security: partSchema.optional(),
        quality: partSchema.optional(),
        documentation: partSchema.optional(),
        metadata: partSchema.optional(),
      }),
      measured: z.number().meta({ description: 'Of the parts that were measured, by their weights.' }),
      total: z.number().optional().meta({ description: 'Only where all four parts were measured.' }),
    }),
    findings: z.array(findingSchema),
    more: z.int().meta({ description: 'Findings that are not in the list.' }),
    complexity: z.enum(['simple', 'moderate', 'complex']).optional().meta({ description: 'Beside the score, no part of it.' }),
    ruleset: z.string().optional().meta({ description: 'What it was made with.' }),
  })
  .meta({ id: 'ValidationReport' });

export const templateReportSchema = z
  .object({
    name: z.string(),
    version: z.string(),
    registry: z.string(),
    digest: z.string(),
    from: z
      .enum(['publish', 'scan'])
      .meta({ description: 'Made when it was published to this server, or when its archive was last scanned.' }),
    at: time,
    report: validationReportSchema.optional(),
    scan: z
      .object({
        ruleset: z.string(),
        contentHash: z.string(),
        trust: z.object({ verified: z.boolean(), note: z.string() }),
        files: z.int(),
        unpackedBytes: z.int(),
        notes: z.array(z.string()).optional().meta({ description: 'About the translation of a format that is not ours.' }),
      })
      .optional(),
    check: z
      .object({ checkedAt: time, ruleset: z.string(), findings: z.array(findingSchema.extend({ since: time })) })
      .optional()
      .meta({ description: 'The last look since, where it is installed somewhere.' }),
  })
  .meta({ id: 'TemplateReport' });
