import type { ErrorIssue } from '../domain/errors.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { CliError, guidanceFor } from './failure.ts';
import type { Settings } from './settings.ts';

/** One request to the API: bounded, with every failure in words. */

export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the base address, without a leading slash. */
  path: string;
  query?: Record<string, string | number | string[] | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as multipart/form-data, in place of a body. */
  form?: FormData;
  headers?: Record<string, string>;
  /** Ends the request besides its time limit. */
  signal?: AbortSignal;
  /** The time limit, milliseconds, where it is not the common one. */
  timeoutMs?: number;
}

/** The server asks registries with 5 s each; what takes longer than this does not come. Milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Bytes of one answer; the largest, the history of an operation with many retries, is a few megabytes. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** Sends and reads the whole answer. Fails with a CliError. */
export async function callForText(settings: Settings, call: Call): Promise<string> {
  const timeout = AbortSignal.timeout(call.timeoutMs ?? REQUEST_TIMEOUT_MS);
  const signal = call.signal ? AbortSignal.any([call.signal, timeout]) : timeout;
  const response = await send(settings, { ...call, signal });
  try {
    return await readBody(response);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw unreachable(settings, error);
  }
}

/** Sends and gives the answer with its body unread. Fails with a CliError, for an answer that is an error too. */
export async function send(settings: Settings, call: Call): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(addressOf(settings, call), {
      method: call.method ?? 'GET',
      headers: headersOf(settings, call),
      // A redirect could lead the token elsewhere.
      redirect: 'manual',
      ...(call.body !== undefined && { body: JSON.stringify(call.body) }),
      ...(call.form && { body: call.form }),
      ...(call.signal && { signal: call.signal }),
    });
  } catch (error) {
    throw unreachable(settings, error);
  }
  if (response.ok) return response;
  throw await refusal(settings, response);
}

function addressOf({ url }: Settings, { path, query = {} }: Call): URL {
  const address = new URL(path, url);
  for (const [name, value] of Object.entries(query)) {
    for (const one of [value ?? []].flat()) address.searchParams.append(name, String(one));
  }
  return address;
}

function headersOf({ token }: Settings, { body, headers = {} }: Call): Record<string, string> {
  return {
    accept: 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  };
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES)
      throw new CliError({ message: `the server's answer is larger than ${MAX_ANSWER_BYTES} bytes`, exitCode: EXIT.failed });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

interface ProblemBody {
  detail?: string;
  code?: string;
  guidance?: string;
  requestId?: string;
  errors?: ErrorIssue[];
  alternatives?: string[];
  operation?: string;
}

async function refusal(settings: Settings, response: Response): Promise<CliError> {
  const text = await readBody(response).catch(() => '');
  const problem = problemOf(text);
  if (problem?.code === undefined) return notOurs(settings, response);
  const { detail = `the server answered ${response.status}`, code, errors, alternatives, operation, requestId } = problem;
  const guidance = guidanceFor(code, operation, problem.guidance);
  return new CliError({
    message: code === 'unauthenticated' ? `${detail} (token: ${settings.tokenSource})` : detail,
    code,
    exitCode: exitCodeOf(code, response.status),
    ...(guidance !== undefined && { guidance }),
    ...(Array.isArray(errors) && { issues: errors }),
    ...(Array.isArray(alternatives) && { alternatives }),
    ...(operation !== undefined && { operation }),
    ...(requestId !== undefined && { requestId }),
  });
}

function problemOf(text: string): ProblemBody | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

/** An error answer that is no problem document: a proxy's, or another server's. */
function notOurs({ url }: Settings, response: Response): CliError {
  const location = response.headers.get('location');
  const redirect = location === null ? '' : `, a redirect to ${location}`;
  return new CliError({
    message: `${url.href} answered ${response.status}${redirect}, and not as a Chandlery server does`,
    exitCode: response.status < 400 ? EXIT.unavailable : exitCodeOf(undefined, response.status),
    guidance: 'Check CHANDLERY_URL, and what stands between here and the server.',
  });
}

/** The answer was 200, but nothing that the API would say. */
export function unreadable({ url }: Settings): CliError {
  return new CliError({
    message: `${url.href} does not answer like a Chandlery server`,
    exitCode: EXIT.unavailable,
    guidance: 'Check CHANDLERY_URL.',
  });
}

function unreachable({ url }: Settings, error: unknown): CliError {
  const reason = reasonOf(error);
  const refused = reason === 'ECONNREFUSED';
  return new CliError({
    message: refused ? `no server answers at ${url.href}` : `the server at ${url.href} cannot be reached: ${reason}`,
    code: 'server_unavailable',
    exitCode: EXIT.unavailable,
    guidance: refused
      ? 'Start it with `npm start`, or set CHANDLERY_URL to the address that it printed.'
      : 'Check CHANDLERY_URL and the server.',
  });
}

/** fetch hides what happened one or two causes deep. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer in time';
  const { cause } = error as { cause?: { code?: string; message?: string; errors?: Array<{ code?: string }> } };
  return cause?.code ?? cause?.errors?.[0]?.code ?? cause?.message ?? error.message;
}
