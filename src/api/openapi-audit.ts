import { z } from 'zod';
import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { json, operation } from './openapi-parts.ts';
import { auditExportQuerySchema, auditPageSchema, auditQuerySchema } from './schemas/audit.ts';
import { eventListSchema, eventQuerySchema } from './schemas/events.ts';
import { templatePathSchema } from './schemas/registry.ts';
import { templateReportQuerySchema, templateReportSchema } from './schemas/report.ts';

const lines = { schema: z.string().meta({ description: 'One AuditEntry a line.' }) };

/** The part of the OpenAPI document about what was decided and found. */
export const auditPaths: ZodOpenApiPathsObject = {
  '/api/v1/audit': {
    get: operation(
      'The audit log: every decision and change, allowed and denied',
      { 200: json('One page', auditPageSchema) },
      { requestParams: { query: auditQuerySchema } },
    ),
  },
  '/api/v1/audit/export': {
    get: operation(
      'The audit log as JSON lines, oldest first; an answer that breaks off was not complete',
      { 200: { description: 'One entry a line', content: { 'application/x-ndjson': lines } } },
      { requestParams: { query: auditExportQuerySchema } },
    ),
  },
  '/api/v1/events': {
    get: operation(
      'What later looks at installed templates have found, newest first',
      { 200: json('One page', eventListSchema) },
      { requestParams: { query: eventQuerySchema } },
    ),
  },
  '/api/v1/templates/{name}/report': {
    get: operation(
      'What validation said of one version: when it was published, or when it was last scanned',
      { 200: json('The report', templateReportSchema) },
      { requestParams: { path: templatePathSchema, query: templateReportQuerySchema } },
    ),
  },
};
