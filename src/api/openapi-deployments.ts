import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { accepted, body, JSON_TYPE, json, operation, startHeaders } from './openapi-parts.ts';
import {
  deployRequestSchema,
  destroyQuerySchema,
  planRequestSchema,
  rollbackRequestSchema,
  upgradeRequestSchema,
} from './schemas/changes.ts';
import {
  deploymentListSchema,
  deploymentPathSchema,
  deploymentQuerySchema,
  deploymentSchema,
  eventListSchema,
  outputListSchema,
  outputQuerySchema,
  resourceListSchema,
  revisionDetailSchema,
  revisionListSchema,
  revisionPathSchema,
} from './schemas/deployments.ts';
import { acceptedSchema, deploymentAcceptedSchema, operationListSchema, operationQuerySchema } from './schemas/operations.ts';
import { planPathSchema, planSchema } from './schemas/plans.ts';

/** Entries of plans and deployments in the OpenAPI document. */

const path = { requestParams: { path: deploymentPathSchema } };
const changing = { requestParams: { path: deploymentPathSchema, header: startHeaders } };
const changed = { 202: accepted(deploymentAcceptedSchema) };

export const deploymentPaths: ZodOpenApiPathsObject = {
  '/api/v1/plans': {
    post: operation(
      'Work out what a change would do',
      {
        201: {
          description: 'The plan',
          headers: z.object({ Location: z.string() }),
          content: { [JSON_TYPE]: { schema: planSchema } },
        },
        202: { ...accepted(acceptedSchema), description: 'Not done yet: the operation runs, and its result names the plan.' },
      },
      body(planRequestSchema),
    ),
  },
  '/api/v1/plans/{digest}': {
    get: operation('One plan', { 200: json('The plan', planSchema) }, { requestParams: { path: planPathSchema } }),
  },
  '/api/v1/deployments': {
    get: operation(
      'Deployments, by namespace and name',
      { 200: json('One page', deploymentListSchema) },
      { requestParams: { query: deploymentQuerySchema } },
    ),
    post: operation('Deploy a template, an image, or exactly what a plan says', changed, {
      requestParams: { header: startHeaders },
      ...body(deployRequestSchema),
    }),
  },
  '/api/v1/deployments/{id}': {
    get: operation('One deployment', { 200: json('The deployment', deploymentSchema) }, path),
    patch: operation('Change its version or its parameters', changed, { ...changing, ...body(upgradeRequestSchema) }),
    delete: operation('Destroy it', changed, {
      requestParams: { ...changing.requestParams, query: destroyQuerySchema },
    }),
  },
  '/api/v1/deployments/{id}/rollback': {
    post: operation('Go back to an earlier revision', changed, { ...changing, ...body(rollbackRequestSchema) }),
  },
  '/api/v1/deployments/{id}/resources': {
    get: operation(
      'Its objects and pods as they are in the cluster',
      { 200: json('Objects and pods', resourceListSchema) },
      path,
    ),
  },
  '/api/v1/deployments/{id}/events': {
    get: operation('Kubernetes events of its objects and pods', { 200: json('Events, newest first', eventListSchema) }, path),
  },
  '/api/v1/deployments/{id}/outputs': {
    get: operation(
      'Connection details, read as the user',
      { 200: json('Outputs', outputListSchema) },
      { requestParams: { path: deploymentPathSchema, query: outputQuerySchema } },
    ),
  },
  '/api/v1/deployments/{id}/revisions': {
    get: operation('Its revisions', { 200: json('Revisions, newest first', revisionListSchema) }, path),
  },
  '/api/v1/deployments/{id}/revisions/{number}': {
    get: operation(
      'One revision, with its parameters and objects',
      { 200: json('The revision', revisionDetailSchema) },
      { requestParams: { path: revisionPathSchema } },
    ),
  },
  '/api/v1/deployments/{id}/operations': {
    get: operation(
      'Operations on it, newest first',
      { 200: json('One page', operationListSchema) },
      {
        requestParams: {
          path: deploymentPathSchema,
          query: operationQuerySchema.pick({ limit: true, cursor: true, state: true, kind: true }),
        },
      },
    ),
  },
};
