import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { accepted, body, json, operation } from './openapi-parts.ts';
import {
  ownersRequestSchema,
  ownersSchema,
  publishAcceptedSchema,
  publishedVersionPathSchema,
  publishFormSchema,
  publishQuerySchema,
  ratingRequestSchema,
  ratingsQuerySchema,
  ratingsSchema,
  verifiedRequestSchema,
  verifiedSchema,
  yankedSchema,
  yankRequestSchema,
} from './schemas/publishing.ts';
import { templatePathSchema } from './schemas/registry.ts';

const version = { requestParams: { path: publishedVersionPathSchema } };
const named = { requestParams: { path: templatePathSchema } };

/** The part of the OpenAPI document about publishing. */
export const publishingPaths: ZodOpenApiPathsObject = {
  '/api/v1/templates': {
    post: operation(
      'Publish a template, to this server or from here to another one',
      { 202: accepted(publishAcceptedSchema) },
      {
        requestParams: { query: publishQuerySchema },
        requestBody: { content: { 'multipart/form-data': { schema: publishFormSchema } } },
      },
    ),
  },
  '/api/v1/templates/{name}/versions/{version}/yank': {
    post: operation(
      'Yank a version: it stays for whoever names it exactly, and nobody gets it by a range',
      { 200: json('The version', yankedSchema) },
      { ...version, ...body(yankRequestSchema) },
    ),
  },
  '/api/v1/templates/{name}/versions/{version}/unyank': {
    post: operation('Take a yank back', { 200: json('The version', yankedSchema) }, version),
  },
  '/api/v1/templates/{name}/ratings': {
    get: operation(
      'Ratings, newest first',
      { 200: json('Ratings', ratingsSchema) },
      { requestParams: { path: templatePathSchema, query: ratingsQuerySchema } },
    ),
    post: operation(
      'Rate a template of this server; the latest of each user counts',
      { 200: json('Ratings', ratingsSchema) },
      { ...named, ...body(ratingRequestSchema) },
    ),
  },
  '/api/v1/templates/{name}/owners': {
    get: operation('Who may publish versions of it', { 200: json('Owners', ownersSchema) }, named),
    put: operation(
      'Say who may; an owner or an administrator does',
      { 200: json('Owners', ownersSchema) },
      { ...named, ...body(ownersRequestSchema) },
    ),
  },
  '/api/v1/templates/{name}/verified': {
    get: operation('Who vouches for the owner of the name', { 200: json('The mark', verifiedSchema) }, named),
    put: operation(
      'Vouch for the owner of the name',
      { 200: json('The mark', verifiedSchema) },
      { ...named, ...body(verifiedRequestSchema) },
    ),
    delete: operation('Take the mark away', { 200: json('No mark', verifiedSchema) }, named),
  },
};
