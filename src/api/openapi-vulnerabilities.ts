import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { body, json, operation } from './openapi-parts.ts';
import {
  batchPathSchema,
  importPathSchema,
  vulnerabilityBatchSchema,
  vulnerabilityCompleteSchema,
  vulnerabilityImportRequestSchema,
  vulnerabilityImportSchema,
  vulnerabilityInUseSchema,
  vulnerabilitySourceSchema,
  vulnerabilityStatusSchema,
} from './schemas/vulnerabilities.ts';

/** The part of the OpenAPI document about vulnerability data. */
export const vulnerabilityPaths: ZodOpenApiPathsObject = {
  '/api/v1/vulnerabilities': {
    get: operation('The vulnerability data in use, and how old they are', {
      200: json('The sources', vulnerabilityStatusSchema),
    }),
  },
  '/api/v1/vulnerabilities/imports': {
    post: operation(
      'Begin an import, or go on with the one of the same file',
      {
        200: json('Exactly this file is in use already', vulnerabilityInUseSchema),
        201: json('The import, and the batch to be sent next', vulnerabilityImportSchema),
      },
      body(vulnerabilityImportRequestSchema),
    ),
  },
  '/api/v1/vulnerabilities/imports/{id}/batches/{number}': {
    put: operation(
      'Stage one batch of advisories; one that is there already changes nothing',
      { 200: json('The import, and the batch to be sent next', vulnerabilityImportSchema) },
      { requestParams: { path: batchPathSchema }, ...body(vulnerabilityBatchSchema) },
    ),
  },
  '/api/v1/vulnerabilities/imports/{id}/complete': {
    post: operation(
      'Put what was staged in the place of what the source had, at once',
      { 200: json('The source', vulnerabilitySourceSchema) },
      { requestParams: { path: importPathSchema }, ...body(vulnerabilityCompleteSchema) },
    ),
  },
};
