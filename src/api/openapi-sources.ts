import type { ZodOpenApiPathsObject } from 'zod-openapi';
import {
  changedSourceSchema,
  itemsQuerySchema,
  namespacePathSchema,
  newSourceSchema,
  permissionsSchema,
  sourceItemsSchema,
  sourceListSchema,
  sourcePathSchema,
  sourceProblemSchema,
  sourceSchema,
} from './facades/ark/schemas.ts';
import { body, json, operation } from './openapi-parts.ts';

/** Entries of namespace sources in the OpenAPI document. */

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: sourceProblemSchema } },
});
const denied = { 403: problem('The cluster refused the user.') };
const changed = { ...denied, 422: problem('A member is not valid; `errors` names it.') };
const inNamespace = { requestParams: { path: namespacePathSchema } };
const ofSource = { requestParams: { path: sourcePathSchema } };
const base = '/api/v1/namespaces/{namespace}';

export const sourcePaths: ZodOpenApiPathsObject = {
  [`${base}/marketplace-sources`]: {
    get: operation('Sources of a namespace', { 200: json('Sources', sourceListSchema), ...changed }, inNamespace),
    post: operation(
      'Add a source',
      { 201: json('The source', sourceSchema), ...changed },
      { ...inNamespace, ...body(newSourceSchema) },
    ),
  },
  [`${base}/marketplace-sources/permissions`]: {
    get: operation('Whether the user may change them', { 200: json('The answer', permissionsSchema) }, inNamespace),
  },
  [`${base}/marketplace-sources/{name}`]: {
    get: operation('One source', { 200: json('The source', sourceSchema), ...changed }, ofSource),
    patch: operation(
      'Replace the value of a source',
      { 200: json('The source', sourceSchema), ...changed },
      { ...ofSource, ...body(changedSourceSchema) },
    ),
    delete: operation('Remove a source', { 204: { description: 'Removed', content: {} }, ...changed }, ofSource),
  },
  [`${base}/marketplace-items`]: {
    get: operation(
      'Items of all sources of a namespace',
      { 200: json('One entry per source', sourceItemsSchema), ...changed },
      { requestParams: { path: namespacePathSchema, query: itemsQuerySchema } },
    ),
  },
};
