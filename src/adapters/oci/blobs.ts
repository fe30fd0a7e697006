import { createHash } from 'node:crypto';
import { ChandleryError } from '../../domain/errors.ts';
import type { ArchiveStream } from '../../domain/registry.ts';
import { readBytes } from '../http/body.ts';
import type { GuardedResponse } from '../http/guarded-client.ts';
import type { Descriptor } from './documents.ts';
import { pullScope } from './manifests.ts';
import type { OciSession } from './session.ts';

/** ms for a whole blob; whoever stores it has shorter limits and resumes */
const BLOB_TIMEOUT_MS = 30 * 60 * 1000;

/** bytes of an answer that says that there is no such blob */
const MAX_WORDS_BYTES = 16 * 1024;

export interface BlobOptions {
  /** First byte wanted. */
  offset?: number | undefined;
  maxBytes: number;
  signal?: AbortSignal | undefined;
}

/**
 * Streams a blob from an offset (0 is answered where the registry has no ranges). The digest is the caller's to check: only the whole
 * is what it names. Fails with too_large, registry_invalid for a blob that is not there or another range than the one asked for.
 */
export async function openBlob(
  session: OciSession,
  repository: string,
  blob: Pick<Descriptor, 'digest' | 'size'>,
  { offset = 0, maxBytes, signal }: BlobOptions,
): Promise<ArchiveStream> {
  const base = { size: blob.size, digest: blob.digest };
  if (blob.size > maxBytes)
    throw new ChandleryError(
      'too_large',
      `${repository}: the blob ${blob.digest} has ${blob.size} bytes, at most ${maxBytes} are allowed`,
      {
        registry: session.options.registry,
      },
    );
  // Nothing is left to ask for, and a range past the end is an error.
  if (offset > 0 && offset === blob.size) return { ...base, offset, body: nothing() };
  const response = await askFrom(session, repository, blob, offset, signal);
  const start = startOf(response, offset, blob.size);
  if (start === 0 && response.size !== undefined && response.size !== blob.size) {
    await response.discard();
    throw session.mismatch(`${response.url} has ${response.size} bytes, not the ${blob.size} that a manifest promised`);
  }
  if (start !== undefined) return { ...base, offset: start, body: response.body };
  await response.discard();
  if (response.status === 404)
    throw session.invalid(`${response.url}: the registry does not have this blob, though a manifest names it`);
  throw session.invalid(`${response.url} answered another range than the one asked for (from byte ${offset})`);
}

async function askFrom(
  session: OciSession,
  repository: string,
  { digest, size }: Pick<Descriptor, 'digest' | 'size'>,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<GuardedResponse> {
  const request = {
    path: `/v2/${repository}/blobs/${digest}`,
    scope: pullScope(repository),
    // What a manifest promises is all that may come, or a short word why it does not.
    maxBytes: Math.max(size, MAX_WORDS_BYTES),
    timeoutMs: BLOB_TIMEOUT_MS,
    signal,
  };
  if (offset === 0) return session.request({ ...request, accept: [404] });
  // With its last byte: some registries read no other form.
  const range = `bytes=${offset}-${size - 1}`;
  const response = await session.request({ ...request, headers: { range }, accept: [404, 416] });
  if (response.status !== 416) return response;
  await response.discard();
  return session.request({ ...request, accept: [404] });
}

/** Where the body begins; undefined when it is not what was asked for. */
function startOf(response: GuardedResponse, offset: number, size: number): number | undefined {
  if (response.status === 200) return 0;
  if (response.status !== 206) return undefined;
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '') ?? [];
  const isRest = Number(first) === offset && Number(last) === size - 1 && (total === '*' || Number(total) === size);
  return isRest ? offset : undefined;
}

/** A whole small blob, checked against its descriptor. Fails with too_large or digest_mismatch. */
export async function readBlob(
  session: OciSession,
  repository: string,
  blob: Pick<Descriptor, 'digest' | 'size'>,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Buffer> {
  const { body } = await openBlob(session, repository, blob, { maxBytes, signal });
  const bytes = await readBytes(body);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if (digest === blob.digest) return bytes;
  throw session.mismatch(`${repository}: the blob ${blob.digest} is really ${digest} (${bytes.length} of ${blob.size} bytes)`);
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
