import { createHash } from 'node:crypto';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import type { GuardedClient, GuardedResponse } from '../http/guarded-client.ts';
import { HelmIndex, Turns } from './helm-index.ts';
import { JsonIndexSplitter } from './helm-index-json.ts';
import { HELM_INDEX_LIMITS, type IndexSplitter } from './helm-index-parts.ts';
import { YamlIndexSplitter } from './helm-index-yaml.ts';

/** An index and what names it. */
export interface FetchedIndex {
  index: HelmIndex;
  /** `<sha256 of the text> <etag or last-modified header>`; opaque to everybody else */
  validator: string;
}

/** Whether two validators name the same text, whatever the server calls it. */
export function isSameIndex(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && b !== undefined && a.split(' ')[0] === b.split(' ')[0];
}

/** Characters handed to a splitter at once: about a millisecond of work. */
const PIECE_LENGTH = 128 * 1024;

/**
 * Fetches `<url>/index.yaml` on the condition that it changed. Blocks that `before` has already are taken over from it. Fails as the
 * guarded client does, and with registry_invalid for what is no index.
 */
export async function fetchHelmIndex(
  config: RegistryConfig,
  client: GuardedClient,
  known: { validator?: string | undefined; before?: HelmIndex | undefined; signal?: AbortSignal | undefined },
): Promise<FetchedIndex | 'unchanged'> {
  const response = await client.request({
    url: `${config.url}/index.yaml`,
    registry: config.name,
    credentials: config.credentials,
    headers: {
      accept: 'application/yaml, application/x-yaml, text/yaml, text/plain, application/json, */*;q=0.5',
      ...conditionsOf(known.validator),
    },
    maxBytes: HELM_INDEX_LIMITS.maxBytes,
    timeoutMs: HELM_INDEX_LIMITS.timeoutMs,
    signal: known.signal,
    accept: [304],
  });
  if (response.status === 304) {
    await response.discard();
    if (known.validator !== undefined) return 'unchanged';
    throw invalid(config, response, 'answered "not modified" to a request without a condition');
  }
  await refusePage(config, response);
  const { index, hash } = await readIndex(config, response, known.before);
  // A server without validators is asked in full; that nothing changed is still worth knowing.
  if (isSameIndex(known.validator, hash)) return 'unchanged';
  const { etag, 'last-modified': modified } = response.headers;
  return { index, validator: `${hash} ${etag ? `etag ${etag}` : modified ? `date ${modified}` : ''}` };
}

function conditionsOf(validator: string | undefined): Record<string, string> {
  const [, kind, value = ''] = /^\S+ (etag|date) (.+)$/.exec(validator ?? '') ?? [];
  if (kind === undefined) return {};
  return kind === 'etag' ? { 'if-none-match': value } : { 'if-modified-since': value };
}

/** Repositories serve their index under a dozen content types; a web page or a picture is none of them. */
async function refusePage(config: RegistryConfig, response: GuardedResponse): Promise<void> {
  const type = (response.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (!/^(text\/html|application\/xhtml\+xml|image\/|video\/|audio\/)/.test(type)) return;
  await response.discard();
  throw invalid(
    config,
    response,
    `the content type is ${JSON.stringify(type.slice(0, 100))}: not the index of a Helm repository`,
  );
}

async function readIndex(config: RegistryConfig, response: GuardedResponse, before: HelmIndex | undefined) {
  const index = new HelmIndex();
  const turns = new Turns();
  const hash = createHash('sha256');
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let splitter: IndexSplitter | undefined;
  const feed = async (text: string) => {
    if (splitter === undefined && text.trim() === '') return;
    splitter ??= text.trimStart().startsWith('{') ? new JsonIndexSplitter() : new YamlIndexSplitter();
    for (let at = 0; at < text.length; at += PIECE_LENGTH) {
      splitter.push(text.slice(at, at + PIECE_LENGTH));
      for (const block of splitter.take()) await index.add(block, before, turns);
      await turns.next();
    }
  };
  try {
    for await (const chunk of response.body) {
      hash.update(chunk);
      await feed(decode(decoder, chunk));
    }
    await feed(decode(decoder));
    if (splitter === undefined) throw new ChandleryError('registry_invalid', 'it is empty');
    splitter.end();
    for (const block of splitter.take()) await index.add(block, before, turns);
    index.generated = splitter.generated;
    return { index, hash: hash.digest('hex') };
  } catch (error) {
    // Failures of the transfer name the registry; those of the reading do not know it.
    if (error instanceof ChandleryError && error.code === 'registry_invalid' && error.details.registry === undefined)
      throw invalid(config, response, error.message);
    throw error;
  }
}

function decode(decoder: InstanceType<typeof TextDecoder>, chunk?: Uint8Array): string {
  try {
    return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
  } catch {
    throw new ChandleryError('registry_invalid', 'it is not UTF-8 text');
  }
}

function invalid({ name }: RegistryConfig, { url }: GuardedResponse, message: string): ChandleryError {
  return new ChandleryError('registry_invalid', `${url}: ${message}`, { registry: name });
}
