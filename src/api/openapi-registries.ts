import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { body, json, operation } from './openapi-parts.ts';
import {
  changedRegistrySchema,
  newRegistrySchema,
  registryDetailSchema,
  registryHealthSchema,
  registryListSchema,
  registryNamePathSchema,
  registryRefreshSchema,
  registryTestQuerySchema,
  registryTestSchema,
} from './schemas/registries.ts';
import { noQuerySchema } from './schemas/registry.ts';

const named = { requestParams: { path: registryNamePathSchema } };
const ifMatch = z.object({ 'If-Match': z.string().optional() }).meta({ description: 'The ETag it was read with.' });
const changes = { path: registryNamePathSchema, header: ifMatch };
const tagged = (description: string) => ({ ...json(description, registryDetailSchema), headers: z.object({ ETag: z.string() }) });

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
    post: operation(
      'Add a registry',
      { 201: tagged('The registry, without its credential') },
      { requestParams: { query: registryTestQuerySchema }, ...body(newRegistrySchema) },
    ),
  },
  '/api/v1/registries/{name}': {
    get: operation(
      'One registry, with entries that could not be used',
      { 200: json('The registry; with an ETag where it can be changed here', registryDetailSchema) },
      named,
    ),
    patch: operation(
      'Change a registry that was added over the API',
      { 200: tagged('The registry as it is now') },
      { requestParams: { ...changes, query: registryTestQuerySchema }, ...body(changedRegistrySchema) },
    ),
    delete: operation(
      'Remove a registry that was added over the API; what is installed from it stays',
      { 204: { description: 'Removed', content: {} } },
      { requestParams: changes },
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
