import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { createDocument } from 'zod-openapi';
import { auditPaths } from './openapi-audit.ts';
import { deploymentPaths } from './openapi-deployments.ts';
import { packPaths } from './openapi-helmdeck.ts';
import { identityPaths } from './openapi-identity.ts';
import { accepted, body, idPath, JSON_TYPE, json, operation, startHeaders } from './openapi-parts.ts';
import { publishingPaths } from './openapi-publishing.ts';
import { registryPaths } from './openapi-registries.ts';
import { sourcePaths } from './openapi-sources.ts';
import { vulnerabilityPaths } from './openapi-vulnerabilities.ts';
import {
  catalogCategoriesSchema,
  catalogPageSchema,
  catalogSearchSchema,
  catalogTemplateAnswerSchema,
  catalogTemplateSchema,
} from './schemas/catalog.ts';
import { templateMetricsSchema } from './schemas/metrics.ts';
import {
  acceptedSchema,
  installListSchema,
  installQuerySchema,
  installRequestSchema,
  installSchema,
  operationListSchema,
  operationQuerySchema,
  operationSchema,
  replayedSchema,
  replayRequestSchema,
} from './schemas/operations.ts';
import { archiveQuerySchema, templatePathSchema, versionListSchema } from './schemas/registry.ts';

/** The OpenAPI document, made from the schemas that check the requests; docs/openapi.json is this text (a test compares). */

const paths: ZodOpenApiPathsObject = {
  '/api/v1/search': {
    get: operation(
      'Search templates in every registry; as server-sent events, what each registry has is told when it answers',
      {
        200: {
          description: 'One page; or the events `held`, `registry` for each that had to be asked, and `done`',
          content: { [JSON_TYPE]: { schema: catalogPageSchema }, 'text/event-stream': { schema: { type: 'string' } } },
        },
      },
      { requestParams: { query: catalogSearchSchema } },
    ),
  },
  '/api/v1/categories': {
    get: operation('Categories in use, with the number of templates', { 200: json('Categories', catalogCategoriesSchema) }),
  },
  '/api/v1/templates/{name}': {
    get: operation(
      'One template',
      { 200: json('The template', catalogTemplateAnswerSchema) },
      { requestParams: { path: templatePathSchema, query: catalogTemplateSchema } },
    ),
  },
  '/api/v1/templates/{name}/metrics': {
    get: operation(
      'What was counted of a template: searches, downloads, installs, how it was judged, errors',
      { 200: json('The counts', templateMetricsSchema) },
      { requestParams: { path: templatePathSchema, query: catalogTemplateSchema.pick({ registry: true }) } },
    ),
  },
  '/api/v1/templates/{name}/versions': {
    get: operation(
      'Versions this server publishes',
      { 200: json('Versions, newest first', versionListSchema) },
      { requestParams: { path: templatePathSchema } },
    ),
  },
  '/api/v1/templates/{name}/archive': {
    get: operation(
      'The archive of one version; ranges are honoured',
      { 200: { description: 'The bytes', content: { 'application/x-tar': { schema: { type: 'string', format: 'binary' } } } } },
      { requestParams: { path: templatePathSchema, query: archiveQuerySchema } },
    ),
  },
  ...publishingPaths,
  ...registryPaths,
  '/api/v1/installs': {
    get: operation(
      'What is installed',
      { 200: json('Installs', installListSchema) },
      { requestParams: { query: installQuerySchema } },
    ),
    post: operation(
      'Install a template with its dependencies',
      { 202: accepted(acceptedSchema) },
      { requestParams: { header: startHeaders }, ...body(installRequestSchema) },
    ),
  },
  '/api/v1/installs/{id}': {
    get: operation('One install', { 200: json('The install', installSchema) }, { requestParams: { path: idPath } }),
    delete: operation('Uninstall', { 202: accepted(acceptedSchema) }, { requestParams: { path: idPath, header: startHeaders } }),
  },
  '/api/v1/operations': {
    get: operation(
      'Operations, newest first',
      { 200: json('One page', operationListSchema) },
      { requestParams: { query: operationQuerySchema } },
    ),
  },
  '/api/v1/operations/{id}': {
    get: operation(
      'One operation as it stands',
      { 200: json('The operation', operationSchema) },
      { requestParams: { path: idPath } },
    ),
  },
  '/api/v1/operations/{id}/events': {
    get: operation(
      'Follow an operation (server-sent events; each is the whole operation; Last-Event-ID is honoured)',
      {
        200: { description: 'Events `operation`, then `end`', content: { 'text/event-stream': { schema: { type: 'string' } } } },
      },
      { requestParams: { path: idPath } },
    ),
  },
  '/api/v1/operations/{id}/history': {
    get: operation(
      "The run's history as Temporal exports it",
      { 200: { description: 'The history', content: { [JSON_TYPE]: { schema: { type: 'object' } } } } },
      { requestParams: { path: idPath } },
    ),
  },
  '/api/v1/operations/{id}/cancel': {
    post: operation(
      'Stop an operation and take back what it did',
      { 202: accepted(operationSchema) },
      { requestParams: { path: idPath } },
    ),
  },
  '/api/v1/operations/{id}/replay': {
    post: operation(
      'Take up an operation that has ended',
      { 202: accepted(replayedSchema) },
      { requestParams: { path: idPath, header: startHeaders }, ...body(replayRequestSchema) },
    ),
  },
  ...deploymentPaths,
  ...sourcePaths,
  ...packPaths,
  ...identityPaths,
  ...auditPaths,
  ...vulnerabilityPaths,
};

let document: ReturnType<typeof createDocument> | undefined;

/** OpenAPI 3.1. */
export function openApiDocument(): ReturnType<typeof createDocument> {
  document ??= createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Chandlery',
      version: '1',
      description: 'The self-hosted marketplace for Kubernetes: install and operate templates as durable operations.',
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
    paths,
  });
  return document;
}
