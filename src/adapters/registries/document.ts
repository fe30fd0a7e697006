import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ChandleryError } from '../../domain/errors.ts';
import type { RegistryConfig } from '../../domain/registries-config.ts';
import { readBytes } from '../http/body.ts';
import type { GuardedClient, GuardedResponse } from '../http/guarded-client.ts';

/** One text that a registry consists of, from http or from a file of this machine. */

export interface DocumentRequest {
  url: string;
  maxBytes: number;
  /** What the last reading gave. */
  validator?: string | undefined;
  /** Answer undefined instead of failing when there is nothing at the URL. */
  optional?: boolean;
  /** ms for the whole exchange */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
}

export interface FetchedDocument {
  bytes: Buffer;
  /** Names these bytes; to be given back. */
  validator: string;
}

export interface DocumentReader {
  /** Fails as the guarded client does. Content types are not looked at: raw hosts say text/plain. */
  read(request: DocumentRequest): Promise<FetchedDocument | 'unchanged' | undefined>;
}

/** Reads documents of one registry with its credential. */
export function createDocumentReader(
  config: Pick<RegistryConfig, 'name' | 'credentials'>,
  client: GuardedClient,
): DocumentReader {
  return {
    async read(request) {
      request.signal?.throwIfAborted();
      const isFile = request.url.startsWith('file:');
      const found = isFile ? await readFile(request, config.name) : await readHttp(request, config, client);
      if (found === undefined || found === 'unchanged') return found;
      const hash = `sha256:${createHash('sha256').update(found.bytes).digest('hex')}`;
      // A registry without validators is asked in full; that nothing changed is still worth knowing.
      if (request.validator?.endsWith(hash)) return 'unchanged';
      return { bytes: found.bytes, validator: `${found.validator}${hash}` };
    },
  };
}

interface Found {
  bytes: Buffer;
  /** `etag <value>`, `date <value>` or empty; a line of its own before the hash */
  validator: string;
}

async function readHttp(
  request: DocumentRequest,
  config: Pick<RegistryConfig, 'name' | 'credentials'>,
  client: GuardedClient,
): Promise<Found | 'unchanged' | undefined> {
  const conditions = conditionsOf(request.validator);
  const response = await client.request({
    url: request.url,
    registry: config.name,
    credentials: config.credentials,
    headers: { accept: 'application/json, application/yaml, text/plain, */*;q=0.5', ...conditions },
    maxBytes: request.maxBytes,
    signal: request.signal,
    ...(request.timeoutMs !== undefined && { timeoutMs: request.timeoutMs }),
    accept: [...(Object.keys(conditions).length > 0 ? [304] : []), ...(request.optional ? [404, 410] : [])],
  });
  if (response.status === 304 || response.status >= 400) {
    await response.discard();
    return response.status === 304 ? 'unchanged' : undefined;
  }
  return { bytes: await readBytes(response.body), validator: validatorOf(response) };
}

function conditionsOf(validator: string | undefined): Record<string, string> {
  const [, kind, value = ''] = /^(etag|date) (.*)\n/.exec(validator ?? '') ?? [];
  if (kind === undefined) return {};
  return kind === 'etag' ? { 'if-none-match': value } : { 'if-modified-since': value };
}

function validatorOf({ headers }: GuardedResponse): string {
  const { etag, 'last-modified': date } = headers;
  if (etag) return `etag ${etag}\n`;
  return date ? `date ${date}\n` : '';
}

async function readFile({ url, maxBytes, optional }: DocumentRequest, registry: string): Promise<Found | undefined> {
  const path = fileURLToPath(url);
  try {
    // O_NONBLOCK: opening a pipe must not wait for its writer.
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw new ChandleryError('registry_unavailable', `${path} is not a file`, { registry });
      const bytes = Buffer.alloc(Math.min(stats.size, maxBytes) + 1);
      const length = await readAll(handle, bytes);
      if (length > maxBytes) throw new ChandleryError('too_large', `${path} is larger than ${maxBytes} bytes`, { registry });
      return { bytes: bytes.subarray(0, length), validator: '' };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof ChandleryError) throw error;
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    if (optional && (code === 'ENOENT' || code === 'ENOTDIR')) return undefined;
    throw new ChandleryError('registry_unavailable', `${path} cannot be read: ${code}`, { registry }, { cause: error });
  }
}

/** Fills the buffer as far as the file goes. Answers the bytes read. */
async function readAll(handle: Awaited<ReturnType<typeof open>>, into: Buffer): Promise<number> {
  let length = 0;
  while (length < into.length) {
    const { bytesRead } = await handle.read(into, length, into.length - length, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return length;
}

/** Fails with registry_invalid when the bytes are not UTF-8. */
export function decodeText(bytes: Uint8Array, url: string, registry: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ChandleryError('registry_invalid', `${new URL(url).pathname}: is not UTF-8 text`, { registry });
  }
}
