import { z } from 'zod';
import { problemSchema } from '../../problem.ts';

/** What the helmdeck face answers; its names are the reference's. */

const entrySchema = z
  .object({
    name: z.string().meta({ example: 'cmd.upper' }),
    version: z.string().meta({ description: 'As written in the index.', example: 'v1' }),
    path: z.string(),
    description: z.string(),
    author: z.string(),
    category: z.string().optional(),
    tags: z.array(z.string()).optional(),
    installs: z.int().optional(),
    stars: z.int().optional(),
  })
  .meta({ id: 'PackEntry', description: 'One line of a pack catalog.' });

export const packCatalogSchema = z
  .object({
    index: z.object({ catalog_version: z.string().optional(), updated_at: z.string().optional(), packs: z.array(entrySchema) }),
    meta: z.object({
      source: z.string().meta({ description: 'As configured.' }),
      resolved_url: z.string().meta({ description: 'What was fetched.' }),
      fetched_at: z.string().meta({ description: 'When the index shown was fetched.' }),
      last_error: z.string().optional().meta({ description: 'Why the last refresh failed; the index is then an older one.' }),
    }),
  })
  .meta({ id: 'PackCatalog' });

export const packDetailSchema = z
  .object({
    entry: entrySchema,
    manifest: z.record(z.string(), z.unknown()).meta({ description: 'helmdeck-pack.yaml as JSON.' }),
    warnings: z.array(z.string()).optional().meta({ description: "Where the manifest breaks the catalog's schema." }),
  })
  .meta({ id: 'PackDetail' });

export const packPathSchema = z.object({ name: z.string() });

export const packProblemSchema = problemSchema
  .extend({ error: z.string(), message: z.string() })
  .meta({ id: 'PackProblem', description: 'A problem document that clients of helmdeck can read too.' });
