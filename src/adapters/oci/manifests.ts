import { createHash } from 'node:crypto';
import { isDigest } from '../../domain/digest.ts';
import { parseJson, readBytes } from '../http/body.ts';
import type { GuardedResponse } from '../http/guarded-client.ts';
import { imageSchema, indexSchema, type OciManifest } from './documents.ts';
import { ACCEPT_MANIFESTS, INDEX_TYPES, MANIFEST_TYPES, mediaTypeOf } from './media-types.ts';
import type { OciSession } from './session.ts';

/** Bytes; the specification's own limit for a manifest that registries must accept. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Answers of registries that know no HEAD. */
const NO_HEAD = [405, 501];

/** The token scope to read a repository. */
export function pullScope(repository: string): string {
  return `repository:${repository}:pull`;
}

/**
 * Reads what a tag or a digest names; undefined when there is nothing. Fails with digest_mismatch when the bytes are not the ones that
 * the digest asked for (or the registry's own header) names, with registry_invalid when they are no manifest.
 */
export async function readManifest(
  session: OciSession,
  repository: string,
  reference: string,
  signal?: AbortSignal,
): Promise<OciManifest | undefined> {
  const response = await ask(session, 'GET', repository, reference, signal);
  if (response.status === 404) {
    await response.discard();
    return undefined;
  }
  const mediaType = mediaTypeOf(response.headers['content-type']);
  if (!INDEX_TYPES.has(mediaType) && !MANIFEST_TYPES.has(mediaType)) {
    await response.discard();
    throw session.invalid(`${response.url}: ${wrongType(mediaType)}`);
  }
  const bytes = await readBytes(response.body);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const promised = isDigest(reference) ? reference : response.headers['docker-content-digest'];
  if (promised !== undefined && isDigest(promised) && promised !== digest)
    throw session.mismatch(`${response.url}: the manifest is ${digest}, not ${promised}`);
  const context = { url: response.url, registry: session.options.registry };
  return { digest, mediaType, size: bytes.length, ...parse(session, mediaType, parseJson(bytes, context), response.url) };
}

/** What a tag names at this moment, without reading it where the registry allows that; undefined when there is nothing. */
export async function resolveTag(
  session: OciSession,
  repository: string,
  tag: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const response = await ask(session, 'HEAD', repository, tag, signal);
  await response.discard();
  if (response.status === 404) return undefined;
  const digest = response.headers['docker-content-digest'];
  if (!NO_HEAD.includes(response.status) && digest !== undefined && isDigest(digest)) return digest;
  return (await readManifest(session, repository, tag, signal))?.digest;
}

function ask(
  session: OciSession,
  method: 'GET' | 'HEAD',
  repository: string,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<GuardedResponse> {
  return session.request({
    method,
    path: `/v2/${repository}/manifests/${reference}`,
    scope: pullScope(repository),
    headers: { accept: ACCEPT_MANIFESTS },
    accept: method === 'HEAD' ? [404, ...NO_HEAD] : [404],
    maxBytes: MAX_MANIFEST_BYTES,
    signal,
  });
}

function parse(session: OciSession, mediaType: string, value: unknown, url: string) {
  const isIndex = INDEX_TYPES.has(mediaType);
  const parsed = isIndex ? indexSchema.safeParse(value) : imageSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw session.invalid(`${url}: ${issue?.path.join('.') || 'the manifest'}: ${issue?.message ?? 'not valid'}`);
  }
  // One document read as two types is how a scanner is shown something else than the runtime (OCI image specification, 1.1).
  const own = parsed.data.mediaType;
  if (own !== undefined && own !== mediaType)
    throw session.invalid(`${url}: the manifest calls itself ${own.slice(0, 100)}, the registry calls it ${mediaType}`);
  return 'manifests' in parsed.data
    ? ({ kind: 'index', index: parsed.data } as const)
    : ({ kind: 'image', image: parsed.data } as const);
}

function wrongType(mediaType: string): string {
  if (mediaType.startsWith('application/vnd.docker.distribution.manifest.v1'))
    return 'an image of the first Docker format (schema 1), which is not read; push it again with a current tool';
  return `the content type is ${mediaType ? JSON.stringify(mediaType.slice(0, 100)) : 'missing'}, not a manifest's`;
}
