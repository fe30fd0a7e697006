import { ChandleryError } from '../../domain/errors.ts';
import { MAX_BUNDLE_BYTES, MAX_SIGNATURES, type SignatureDocument } from '../../domain/signature.ts';
import type { OciClient } from './client.ts';
import type { Descriptor } from './documents.ts';

/** Signatures of what a registry holds: bundles by the referrers API first (cosign 3), the tag `sha256-<hex>.sig` second (cosign 2). */

const BUNDLE_TYPE = /^application\/vnd\.dev\.sigstore\.bundle(?:\+json;version=0\.\d|\.v0\.\d+\+json)$/;
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';
const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
/** Bytes of a simple-signing payload; a usual one has 250. */
const MAX_PAYLOAD_BYTES = 64 * 1024;
const MAX_ORIGIN_LENGTH = 300;

/**
 * What there is, one after the other, since the first good one ends the search. Bytes are checked against their digests only: what they say is the verifier's. Fails as the client does; a reference
 * that does not lead to a bundle of this digest is passed over.
 */
export async function* readSignatures(
  client: OciClient,
  repository: string,
  digest: string,
  signal?: AbortSignal,
): AsyncGenerator<SignatureDocument, void, undefined> {
  yield* bundles(client, repository, digest, signal);
  yield* tagged(client, repository, digest, signal);
}

async function* bundles(
  client: OciClient,
  repository: string,
  digest: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<SignatureDocument, void, undefined> {
  const referrers = await client.referrers(repository, digest, undefined, signal);
  // One more than is looked at, so that the verifier can say that there were more.
  for (const { digest: reference } of referrers.filter(mayBeBundle).slice(0, MAX_SIGNATURES + 1)) {
    const bytes = await readBundle(client, repository, { reference, digest }, signal);
    if (bytes) yield { form: 'bundle', origin: originOf(repository, reference), bytes };
  }
}

/** Undefined for what is no bundle of this digest; nothing for one that cannot be had, which is refused: it must not hide the others. */
async function readBundle(
  client: OciClient,
  repository: string,
  { reference, digest }: { reference: string; digest: string },
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  try {
    const manifest = await client.manifest(repository, reference, signal);
    if (manifest?.kind !== 'image' || manifest.image.subject?.digest !== digest) return undefined;
    const [layer, ...others] = manifest.image.layers;
    if (!layer || others.length > 0 || !BUNDLE_TYPE.test(layer.mediaType) || layer.size > MAX_BUNDLE_BYTES) return undefined;
    return await client.readBlob(repository, layer, MAX_BUNDLE_BYTES, signal);
  } catch (error) {
    if (error instanceof ChandleryError && !error.retryable) return new Uint8Array();
    throw error;
  }
}

/** Some registries list an artifact by the type of its configuration, which a bundle leaves empty; what it is then says its manifest. */
function mayBeBundle({ artifactType }: Descriptor): boolean {
  return artifactType === undefined || artifactType === EMPTY_TYPE || BUNDLE_TYPE.test(artifactType);
}

async function* tagged(
  client: OciClient,
  repository: string,
  digest: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<SignatureDocument, void, undefined> {
  const tag = `${digest.replace(':', '-')}.sig`;
  const manifest = await client.manifest(repository, tag, signal);
  if (manifest?.kind !== 'image') return;
  const layers = manifest.image.layers.filter(({ mediaType, size }) => mediaType === SIMPLE_SIGNING && size <= MAX_PAYLOAD_BYTES);
  for (const layer of layers.slice(0, MAX_SIGNATURES + 1)) {
    const payload = await client.readBlob(repository, layer, MAX_PAYLOAD_BYTES, signal);
    yield { form: 'cosign', origin: originOf(repository, tag), payload, annotations: layer.annotations ?? {} };
  }
}

function originOf(repository: string, reference: string): string {
  return `${repository}${reference.includes(':') ? '@' : ':'}${reference}`.slice(0, MAX_ORIGIN_LENGTH);
}
