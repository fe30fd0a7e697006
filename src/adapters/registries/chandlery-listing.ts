import { setImmediate as nextTurn } from 'node:timers/promises';
import type { z } from 'zod';
import { ChandleryError } from '../../domain/errors.ts';
import type { Listing, ListOptions, SearchPage, TemplateSummary } from '../../domain/registry.ts';
import { templateSummarySchema } from '../../domain/registry-schemas.ts';
import { parseJson } from '../http/body.ts';
import type { GuardedResponse } from '../http/guarded-client.ts';

/** Everything a chandlery registry offers: its catalog as JSON lines, or page by page from servers that do not have that yet. */

export const LISTING_LIMITS = Object.freeze({
  /** bytes of a whole catalog; 50,000 templates are 30 MB */
  maxBytes: 256 * 1024 * 1024,
  /** ms for a whole catalog over a slow line */
  timeoutMs: 5 * 60 * 1000,
  /** characters of one line; a template with every member at its longest is shorter */
  maxLine: 2 * 1024 * 1024,
  /** templates of one registry */
  maxTemplates: 200_000,
  /** templates handed on at once; parsing so many takes a few milliseconds */
  batch: 200,
});

/** What the listing needs of the registry it is of. */
export interface ListingSource {
  registry: string;
  /** Answers 200, 304, or 404 of a server without a catalog. */
  openCatalog(validator: string | undefined, signal: AbortSignal | undefined): Promise<GuardedResponse>;
  page(query: string, signal: AbortSignal | undefined): Promise<SearchPage>;
}

/** Fails as the registry does; errors of the transfer come while `templates` is read. */
export async function listCatalog(source: ListingSource, options: ListOptions): Promise<Listing> {
  const response = await source.openCatalog(options.validator, options.signal);
  if (response.status === 304) {
    await response.discard();
    return { unchanged: true };
  }
  if (response.status !== 200) {
    await response.discard();
    return { unchanged: false, templates: pages(source, options.signal) };
  }
  const { etag } = response.headers;
  return { unchanged: false, ...(etag ? { validator: etag } : {}), templates: batches(source, response, options) };
}

async function* batches(
  source: ListingSource,
  { body, url }: GuardedResponse,
  options: ListOptions,
): AsyncGenerator<TemplateSummary[]> {
  let batch: TemplateSummary[] = [];
  let count = 0;
  for await (const line of lines(body, source.registry, url)) {
    count += 1;
    if (count > LISTING_LIMITS.maxTemplates) throw tooMany(source.registry);
    const template = readLine(line, count, { url, registry: source.registry }, options);
    if (template) batch.push(template);
    if (batch.length < LISTING_LIMITS.batch) continue;
    yield batch;
    batch = [];
    // Chunks that have already arrived would follow each other without a turn for anybody else.
    await nextTurn();
  }
  if (batch.length > 0) yield batch;
}

function readLine(
  line: string,
  number: number,
  context: { url: string; registry: string },
  { onProblem }: ListOptions,
): TemplateSummary | undefined {
  const value = parseJson(Buffer.from(line), { ...context, url: `${context.url}, line ${number}` });
  const parsed = templateSummarySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  onProblem?.({ subject: subjectOf(value, number), message: issueText(parsed.error) });
  return undefined;
}

function subjectOf(value: unknown, number: number): string {
  const name = (value as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name.slice(0, 127) : `line ${number}`;
}

function issueText(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join('.') || 'the entry'}: ${issue?.message ?? 'not valid'}`;
}

async function* lines(body: AsyncIterable<Uint8Array>, registry: string, url: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8');
  let pending = '';
  for await (const chunk of body) {
    const parts = (pending + decoder.decode(chunk, { stream: true })).split('\n');
    pending = parts.pop() ?? '';
    if (pending.length > LISTING_LIMITS.maxLine)
      throw invalid(registry, `${url}: a line is longer than ${LISTING_LIMITS.maxLine} characters`);
    for (const part of parts) if (part.trim() !== '') yield part;
  }
  if (pending.trim() !== '') yield pending;
}

async function* pages(source: ListingSource, signal: AbortSignal | undefined): AsyncGenerator<TemplateSummary[]> {
  let cursor: string | undefined;
  let count = 0;
  for (;;) {
    const more = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await source.page(`scope=local&sort=name&limit=100${more}`, signal);
    count += page.templates.length;
    if (count > LISTING_LIMITS.maxTemplates) throw tooMany(source.registry);
    yield page.templates;
    if (page.nextCursor === undefined) return;
    // A server that answers with the same place, or with nothing, would be asked for ever.
    if (page.nextCursor === cursor || page.templates.length === 0)
      throw invalid(source.registry, `Registry ${source.registry}: its search pages do not end`);
    cursor = page.nextCursor;
  }
}

function tooMany(registry: string): ChandleryError {
  return invalid(registry, `Registry ${registry} lists more than ${LISTING_LIMITS.maxTemplates} templates`);
}

function invalid(registry: string, message: string): ChandleryError {
  return new ChandleryError('registry_invalid', message, { registry });
}
