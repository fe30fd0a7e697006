import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { ChandleryError, ERROR_CATALOGUE, type ErrorCode, type ErrorIssue } from '../domain/errors.ts';

/** Every error answer of the API: RFC 9457 problem details with our code and what to do about it. */

const issueSchema = z.object({
  path: z.string(),
  message: z.string(),
  line: z.int().optional(),
  column: z.int().optional(),
});

const detailSchema = z.record(z.string(), z.unknown());

export const problemSchema = z
  .object({
    type: z
      .string()
      .meta({ description: 'Relative URI of the documentation of the code.', example: '/errors/template_not_found' }),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'A word of the error catalogue.', example: 'template_not_found' }),
    guidance: z.string().meta({ description: 'What to do.' }),
    instance: z.string().meta({ description: 'Path of the request.' }),
    requestId: z.string().optional(),
    errors: z.array(issueSchema).optional(),
    alternatives: z.array(z.string()).optional().meta({ description: 'Names that would have worked.' }),
    operation: z.string().optional().meta({ description: 'Id of the operation that stands in the way, or that failed.' }),
    missing: z.array(detailSchema).optional().meta({ description: 'Rights that are missing.' }),
    conflicts: z.array(detailSchema).optional().meta({ description: 'Fields that somebody else owns.' }),
    changes: z.array(detailSchema).optional().meta({ description: 'What is different from the plan.' }),
    objects: z.array(detailSchema).optional().meta({ description: 'Objects the error speaks of.' }),
    links: z.object({ operation: z.string() }).optional(),
    registryError: z.object({ type: z.string(), registry: z.string(), message: z.string(), code: z.int() }).optional(),
    templateError: z
      .object({ type: z.string(), template: z.string(), details: z.record(z.string(), z.unknown()), severity: z.string() })
      .optional(),
  })
  .meta({ id: 'Problem', description: 'What went wrong, where, and what to do (RFC 9457).' });
type Problem = z.infer<typeof problemSchema>;

/** Reference 2's severities for its template errors; what threatens the cluster is critical, a mistyped name is not. */
const SEVERITY: Partial<Record<ErrorCode, 'critical' | 'high' | 'medium' | 'low'>> = {
  digest_mismatch: 'critical',
  untrusted: 'critical',
  archive_invalid: 'critical',
  scan_blocked: 'critical',
  template_not_found: 'medium',
  version_not_found: 'medium',
  invalid_reference: 'low',
};

export interface ProblemOptions {
  /** Told about each error of ours (5xx that nobody planned), for the log. */
  onInternal?: (error: unknown, request: Request) => void;
}

/** Set as `response.locals.problemMembers` by a face whose clients read other members too. */
type ProblemMembers = (error: ChandleryError) => Record<string, unknown>;

/** The last middleware: renders whatever was thrown. An unplanned error shows the request id and nothing of its text. */
export function problemMiddleware(options: ProblemOptions = {}): ErrorRequestHandler {
  // Express tells error handlers from others by their four parameters.
  return (error: unknown, request, response, _next) => {
    const known = toChandleryError(error);
    if (known.code === 'internal') options.onInternal?.(error, request);
    // Half an answer is out: cutting the connection is the only way left to say that it is not complete.
    if (response.headersSent) return void response.destroy();
    const membersOf = response.locals.problemMembers as ProblemMembers | undefined;
    sendProblem(known, request, response, membersOf?.(known));
  };
}

/** Answers every path that no router took. */
export function notFoundMiddleware(): RequestHandler {
  return (request) => {
    throw new ChandleryError('not_found', `There is nothing at ${request.method} ${request.path.slice(0, 200)}`);
  };
}

/** Headers of the answer that was being prepared; on a problem they would speak of the wrong bytes. */
const ENTITY_HEADERS = [
  'ETag',
  'Content-Range',
  'Content-Disposition',
  'Digest',
  'Repr-Digest',
  'Accept-Ranges',
  'Last-Modified',
];

/** Answers the error. `more`: members besides the common ones, for a face whose clients know others. */
export function sendProblem(
  error: ChandleryError,
  request: Request,
  response: Response,
  more: Record<string, unknown> = {},
): void {
  for (const header of ENTITY_HEADERS) response.removeHeader(header);
  const { retryAfterMs } = error.details;
  if (retryAfterMs !== undefined) response.set('Retry-After', String(Math.ceil(retryAfterMs / 1000)));
  if (error.code === 'unauthenticated') response.set('WWW-Authenticate', 'Bearer');
  const instance = request.originalUrl.split('?')[0] ?? '/';
  const body = JSON.stringify({ ...toProblem(error, { instance, requestId: requestIdOf(request, response) }), ...more });
  response
    .status(ERROR_CATALOGUE[error.code].status)
    .set('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(body);
}

interface ProblemPlace {
  instance: string;
  requestId?: string | undefined;
}

/** The problem document of an error. */
function toProblem(error: ChandleryError, place: ProblemPlace): Problem {
  const entry = ERROR_CATALOGUE[error.code];
  const { issues, alternatives, operation } = error.details;
  return {
    type: `/errors/${error.code}`,
    title: entry.title,
    status: entry.status,
    detail: error.message,
    code: error.code,
    guidance: entry.guidance,
    instance: place.instance,
    ...(place.requestId ? { requestId: place.requestId } : {}),
    ...(issues ? { errors: issues } : {}),
    ...(alternatives ? { alternatives } : {}),
    ...(operation ? { operation, links: { operation: `/api/v1/operations/${encodeURIComponent(operation)}` } } : {}),
    ...listsOf(error),
    ...referenceErrors(error),
  };
}

/** What the guidance of some codes refers to. */
const LISTS = ['missing', 'conflicts', 'changes', 'objects'] as const;

function listsOf({ details }: ChandleryError): Pick<Problem, (typeof LISTS)[number]> {
  const given = LISTS.map((name) => [name, details[name]] as const);
  return Object.fromEntries(given.filter(([, list]) => Array.isArray(list) && list.length > 0));
}

/** Reference 2's two error objects, where the catalogue says that the code is one of them. */
function referenceErrors(error: ChandleryError): Pick<Problem, 'registryError' | 'templateError'> {
  const entry = ERROR_CATALOGUE[error.code];
  const { registry = '', template = '', upstreamStatus, operation: _operation, ...details } = error.details;
  const code = upstreamStatus ?? entry.status;
  return {
    ...(entry.registry ? { registryError: { type: entry.registry, registry, message: error.message, code } } : {}),
    ...(entry.template
      ? { templateError: { type: entry.template, template, details, severity: SEVERITY[error.code] ?? 'high' } }
      : {}),
  };
}

function requestIdOf(request: Request, response: Response): string | undefined {
  const candidate: unknown = response.locals.requestId ?? request.get('x-request-id');
  // A header is repeated only when it is plain; anything else could break the line of a log.
  return typeof candidate === 'string' && /^[\w.:-]{1,128}$/.test(candidate) ? candidate : undefined;
}

function toChandleryError(error: unknown): ChandleryError {
  if (error instanceof ChandleryError) return error;
  const { status, type } = (error ?? {}) as { status?: unknown; type?: unknown };
  if (type === 'entity.too.large') return new ChandleryError('payload_too_large', 'The body is larger than allowed');
  if (type === 'entity.parse.failed') return new ChandleryError('invalid_request', 'The body is not valid JSON');
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ChandleryError('invalid_request', 'The request cannot be read: check its path, encoding and content type');
  }
  return new ChandleryError(
    'internal',
    'An unexpected error; the log of the server tells more under the request id',
    {},
    { cause: error },
  );
}

/**
 * Parses one part of a request. Fails with invalid_request; every issue is named `<where>/<path>`.
 * @param where `query`, `body`, `path` or `headers`
 */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.flatMap((issue) => toIssues(issue, where));
  const [first] = issues;
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  throw new ChandleryError('invalid_request', `${first?.path ?? where}: ${first?.message ?? 'not valid'}${more}`, { issues });
}

function toIssues(issue: z.core.$ZodIssue, where: string): ErrorIssue[] {
  const at = (path: readonly PropertyKey[]) => [where, ...path.map(String)].join('/');
  if (issue.code !== 'unrecognized_keys') return [{ path: at(issue.path), message: issue.message }];
  return issue.keys.map((key) => ({ path: at([...issue.path, key.slice(0, 100)]), message: 'is not known here' }));
}
