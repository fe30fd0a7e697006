import { parseJson, readBytes } from '../http/body.ts';
import { type Descriptor, type ImageIndex, indexSchema } from './documents.ts';
import { MAX_MANIFEST_BYTES, pullScope, readManifest } from './manifests.ts';
import { mediaTypeOf, OCI_INDEX } from './media-types.ts';
import { nextLink } from './pages.ts';
import type { OciSession } from './session.ts';

/** Pages of referrers that are read; signatures of one artifact fill one. */
const MAX_PAGES = 100;

/**
 * What refers to a digest (signatures, attestations): by the referrers API, or by the tag scheme `sha256-<hex>` where the registry does
 * not have it (OCI distribution 1.1, "Unavailable Referrers API"). Empty when there is nothing.
 */
export async function readReferrers(
  session: OciSession,
  repository: string,
  digest: string,
  artifactType?: string,
  signal?: AbortSignal,
): Promise<Descriptor[]> {
  const found =
    (await fromApi(session, repository, digest, artifactType, signal)) ?? (await fromTag(session, repository, digest, signal));
  // A registry may ignore the filter, and the tag scheme has none.
  return artifactType === undefined ? found : found.filter((referrer) => referrer.artifactType === artifactType);
}

async function fromApi(
  session: OciSession,
  repository: string,
  digest: string,
  artifactType: string | undefined,
  signal: AbortSignal | undefined,
): Promise<Descriptor[] | undefined> {
  const base = `/v2/${repository}/referrers/${digest}`;
  const found: Descriptor[] = [];
  let path: string | undefined = artifactType === undefined ? base : `${base}?artifactType=${encodeURIComponent(artifactType)}`;
  for (let page = 0; path !== undefined && page < MAX_PAGES; page += 1) {
    const response = await session.request({
      path,
      scope: pullScope(repository),
      headers: { accept: OCI_INDEX },
      accept: [404, 405],
      maxBytes: MAX_MANIFEST_BYTES,
      signal,
    });
    if (response.status >= 400 || mediaTypeOf(response.headers['content-type']) !== OCI_INDEX) {
      await response.discard();
      return undefined;
    }
    const context = { url: response.url, registry: session.options.registry };
    const parsed = indexSchema.safeParse(parseJson(await readBytes(response.body), context));
    if (!parsed.success) throw session.invalid(`${response.url}: the answer is not an index of referrers`);
    found.push(...parsed.data.manifests);
    path = nextLink(session, response.headers.link, base);
  }
  return found;
}

async function fromTag(
  session: OciSession,
  repository: string,
  digest: string,
  signal: AbortSignal | undefined,
): Promise<Descriptor[]> {
  const manifest = await readManifest(session, repository, digest.replace(':', '-'), signal);
  const index: ImageIndex | undefined = manifest?.kind === 'index' ? manifest.index : undefined;
  return index?.manifests ?? [];
}
