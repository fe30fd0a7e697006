import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { packCatalogSchema, packDetailSchema, packPathSchema, packProblemSchema } from './facades/helmdeck/schemas.ts';
import { json, operation } from './openapi-parts.ts';

/** Entries of the helmdeck face in the OpenAPI document. */

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: packProblemSchema } },
});
const refused = { 401: problem('`missing_bearer` or `invalid_token`.') };
const away = { 503: problem('`marketplace_not_ready` or `marketplace_disabled`.') };

export const packPaths: ZodOpenApiPathsObject = {
  '/api/v1/marketplace/catalog': {
    get: operation('The pack catalog as last fetched', { 200: json('The catalog', packCatalogSchema), ...refused, ...away }),
  },
  '/api/v1/marketplace/refresh': {
    post: operation('Fetch the pack catalog now', {
      200: json('The new catalog', packCatalogSchema),
      ...refused,
      502: problem('`marketplace_fetch_failed`; the old catalog stays.'),
      503: problem('`marketplace_disabled`.'),
    }),
  },
  '/api/v1/marketplace/packs/{name}': {
    get: operation(
      'One pack with its manifest, fetched now',
      {
        200: json('The pack', packDetailSchema),
        ...refused,
        404: problem('`pack_not_in_catalog`.'),
        502: problem('`manifest_fetch_failed`.'),
        ...away,
      },
      { requestParams: { path: packPathSchema } },
    ),
  },
};
