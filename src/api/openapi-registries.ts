import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { json, operation } from './openapi-parts.ts';
import {
  registryDetailSchema,
  registryHealthSchema,
  registryListSchema,
  registryNamePathSchema,
  registryRefreshSchema,
  registryTestSchema,
} from './schemas/registries.ts';
import { noQuerySchema } from './schemas/registry.ts';

const named = { requestParams: { path: registryNamePathSchema } };

/** The part of the OpenAPI document about registries. */
export const registryPaths: ZodOpenApiPathsObject = {
  '/api/v1/catalog': {
    get: operation(
      'Everything this server publishes, one template a line; conditional (ETag). What servers ask each other',
      {
        200: {
          description: 'JSON lines, each a TemplateSummary',
          content: { 'application/jsonl': { schema: { type: 'string' } } },
        },
        304: { description: 'Not changed since the ETag in If-None-Match', content: {} },
      },
      { requestParams: { query: noQuerySchema } },
    ),
  },
  '/api/v1/registries': {
    get: operation('The registries, and how they are', { 200: json('Registries', registryListSchema) }),
  },
  '/api/v1/registries/{name}': {
    get: operation(
      'One registry, with entries that could not be used',
      { 200: json('The registry', registryDetailSchema) },
      named,
    ),
  },
  '/api/v1/registries/{name}/health': {
    get: operation('How one registry has been answering', { 200: json('Its health', registryHealthSchema) }, named),
  },
  '/api/v1/registries/{name}/test': {
    post: operation(
      'Call a registry once and tell what stands in the way: name, connection, certificate, credential, rights, path or protocol',
      { 200: json('How it went, also when it failed', registryTestSchema) },
      named,
    ),
  },
  '/api/v1/registries/{name}/refresh': {
    post: operation(
      'List a registry again now',
      {
        200: json('What has changed', registryRefreshSchema),
        202: json('It takes longer and goes on in the background', registryRefreshSchema),
      },
      named,
    ),
  },
};
