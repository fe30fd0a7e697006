import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { body, idPath, json, operation } from './openapi-parts.ts';
import { newTokenSchema, tokenListSchema, tokenRequestSchema, tokenSchema, whoamiSchema } from './schemas/tokens.ts';

export const identityPaths: ZodOpenApiPathsObject = {
  '/api/v1/whoami': {
    get: operation('What this server takes you for', { 200: json('User, groups, roles and scopes', whoamiSchema) }),
  },
  '/api/v1/tokens': {
    get: operation('API tokens, newest first, without their values', { 200: json('Tokens', tokenListSchema) }),
    post: operation(
      'Make an API token; for administrators of everything, because it acts as whoever it names',
      { 201: json('The token, shown this once', newTokenSchema) },
      body(tokenRequestSchema),
    ),
  },
  '/api/v1/tokens/{id}': {
    get: operation('One API token', { 200: json('The token', tokenSchema) }, { requestParams: { path: idPath } }),
    delete: operation(
      'Revoke an API token: this server refuses it at once, the others within seconds',
      { 204: { description: 'Revoked', content: {} } },
      { requestParams: { path: idPath } },
    ),
  },
};
