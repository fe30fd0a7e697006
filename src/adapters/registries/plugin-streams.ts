import { isUint8Array } from 'node:util/types';
import { z } from 'zod';
import { DEFAULT_ARCHIVE_LIMITS } from '../../domain/archive.ts';
import { isDigest } from '../../domain/digest.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { ArchiveRange, ArchiveStream, Listing, ListOptions, TemplateSummary } from '../../domain/registry.ts';
import { LIMITS, templateSummarySchema } from '../../domain/registry-schemas.ts';
import type { PluginCalls } from './plugin-calls.ts';

/** What a plugin gives in pieces: its listing and its archives. */

/** Templates of one plugin. */
const MAX_TEMPLATES = 200_000;
/** Templates that one piece of a listing may hold. */
const MAX_BATCH = 500;

export interface PluginSource {
  calls: PluginCalls;
  config: RegistryConfig;
  /** The names are ours to give. */
  ours: (summary: TemplateSummary) => TemplateSummary;
}

const listingSchema = z.union([
  z.object({ unchanged: z.literal(true) }),
  z.object({
    unchanged: z.literal(false).exactOptional(),
    validator: z.string().max(LIMITS.text).exactOptional(),
    templates: z.unknown(),
  }),
]);

/** Everything it offers: by its own list, or page by page through its search. Entries that are none go to onProblem. */
export async function listOf(source: PluginSource, options: ListOptions = {}): Promise<Listing> {
  const { calls } = source;
  const methods = await calls.load();
  if (!methods.has('list')) return { unchanged: false, templates: usable(source, pages(source, options.signal), options) };
  const { validator, signal } = options;
  const asked = { ...(validator !== undefined && { validator }) };
  const parsed = listingSchema.safeParse(await calls.call('list', [asked], signal));
  if (!parsed.success) throw calls.invalid('list: the answer is no listing');
  if (parsed.data.unchanged === true) return { unchanged: true };
  const { templates, validator: next } = parsed.data;
  const batches = Array.isArray(templates) ? [templates] : calls.stream(templates, signal);
  return { unchanged: false, ...(next !== undefined && { validator: next }), templates: usable(source, batches, options) };
}

const pageSchema = z.object({
  templates: z.array(z.unknown()).max(MAX_BATCH),
  nextCursor: z.string().max(LIMITS.text).nullish(),
});

async function* pages({ calls }: PluginSource, signal: AbortSignal | undefined): AsyncGenerator<unknown[], void, undefined> {
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const filter = { sort: 'name', limit: LIMITS.page, ...(cursor !== undefined && { cursor }) };
    const parsed = pageSchema.safeParse(await calls.call('search', [filter], signal));
    if (!parsed.success) throw calls.invalid('search: the answer is no page');
    yield parsed.data.templates;
    cursor = parsed.data.nextCursor ?? undefined;
    // A plugin that goes round in a circle would be asked for ever.
    if (cursor !== undefined && (seen.has(cursor) || parsed.data.templates.length === 0))
      throw calls.invalid('search: its pages do not end');
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
}

async function* usable(
  source: PluginSource,
  batches: Iterable<unknown> | AsyncIterable<unknown>,
  { onProblem, signal }: ListOptions,
): AsyncGenerator<TemplateSummary[], void, undefined> {
  const names = new Set<string>();
  for await (const batch of batches) {
    signal?.throwIfAborted();
    if (!Array.isArray(batch)) throw source.calls.invalid('list: a batch is no list');
    for (let from = 0; from < batch.length; from += MAX_BATCH) {
      const templates: TemplateSummary[] = [];
      for (const value of batch.slice(from, from + MAX_BATCH)) {
        const parsed = templateSummarySchema.safeParse({
          ...(value as object),
          registry: source.config.name,
          registryType: source.config.type,
        });
        const problem = parsed.success ? (names.has(parsed.data.name) ? 'is listed twice' : undefined) : issueOf(parsed.error);
        if (parsed.success && problem === undefined) {
          names.add(parsed.data.name);
          templates.push(source.ours(parsed.data));
        } else onProblem?.({ subject: nameOf(value), message: problem ?? '' });
      }
      if (names.size > MAX_TEMPLATES) throw source.calls.invalid(`list: more than ${MAX_TEMPLATES} templates`);
      yield templates;
    }
  }
}

function nameOf(value: unknown): string {
  const name = (value as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? `template ${JSON.stringify(name.slice(0, 100))}` : 'a template without a name';
}

function issueOf(error: z.ZodError): string {
  const [issue] = error.issues;
  return `${issue?.path.join('.') || 'the entry'}: ${issue?.message ?? 'not valid'}`;
}

const archiveSchema = z.object({
  offset: z.int().nonnegative().default(0),
  size: z.int().nonnegative().max(DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes).exactOptional(),
  digest: z.string().refine(isDigest, 'not a sha256 digest').exactOptional(),
  mediaType: z.enum(['application/x-tar', 'application/gzip']).exactOptional(),
  body: z.unknown(),
});

/** Fails with registry_invalid where the plugin has no archives, or gives something else. */
export async function openArchiveOf(
  calls: PluginCalls,
  template: string,
  version: string,
  { signal, ...range }: ArchiveRange = {},
): Promise<ArchiveStream> {
  const methods = await calls.load();
  if (!methods.has('openArchive')) throw calls.invalid('it has no openArchive: its templates can be looked at, not installed');
  const parsed = archiveSchema.safeParse(await calls.call('openArchive', [template, version, range], signal));
  if (!parsed.success) throw calls.invalid('openArchive: the answer is no archive');
  const { body, ...archive } = parsed.data;
  if (archive.offset !== 0 && archive.offset !== range.offset)
    throw calls.invalid('openArchive: it begins at another byte than asked');
  return { ...archive, body: isUint8Array(body) ? pieces(calls, [body]) : pieces(calls, calls.stream(body, signal)) };
}

async function* pieces(
  calls: PluginCalls,
  source: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let seen = 0;
  for await (const piece of source) {
    if (!isUint8Array(piece)) throw calls.invalid('openArchive: a piece of the archive is not bytes');
    seen += piece.length;
    if (seen > DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes)
      throw calls.invalid(`openArchive: more than ${DEFAULT_ARCHIVE_LIMITS.maxArchiveBytes} bytes`);
    yield piece;
  }
}
