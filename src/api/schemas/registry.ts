import { z } from 'zod';
import { LIMITS, templateNameSchema, templateTypeSchema, versionSchema } from '../../domain/registry-schemas.ts';
import { MAX_PAGE_SIZE } from '../../domain/search-page.ts';

/** The registry protocol's requests. The answers are in domain/registry-schemas.ts, because the client side reads them too. */

export {
  categoryListSchema,
  searchPageSchema,
  templateDetailSchema,
  templateSummarySchema,
  versionListSchema,
} from '../../domain/registry-schemas.ts';

/** Characters of a search text; longer ones are pasted by mistake. */
const MAX_QUERY_LENGTH = 200;
/** Values of one list parameter. */
const MAX_LIST_LENGTH = 50;

/** A parameter that may be repeated and may hold a comma list; empty parts are dropped. */
export const listParameter = <T extends string = string>(
  description: string,
  item: z.ZodType<T, string> = z.string().max(LIMITS.name) as unknown as z.ZodType<T, string>,
) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((value) =>
      [value]
        .flat()
        .flatMap((part) => part.split(','))
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(item).max(MAX_LIST_LENGTH))
    .optional()
    .meta({ description, override: { type: 'array', items: { type: 'string' }, anyOf: undefined } });
const wholeNumber = (max: number) => z.coerce.number().int().min(1).max(max).optional();

const searchParameters = z.strictObject({
  q: z
    .string()
    .max(MAX_QUERY_LENGTH)
    .optional()
    .meta({ description: 'Words; all of them must be found.', example: 'key value store' }),
  category: listParameter('Any of these; repeated or separated by commas.'),
  categories: listParameter('The same as category.'),
  tag: listParameter('All of these; repeated or separated by commas.'),
  type: templateTypeSchema.optional(),
  sort: z.enum(['relevance', 'name']).optional(),
  cursor: z.string().max(LIMITS.text).optional().meta({ description: 'nextCursor of the page before, for the same query.' }),
  limit: wholeNumber(MAX_PAGE_SIZE).meta({ description: 'Templates on a page (default 20).' }),
  scope: z.enum(['local', 'federated']).optional().meta({ description: 'local: only what this server itself publishes.' }),
  page: wholeNumber(1_000_000).meta({ description: '1-based; only with scope=local.' }),
  pageSize: wholeNumber(MAX_PAGE_SIZE).meta({ description: 'Only with scope=local; the same as limit.' }),
});

/** The parameters as the OpenAPI document lists them. */
export const searchParametersSchema = searchParameters;

/** The parameters with the rules between them. */
export const searchQuerySchema = searchParameters.superRefine((query, context) => {
  const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (query.scope !== 'local' && query.page !== undefined) refuse('page', 'needs scope=local; use the cursor otherwise');
  if (query.scope !== 'local' && query.pageSize !== undefined) refuse('pageSize', 'needs scope=local; use limit otherwise');
  if (query.limit !== undefined && query.pageSize !== undefined) refuse('pageSize', 'give limit or pageSize, not both');
});

export const templatePathSchema = z.object({ name: templateNameSchema });
const localScope = z.literal('local').optional().meta({ description: 'Only what this server itself publishes.' });
export const versionQuerySchema = z.strictObject({ version: versionSchema.optional(), scope: localScope });
export const archiveQuerySchema = z.strictObject({ version: versionSchema });
export const noQuerySchema = z.strictObject({ scope: localScope });
