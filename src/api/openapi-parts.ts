import { z } from 'zod';
import type { ZodOpenApiOperationObject } from 'zod-openapi';
import { problemSchema } from './problem.ts';

/** What the entries of the OpenAPI document are put together from. */

export const JSON_TYPE = 'application/json';
const problem = {
  description: 'What went wrong and what to do.',
  content: { 'application/problem+json': { schema: problemSchema } },
};
export const idPath = z.object({ id: z.string() });
/** Of requests that start an operation (idempotency.ts). */
export const startHeaders = z.object({
  'Idempotency-Key': z.string().min(1).max(255).optional().meta({
    description: 'The same request with the same key is answered with the same operation for 24 hours.',
  }),
});

type Answers = Record<
  string,
  { description: string; content: Record<string, { schema: z.ZodType | Record<string, unknown> }>; headers?: z.ZodObject }
>;

export function json(description: string, schema: z.ZodType) {
  return { description, content: { [JSON_TYPE]: { schema } } };
}

export function accepted(schema: z.ZodType) {
  return {
    description: 'Accepted: the operation runs.',
    headers: z.object({ Location: z.string() }),
    content: { [JSON_TYPE]: { schema } },
  };
}

export function operation(
  summary: string,
  answers: Answers,
  parts: Partial<ZodOpenApiOperationObject> = {},
): ZodOpenApiOperationObject {
  return { summary, ...parts, responses: { ...answers, default: problem } as ZodOpenApiOperationObject['responses'] };
}

export function body(schema: z.ZodType) {
  return { requestBody: { content: { [JSON_TYPE]: { schema } } } };
}
