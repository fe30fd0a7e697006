import { ChandleryError } from '../../domain/errors.ts';
import type { ImageSignature, ImageSignatures } from '../../domain/image-signatures.ts';
import type { SignatureVerifier } from '../../domain/signature.ts';
import type { OciClient } from './client.ts';
import { type OpenImageRegistry, parseImage } from './image-reference.ts';
import { readSignatures } from './signatures.ts';

export interface ImageSignatureOptions {
  open: OpenImageRegistry<OciClient>;
  verifier: SignatureVerifier;
}

/** cosign's signatures of images, by digest: a tag may mean another image tomorrow, so the signature of today's says nothing. */
export function createImageSignatures({ open, verifier }: ImageSignatureOptions): ImageSignatures {
  return {
    async find(image, requirement, signal): Promise<ImageSignature> {
      const parsed = placeOf(image);
      if (!parsed) return { unknown: 'it is no image reference' };
      const { place, digest } = parsed;
      if (digest === undefined) return { unknown: 'it is not named by its digest, so another image may take its place' };
      const client = await open(place);
      if (!client) return { unknown: `${place.host} is the host of no OCI registry that is configured here` };
      const documents = readSignatures(client, place.repository, digest, signal);
      return { verdict: await verifier.verify({ digest }, documents, requirement) };
    },
  };
}

function placeOf(image: string): ReturnType<typeof parseImage> | undefined {
  try {
    return parseImage(image);
  } catch (error) {
    if (error instanceof ChandleryError && error.code === 'template_invalid') return undefined;
    throw error;
  }
}
