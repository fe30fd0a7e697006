import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { ChandleryError } from '../../domain/errors.ts';
import type { Listing, ListOptions, TemplateSummary } from '../../domain/registry.ts';
import { LIMITS, templateSummarySchema } from '../../domain/registry-schemas.ts';
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

/** A page of a search, whose entries are looked at one by one: a malformed one must not cost the others. */
export const listedPageSchema = z.object({
  templates: z.array(z.unknown()).max(LIMITS.page),
  nextCursor: z.string().max(LIMITS.text).exactOptional(),
});
export type ListedPage = z.infer<typeof listedPageSchema>;

/** What the listing needs of the registry it is of. */
export interface ListingSource {
  registry: string;
  /** Answers 200, 304, or 404 of a server without a catalog. */
  openCatalog(validator: string | undefined, signal: AbortSignal | undefined): Promise<GuardedResponse>;
  page(query: string, signal: AbortSignal | undefined): Promise<ListedPage>;
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
    return { unchanged: false, templates: pages(source, options) };
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
  let broken = 0;
  for await (const line of lines(body, source.registry, url)) {
    count += 1;
    if (count > LISTING_LIMITS.maxTemplates) throw tooMany(source.registry);
    const value = readLine(line, count, { url, registry: source.registry }, options);
    if (value === undefined) broken += 1;
    const template = value && readEntry(value.json, `line ${count}`, options);
    if (template) batch.push(template);
    if (batch.length < LISTING_LIMITS.batch) continue;
    yield batch;
    batch = [];
    // Chunks that have already arrived would follow each other without a turn for anybody else.
    await nextTurn();
  }
  // Taken as complete, such a list would remove what the registry really offers.
  if (broken > count - broken) throw invalid(source.registry, `${url}: ${broken} of ${count} lines are not JSON`);
  if (batch.length > 0) yield batch;
}

/** Undefined for a line that cannot be read, which then was told. Fails with registry_invalid where the text ends within one. */
function readLine(
  { text, isEnded }: Line,
  number: number,
  { url, registry }: { url: string; registry: string },
  { onProblem }: ListOptions,
): { json: unknown } | undefined {
  const where = `${url}, line ${number}`;
  try {
    return { json: parseJson(Buffer.from(text), { registry, url: where }) };
  } catch (error) {
    // After a line that stops in its middle there were more, most likely, and nobody knows how many.
    if (!isEnded || !(error instanceof ChandleryError) || error.code !== 'registry_invalid') throw error;
    onProblem?.({ subject: `line ${number}`, message: error.message.replace(`${where}: `, '') });
    return undefined;
  }
}

function readEntry(value: unknown, place: string, { onProblem }: ListOptions): TemplateSummary | undefined {
  const parsed = templateSummarySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  onProblem?.({ subject: nameOf(value) ?? place, message: issueText(parsed.error) });
  return undefined;
}

function nameOf(value: unknown): string | undefined {
  const name = (value as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? name.slice(0, 127) : undefined;
}

function issueText(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join('.') || 'the entry'}: ${issue?.message ?? 'not valid'}`;
}

interface Line {
  text: string;
  /** False for the last one where no line feed follows it. */
  isEnded: boolean;
}

async function* lines(body: AsyncIterable<Uint8Array>, registry: string, url: string): AsyncGenerator<Line> {
  const decoder = new TextDecoder('utf-8');
  let pending = '';
  for await (const chunk of body) {
    const parts = (pending + decoder.decode(chunk, { stream: true })).split('\n');
    pending = parts.pop() ?? '';
    if (pending.length > LISTING_LIMITS.maxLine)
      throw invalid(registry, `${url}: a line is longer than ${LISTING_LIMITS.maxLine} characters`);
    for (const text of parts) if (text.trim() !== '') yield { text, isEnded: true };
  }
  if (pending.trim() !== '') yield { text: pending, isEnded: false };
}

async function* pages(source: ListingSource, options: ListOptions): AsyncGenerator<TemplateSummary[]> {
  let cursor: string | undefined;
  let count = 0;
  for (;;) {
    const more = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await source.page(`scope=local&sort=name&limit=100${more}`, options.signal);
    const before = count;
    count += page.templates.length;
    if (count > LISTING_LIMITS.maxTemplates) throw tooMany(source.registry);
    const entries = page.templates.map((value, at) => readEntry(value, `entry ${before + at + 1}`, options));
    yield entries.filter((entry) => entry !== undefined);
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
