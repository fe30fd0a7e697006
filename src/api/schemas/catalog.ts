import { z } from 'zod';
import { namespaceSchema } from './operations.ts';
import { searchPageSchema, searchParametersSchema, templateSummarySchema } from './registry.ts';

const registryNameSchema = z.string().max(63).meta({ description: 'Ask this registry only.' });

export const catalogSearchSchema = searchParametersSchema.omit({ page: true, pageSize: true, categories: true }).extend({
  registry: registryNameSchema.optional(),
  namespace: namespaceSchema
    .optional()
    .meta({ description: 'Tell for each template which version this namespace has installed.' }),
});

export const catalogTemplateSchema = z.strictObject({
  version: z.string().max(256).optional(),
  registry: registryNameSchema.optional(),
  scope: z.literal('federated').optional(),
});

export const catalogPageSchema = searchPageSchema
  .extend({
    templates: z.array(templateSummarySchema.extend({ installed: z.string().optional() })),
    partial: z.boolean().meta({ description: 'Some registry did not answer; see errors.' }),
    errors: z.array(z.object({ registry: z.string(), code: z.string(), message: z.string() })),
  })
  .meta({ id: 'CatalogPage' });
