import { isDigest } from '../../domain/digest.ts';
import type { ChandleryError } from '../../domain/errors.ts';
import type { ArchiveRange, ArchiveStream } from '../../domain/registry.ts';
import type { GuardedResponse } from '../http/guarded-client.ts';

type Open = (headers: Record<string, string>) => Promise<GuardedResponse>;
type Fail = (message: string) => ChandleryError;

/**
 * Opens an archive at an offset. With If-Range the server sends the rest only if it is the rest of the same bytes; otherwise it
 * sends all of them (200), and the offset answered is 0.
 */
export async function openHttpArchive(open: Open, range: ArchiveRange, fail: Fail): Promise<ArchiveStream> {
  const offset = range.offset ?? 0;
  const headers = { accept: 'application/x-tar, application/gzip, application/octet-stream' };
  if (offset === 0) return whole(await open(headers));
  const ifRange: Record<string, string> = range.digest === undefined ? {} : { 'if-range': `"${range.digest}"` };
  const response = await open({ ...headers, range: `bytes=${offset}-`, ...ifRange });
  if (response.status === 206) return await partial(response, offset, fail);
  if (response.status !== 416) return whole(response);
  await response.discard();
  // 416 also answers the request for the rest when nothing is left; anything else means that other bytes lie there now.
  const total = /^bytes \*\/(\d+)$/.exec(response.headers['content-range'] ?? '')?.[1];
  return Number(total) === offset ? { offset, size: offset, body: nothing() } : whole(await openWhole(open, headers, fail));
}

async function openWhole(open: Open, headers: Record<string, string>, fail: Fail): Promise<GuardedResponse> {
  const response = await open(headers);
  if (response.status === 200) return response;
  await response.discard();
  throw fail(`${response.url} answered ${response.status} to a request for the whole archive`);
}

function whole(response: GuardedResponse): ArchiveStream {
  const digest = digestOfEtag(response.headers.etag);
  return {
    offset: 0,
    ...(response.size === undefined ? {} : { size: response.size }),
    ...(digest ? { digest } : {}),
    body: response.body,
  };
}

async function partial(response: GuardedResponse, offset: number, fail: Fail): Promise<ArchiveStream> {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '') ?? [];
  const isRest = Number(first) === offset && (total === '*' || Number(last) === Number(total) - 1);
  const isAnnounced = response.size === undefined || response.size === Number(last) - offset + 1;
  if (!isRest || !isAnnounced) {
    await response.discard();
    throw fail(`${response.url} answered another range than the one asked for (bytes=${offset}-)`);
  }
  const digest = digestOfEtag(response.headers.etag);
  return { offset, ...(total === '*' ? {} : { size: Number(total) }), ...(digest ? { digest } : {}), body: response.body };
}

/** The digest a registry names for an archive, where its ETag is one. */
function digestOfEtag(etag: string | undefined): string | undefined {
  const text = /^"([^"]+)"$/.exec(etag ?? '')?.[1];
  return text !== undefined && isDigest(text) ? text : undefined;
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {}
