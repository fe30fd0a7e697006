import type { z } from 'zod';
import { ChandleryError, type ErrorIssue } from '../../../domain/errors.ts';
import { isNamespace } from '../../../domain/reference.ts';
import { sourceNameProblem } from '../../../domain/sources/source.ts';

/** Requests of namespace sources: what is wrong is a 422 that names the member and never shows what was sent. */

interface SourceIssue extends ErrorIssue {
  loc: string[];
  msg: string;
  type: string;
}

/** Fails with source_invalid. */
export function parseBody<Body>(schema: z.ZodType<Body>, body: unknown): Body {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.map((issue) => issueOf(['body', ...issue.path.map(String)], issue)));
}

/** Fails with source_invalid for a name that no namespace can have. */
export function parseNamespace(namespace: string): string {
  if (isNamespace(namespace)) return namespace;
  throw invalid([place(['path', 'namespace'], 'is not the name of a namespace', 'value_error')]);
}

/** Fails with source_invalid for a name that no source can have. */
export function parseName(name: string): string {
  const problem = sourceNameProblem(name);
  if (problem === undefined) return name;
  throw invalid([place(['path', 'name'], problem, 'value_error')]);
}

/** The body is not JSON at all; the parser's own words quote it. */
export function malformedBody(): ChandleryError {
  return invalid([place(['body'], 'is not valid JSON', 'json_invalid')]);
}

function issueOf(loc: string[], { code, message }: z.core.$ZodIssue): SourceIssue {
  const type = message === 'is missing' ? 'missing' : code === 'invalid_type' ? 'type_error' : 'value_error';
  return place(loc, message, type);
}

function place(loc: string[], msg: string, type: string): SourceIssue {
  return { path: loc.join('/'), message: msg, loc, msg, type };
}

function invalid(issues: SourceIssue[]): ChandleryError {
  const words = issues.map(({ loc, msg }) => `${loc.at(-1)} ${msg}`).join('; ');
  return new ChandleryError('source_invalid', words, { issues });
}
