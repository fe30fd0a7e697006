import { z } from 'zod';
import { advisorySchema } from '../../domain/vulnerabilities/advisory.ts';
import { VULNERABILITY_LIMITS } from '../../domain/vulnerabilities/database.ts';

/** What the import of vulnerability data takes and gives. */

const time = z.string().meta({ format: 'date-time' });
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/, 'is not sha256: and 64 hexadecimal digits');
const sourceName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,62}$/, 'is no name: lower-case letters, digits, dots and dashes, at most 63')
  .meta({ description: 'What the data are called; an import replaces what has the same name.', example: 'npm' });
const count = z.int().min(0);

export const vulnerabilityImportRequestSchema = z
  .strictObject({
    name: sourceName,
    file: z
      .string()
      .min(1)
      .max(255)
      .regex(/^\P{Cc}+$/u, 'has control characters')
      .meta({ example: 'all.zip' }),
    digest: digest.meta({ description: 'Of the file; an import of the same one goes on where it stopped.' }),
  })
  .meta({ id: 'VulnerabilityImportRequest' });

export const vulnerabilityBatchSchema = z
  .strictObject({ advisories: z.array(advisorySchema).min(1).max(VULNERABILITY_LIMITS.batch) })
  .meta({ id: 'VulnerabilityBatch' });

export const vulnerabilityCompleteSchema = z
  .strictObject({
    batches: count,
    entries: count,
    allowSmaller: z.boolean().default(false).meta({ description: 'It is meant that there is less than half of what is in use.' }),
  })
  .meta({ id: 'VulnerabilityComplete' });

export const importPathSchema = z.strictObject({ id: z.uuid() });
export const batchPathSchema = importPathSchema.extend({ number: z.coerce.number().int().min(0).max(1_000_000) });

export const vulnerabilitySourceSchema = z
  .object({
    name: z.string(),
    file: z.string(),
    digest: z.string(),
    entries: count.meta({ description: 'Advisories, one for each package they speak of.' }),
    ecosystems: z.array(z.string()),
    newest: time.meta({ description: 'The newest change of any advisory: how old the data are.' }),
    importedAt: time,
    importedBy: z.string(),
  })
  .meta({ id: 'VulnerabilitySource' });

export const vulnerabilityStatusSchema = z
  .object({ sources: z.array(vulnerabilitySourceSchema) })
  .meta({ id: 'VulnerabilityStatus' });

export const vulnerabilityImportSchema = z
  .object({ import: z.object({ id: z.uuid(), next: count.meta({ description: 'The batch to be sent next, from 0.' }) }) })
  .meta({ id: 'VulnerabilityImport' });

export const vulnerabilityInUseSchema = z.object({ inUse: vulnerabilitySourceSchema }).meta({ id: 'VulnerabilityInUse' });
