import { ChandleryError } from '../../domain/errors.ts';
import type { ImageAttestation, ImageAttestations } from '../../domain/vulnerabilities/attestation.ts';
import type { OciClient } from './client.ts';
import type { Descriptor, OciManifest } from './documents.ts';
import { type OpenImageRegistry, parseImage } from './image-reference.ts';

/**
 * Attestations of images: by the referrers API, by the tag `sha256-<hex>.att` (cosign 2), and inside the index of the image (BuildKit).
 * What they say, and of which digest, is for the reader to check.
 */

export interface ImageAttestationOptions {
  open: OpenImageRegistry<OciClient>;
}

/** An SBOM of a large image; more is refused, bytes. */
const MAX_ATTESTATION_BYTES = 32 * 1024 * 1024;
/** Attestations of one image that are read; usual are a handful. */
const MAX_ATTESTATIONS = 20;
/** Things that refer to one image that are looked at: signatures are among them. */
const MAX_REFERRERS = 50;
const ATTESTATION_TYPES = new Set(['application/vnd.in-toto+json', 'application/vnd.dsse.envelope.v1+json']);
const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle\b/;
const IN_INDEX = { type: 'vnd.docker.reference.type', digest: 'vnd.docker.reference.digest', value: 'attestation-manifest' };

export function createImageAttestations({ open }: ImageAttestationOptions): ImageAttestations {
  return {
    async read(image, signal) {
      const { place, tag, digest } = parseImage(image);
      const client = await open(place);
      if (!client) return undefined;
      const { repository } = place;
      const manifest = await client.manifest(repository, digest ?? tag, signal);
      if (!manifest) throw new ChandleryError('not_found', `the registry ${place.host} has no image ${image}`);
      const found: ImageAttestation[] = [];
      for await (const one of all(client, repository, manifest, signal)) {
        if (found.length >= MAX_ATTESTATIONS) break;
        found.push(one);
      }
      return found;
    },
  };
}

async function* all(client: OciClient, repository: string, manifest: OciManifest, signal: AbortSignal | undefined) {
  const read = (reference: string, digest: string) => layersOf(client, repository, reference, digest, signal);
  const { digest } = manifest;
  const referrers = await client.referrers(repository, digest, undefined, signal);
  // Some registries list the type of the config as that of the artifact, so only the layers tell what it is.
  for (const referrer of referrers.slice(0, MAX_REFERRERS)) yield* read(referrer.digest, digest);
  yield* read(`${digest.replace(':', '-')}.att`, digest);
  if (manifest.kind !== 'index') return;
  for (const { digest: inner, annotations } of manifest.index.manifests) {
    const about = annotations?.[IN_INDEX.digest];
    // It speaks of the image for one platform, which the index names.
    if (annotations?.[IN_INDEX.type] !== IN_INDEX.value || !manifest.index.manifests.some((one) => one.digest === about))
      continue;
    if (about !== undefined) yield* read(inner, about);
  }
}

async function* layersOf(
  client: OciClient,
  repository: string,
  reference: string,
  digest: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ImageAttestation> {
  const manifest = await client.manifest(repository, reference, signal);
  if (manifest?.kind !== 'image') return;
  for (const layer of manifest.image.layers
    .filter(({ mediaType }: Descriptor) => isAttestation(mediaType))
    .slice(0, MAX_ATTESTATIONS)) {
    const bytes = await client.readBlob(repository, layer, MAX_ATTESTATION_BYTES, signal);
    yield { digest, text: bytes.toString('utf8') };
  }
}

function isAttestation(type: string): boolean {
  return ATTESTATION_TYPES.has(type) || BUNDLE.test(type);
}
