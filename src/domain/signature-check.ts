import type { BlobStore } from './blob-store.ts';
import { ChandleryError } from './errors.ts';
import { findRegistry } from './find-registry.ts';
import type { RegistrySet } from './registry.ts';
import type { SignatureRequirement, SignatureVerdict, SignatureVerifier } from './signature.ts';
import { verdictOf } from './signature.ts';

/** Asks the registry of a fetched archive for its signatures, and the verifier what they are worth. */

export interface SignatureCheckDeps {
  registries: Pick<RegistrySet, 'get' | 'reload'>;
  blobs: Pick<BlobStore, 'read'>;
  verifier: SignatureVerifier;
}

export interface FetchedArchive {
  registry: string;
  name: string;
  version: string;
  /** `sha256:<hex>` of the archive, as locked and as stored */
  digest: string;
}

export type SignatureCheck = (
  archive: FetchedArchive,
  requirement: SignatureRequirement,
  signal?: AbortSignal,
) => Promise<SignatureVerdict>;

/**
 * Fails with digest_mismatch when the registry has meanwhile another archive under this version: its signatures say nothing of ours. Also
 * fails as the registry and the store do; a signature that does not hold is an answer.
 */
export function createSignatureCheck({ registries, blobs, verifier }: SignatureCheckDeps): SignatureCheck {
  return async ({ registry, name, version, digest }, requirement, signal) => {
    const plugin = await findRegistry(registries, registry);
    const set = await plugin.signatures?.(name, version, signal);
    if (!set) return verdictOf([], []);
    if (set.archive !== digest) {
      throw new ChandleryError(
        'digest_mismatch',
        `${registry} has signatures of ${set.archive} for ${name}@${version}, and ${digest} was fetched`,
        { registry, template: `${name}@${version}` },
      );
    }
    // Of anything else than the archive only the digest is at hand; the registry has held its bytes against that.
    const isArchive = set.subject === digest;
    const subject = { digest: set.subject, ...(isArchive && { read: () => blobs.read(digest) }) };
    return verifier.verify(subject, set.documents, requirement);
  };
}
