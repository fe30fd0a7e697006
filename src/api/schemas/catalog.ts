import { z } from 'zod';
import { LIMITS } from '../../domain/registry-schemas.ts';
import { MAX_PAGE_SIZE } from '../../domain/search-page.ts';
import { namespaceSchema } from './operations.ts';
import {
  categoryListSchema,
  listParameter,
  searchPageSchema,
  searchParametersSchema,
  templateDetailSchema,
  templateSummarySchema,
} from './registry.ts';

/** The catalog as people search it: parameters and answers. */

const registryType = z.enum(['official', 'community', 'institutional', 'private']);
const templateType = z.enum(['workload', 'manifests', 'helm', 'deployer', 'pack', 'stack']);
/** In a query, so `false` is a text that must not count as true. */
const flag = (description: string) =>
  z
    .enum(['true', 'false'])
    .transform((text) => text === 'true')
    .optional()
    .meta({ description, override: { type: 'boolean', enum: undefined } });

export const catalogSearchSchema = searchParametersSchema.omit({ page: true, pageSize: true, type: true, sort: true }).extend({
  type: listParameter('Any of these types; repeated or separated by commas.', templateType),
  registry: listParameter('Only these registries; repeated or separated by commas.'),
  registryType: listParameter('Any of these types of registry.', registryType),
  license: listParameter('Any of these licences.'),
  verified: flag('Only templates whose owner was proven, or only the others.'),
  facets: flag('Counts by category, registry, type, verified and licence beside the page.'),
  minRating: z.coerce
    .number()
    .min(0)
    .max(5)
    .optional()
    .meta({ description: 'Only templates that are rated so high, 0 to 5; what nobody has rated is left out.' }),
  sort: z.enum(['relevance', 'name', 'downloads', 'rating', 'updated']).optional(),
  namespace: namespaceSchema
    .optional()
    .meta({ description: 'Tell for each template which version this namespace has installed.' }),
});

const registryNameSchema = z.string().max(LIMITS.name).meta({ description: 'Ask this registry only.' });

export const catalogTemplateSchema = z.strictObject({
  version: z.string().max(256).optional(),
  registry: registryNameSchema.optional(),
  scope: z.literal('federated').optional(),
});

const troubleSchema = z.object({ registry: z.string(), code: z.string(), message: z.string() }).meta({ id: 'RegistryTrouble' });
const countsSchema = z.array(z.object({ value: z.string(), count: z.int() }));

const partialSchema = z.boolean().meta({ description: 'Some registry did not answer; see errors.' });
const staleSchema = z
  .array(z.object({ registry: z.string(), ageSeconds: z.int() }))
  .meta({ description: 'Registries whose listing is older than it should be, with its age.' });

/** With `scope=local` there are the categories and nothing else. */
export const catalogCategoriesSchema = categoryListSchema
  .extend({ partial: partialSchema.optional(), errors: z.array(troubleSchema).optional(), stale: staleSchema.optional() })
  .meta({ id: 'CatalogCategories', description: 'Categories in use, with the number of templates, over every registry.' });

const catalogHitSchema = templateSummarySchema.extend({
  installed: z.string().optional(),
  alsoIn: z.array(z.string()).optional().meta({ description: 'Other registries that list the same bytes.' }),
});

export const catalogPageSchema = searchPageSchema
  .extend({
    templates: z.array(catalogHitSchema).max(MAX_PAGE_SIZE),
    facets: z
      .object({
        category: countsSchema,
        registry: countsSchema,
        type: countsSchema,
        registryType: countsSchema,
        verified: countsSchema,
        license: countsSchema,
      })
      .optional(),
    partial: partialSchema,
    errors: z.array(troubleSchema),
    stale: staleSchema,
    suggestions: z
      .array(z.object({ registry: z.string(), name: z.string() }))
      .optional()
      .meta({ description: 'Names that are near, when nothing was found.' }),
  })
  .meta({ id: 'CatalogPage' });

export const catalogTemplateAnswerSchema = templateDetailSchema
  .extend({
    stale: z
      .object({ ageSeconds: z.int(), error: troubleSchema })
      .optional()
      .meta({ description: 'The registry could not be asked; this is what it said so long ago.' }),
  })
  .meta({ id: 'CatalogTemplate' });
